//! `use_vmac` and what belongs to it.

use crate::model::{Family, VirtualAddress, VirtualInterface, VirtualMac, Vrid, VrrpInstance};
use crate::tree::Word;
use crate::value::integer;

use super::super::global::Defaults;
use super::super::{Context, address};
use super::Reader;

/// What may follow `use_vmac`.
#[derive(Default)]
struct Words {
    name: Option<String>,
    address: Option<[u8; 6]>,
}

impl Reader<'_, '_> {
    /// The virtual MAC, whose interface has no name yet if none was given.
    pub(super) fn virtual_mac(
        &self,
        family: Family,
        vrid: Option<Vrid>,
        unicast: bool,
        context: &mut Context<'_>,
    ) -> Option<VirtualMac> {
        let inside = self.inside();
        let xmit_base = inside.get("vmac_xmit_base");
        let Some(entry) = inside.get("use_vmac") else {
            if let Some(entry) = xmit_base {
                context
                    .warning(entry.span(), "`vmac_xmit_base` has no effect without `use_vmac`")
                    .label("ignored, as keepalived does");
            }
            return None;
        };
        let vrid = vrid?.get();
        let words = self.words(&entry.statement.arguments, vrid, context)?;
        if unicast && xmit_base.is_none() {
            context
                .note(entry.span(), "advertisements to unicast peers leave by the interface itself")
                .label("as if `vmac_xmit_base` were written");
        }
        Some(VirtualMac {
            interface: words.name.unwrap_or_default(),
            address: words.address.unwrap_or(standard(family, vrid)),
            xmit_base: unicast || xmit_base.is_some(),
        })
    }

    /// Whether an address is to be on an interface with a virtual MAC address, which has no name yet.
    pub(super) fn ask_for_virtual_interface(
        &self,
        address: &mut VirtualAddress,
        family: Family,
        own_interface: Option<&str>,
        context: &mut Context<'_>,
    ) {
        let written = address.virtual_interface.take().is_some();
        let elsewhere = address.interface.as_deref().is_some_and(|it| Some(it) != own_interface);
        let of_itself = elsewhere || Family::of(address.address) != family;
        let asked = written || of_itself && self.inside().has("use_vmac_addr");
        let base = address.interface.as_deref().or(own_interface);
        if !asked {
            return;
        }
        if base.is_none() {
            context
                .error(address.span, "nobody knows which interface a virtual MAC address is for")
                .help("add `dev IF` after the address, or `interface` to the instance");
            return;
        }
        address.virtual_interface = Some(String::new());
    }

    /// `[[name] IF] [MAC] [netlink_notify_msg] [group G]`.
    fn words(&self, words: &[Word<'_>], vrid: u8, context: &mut Context<'_>) -> Option<Words> {
        let mut read = Words::default();
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match word.text {
                "netlink_notify_msg" => {}
                "group" => {
                    if words.next().and_then(|group| integer(group.text)).is_none() {
                        context.error(word.span, "`group` needs a number");
                        return None;
                    }
                    context
                        .warning(word.span, "the group of the interface has no effect")
                        .label("accepted and ignored");
                }
                "name" => read.name = Some(interface(words.next()?, context)?),
                text => match mac(text, vrid) {
                    Some(address) => read.address = Some(address),
                    None => read.name = Some(interface(word, context)?),
                },
            }
        }
        Some(read)
    }
}

fn interface(word: &Word<'_>, context: &mut Context<'_>) -> Option<String> {
    let name = word.text;
    if !address::is_interface(name) || name.contains(':') {
        context
            .error(word.span, format!("`{name}` is neither an interface's name nor a MAC address"))
            .label("expected at most 15 bytes, or as in 00:00:5e:00:01:05");
        return None;
    }
    Some(name.to_owned())
}

/// Six octets, or five to which the last is the virtual router's.
fn mac(text: &str, vrid: u8) -> Option<[u8; 6]> {
    let mut octets = text.split(':').map(|octet| u8::from_str_radix(octet, 16).ok());
    let mut address = [vrid; 6];
    for place in address.iter_mut().take(5) {
        *place = octets.next()??;
    }
    if let Some(last) = octets.next() {
        address[5] = last?;
    }
    octets.next().is_none().then_some(address)
}

/// The virtual router's MAC address (RFC 9568 section 7.3).
fn standard(family: Family, vrid: u8) -> [u8; 6] {
    let of_family = match family {
        Family::Ipv4 => 1,
        Family::Ipv6 => 2,
    };
    [0, 0, 0x5e, 0, of_family, vrid]
}

/// Gives the interfaces that have no name keepalived's names for them: those of instances first, then
/// those of addresses.
pub(super) fn name_interfaces(instances: &mut [VrrpInstance], defaults: &Defaults) {
    let mut taken: Vec<String> = Vec::new();
    for instance in instances.iter() {
        taken.extend(instance.virtual_mac.iter().map(|it| it.interface.clone()));
        taken.extend(instance.interface.clone());
    }
    for instance in instances.iter_mut() {
        let (family, vrid) = (instance.family, instance.vrid);
        if let Some(virtual_mac) = &mut instance.virtual_mac
            && virtual_mac.interface.is_empty()
        {
            virtual_mac.interface = free_name(&defaults.vmac_prefix, family, vrid, &mut taken);
        }
    }
    for instance in instances {
        make_virtual_interfaces(instance, &defaults.vmac_addr_prefix, &mut taken);
    }
}

/// The first name of keepalived's that nobody has.
fn free_name(prefix: &str, family: Family, vrid: Vrid, taken: &mut Vec<String>) -> String {
    let six = (family == Family::Ipv6).then(|| format!("{prefix}6.{vrid}"));
    // The number 6 is for IPv6.
    let numbers = (1..).filter(|number: &u32| *number != 6);
    let numbered = numbers.map(|number| format!("{prefix}{number}.{vrid}"));
    let mut names = std::iter::once(format!("{prefix}.{vrid}")).chain(six).chain(numbered);
    let free = names.find(|name| !taken.contains(name)).unwrap_or_default();
    taken.push(free.clone());
    free
}

/// One for each MAC address on each interface, but where the instance has that one itself.
fn make_virtual_interfaces(instance: &mut VrrpInstance, prefix: &str, taken: &mut Vec<String>) {
    let VrrpInstance { vrid, virtual_mac, virtual_interfaces, .. } = instance;
    let (own, of_instance) = (instance.interface.as_ref(), standard(instance.family, vrid.get()));
    let own_address = virtual_mac.as_ref().map(|virtual_mac| virtual_mac.address);
    let chosen = own_address.filter(|address| *address != of_instance);
    let all = instance.addresses.iter_mut().chain(&mut instance.excluded_addresses);
    for held in all.filter(|held| held.virtual_interface.is_some()) {
        let family = Family::of(held.address);
        let address = chosen.unwrap_or_else(|| standard(family, vrid.get()));
        let Some(base) = held.interface.as_ref().or(own).cloned() else { continue };
        if own_address == Some(address) && own == Some(&base) {
            (held.interface, held.virtual_interface) = (None, None);
            continue;
        }
        let is_that = |it: &&VirtualInterface| it.base == base && it.address == address;
        let name = virtual_interfaces.iter().find(is_that).map(|it| it.interface.clone());
        let interface = name.unwrap_or_else(|| {
            let interface = free_name(prefix, family, *vrid, taken);
            virtual_interfaces.push(VirtualInterface {
                interface: interface.clone(),
                address,
                base: base.clone(),
            });
            interface
        });
        held.virtual_interface = Some(interface);
    }
}
