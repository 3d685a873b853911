//! The kernel, made what it should be.

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io;
use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use nix::errno::Errno;
use rtnetlink::packet_core::{
    NLM_F_ACK, NLM_F_CREATE, NLM_F_DUMP, NLM_F_REPLACE, NLM_F_REQUEST, NetlinkMessage,
    NetlinkPayload,
};
use rtnetlink::packet_route::address::AddressMessage;
use rtnetlink::packet_route::route::{RouteMessage, RouteProtocol};
use rtnetlink::packet_route::rule::RuleMessage;
use rtnetlink::packet_route::{AddressFamily, RouteNetlinkMessage};
use rtnetlink::{
    Handle, MulticastGroup, new_connection_with_strict_check, new_multicast_connection,
};
use steadfast_conf::model::{Route, Rule, VirtualAddress};
use steadfast_director_core::routing::{Routing, Undecided};
use steadfast_director_core::said::Said;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tracing::{info, warn};

use super::message::{self, OURS};
use super::{Wanted, encapsulation};
use crate::estate::Estate;

const RETRY: Duration = Duration::from_secs(1);
/// What happens together is looked at together.
const SETTLE: Duration = Duration::from_millis(10);
const NEWS: [MulticastGroup; 7] = [
    MulticastGroup::Link,
    MulticastGroup::Ipv4Ifaddr,
    MulticastGroup::Ipv6Ifaddr,
    MulticastGroup::Ipv4Route,
    MulticastGroup::Ipv6Route,
    MulticastGroup::Ipv4Rule,
    MulticastGroup::Ipv6Rule,
];

/// What was made, so that it goes when it is not wanted any more.
#[derive(Debug)]
struct Keeper {
    /// Addresses also by one whose place we take.
    made: Routing,
    estate: Estate,
    said: Said<Object>,
}

/// What something may be wrong with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Object {
    /// Talking with the kernel.
    Following,
    /// What the kernel should hold.
    Wanted,
}

/// Keeps the kernel as it should be until nobody says any more what that is.
pub(super) async fn keep(
    mut wanted: watch::Receiver<Wanted>,
    made_last: watch::Sender<u64>,
    estate: Estate,
) {
    let made = Routing { addresses: estate.static_addresses(), ..Routing::default() };
    let mut keeper = Keeper { made, estate, said: Said::default() };
    loop {
        match follow(&mut keeper, &mut wanted, &made_last).await {
            Ok(()) => return,
            Err(error) => keeper.say(Object::Following, [error.to_string()]),
        }
        sleep(RETRY).await;
    }
}

async fn follow(
    keeper: &mut Keeper,
    wanted: &mut watch::Receiver<Wanted>,
    made_last: &watch::Sender<u64>,
) -> io::Result<()> {
    // They end when this does.
    let mut connections = JoinSet::new();
    let (connection, _, mut news) = new_multicast_connection(&NEWS)?;
    connections.spawn(connection);
    let (connection, mut handle, _) = new_connection_with_strict_check()?;
    connections.spawn(connection);
    loop {
        let Wanted { number, routing } = wanted.borrow_and_update().clone();
        keeper.make(&mut handle, routing).await?;
        made_last.send_replace(number);
        loop {
            tokio::select! {
                changed = wanted.changed() => match changed {
                    Ok(()) => break,
                    Err(_) => return Ok(()),
                },
                message = news.next() => {
                    let Some((message, _)) = message else { return Err(io::ErrorKind::BrokenPipe.into()) };
                    if !may_matter(&message) {
                        continue;
                    }
                    sleep(SETTLE).await;
                    while let Some(Some(_)) = news.next().now_or_never() {}
                    break;
                }
            }
        }
    }
}

/// Routes of others come and go in great numbers on some machines.
fn may_matter(message: &NetlinkMessage<RouteNetlinkMessage>) -> bool {
    match &message.payload {
        NetlinkPayload::InnerMessage(
            RouteNetlinkMessage::NewRoute(_)
            | RouteNetlinkMessage::NewRule(_)
            | RouteNetlinkMessage::NewNeighbour(_),
        ) => false,
        // When the way out goes down, IPv4 routes go without a word: news about the link is enough.
        NetlinkPayload::InnerMessage(RouteNetlinkMessage::DelRoute(route)) => {
            route.header.protocol == RouteProtocol::from(OURS)
        }
        _ => true,
    }
}

impl Keeper {
    async fn make(&mut self, handle: &mut Handle, wanted: Routing) -> io::Result<()> {
        let mut failures = BTreeSet::new();
        let mut addresses = Vec::new();
        let mut routes = Vec::new();
        for address in &wanted.addresses {
            keep_known(message::address(address), address, &mut addresses, &mut failures);
        }
        for route in &wanted.routes {
            keep_known(message::route(route), route, &mut routes, &mut failures);
        }
        let rules: Vec<_> = wanted.rules.iter().map(|rule| (rule, message::rule(rule))).collect();
        let stays = Stays::of(&wanted.undecided, &routes, &rules);
        let there = There::observe(handle).await?;
        let is_any = !wanted.is_empty() || wanted.undecided != Undecided::default();
        if is_any {
            self.note(&wanted.addresses);
        }
        self.remove(handle, &wanted, &there, &stays, &mut failures).await;
        for (address, message) in &addresses {
            if !there.addresses.iter().any(|it| message::is_that_address(message, it)) {
                let request = RouteNetlinkMessage::NewAddress(message.clone());
                note(add(handle, request).await, address, &mut failures);
            }
        }
        for (route, message) in &routes {
            if !there.routes.iter().any(|it| message::is_that_route(message, it)) {
                let request = RouteNetlinkMessage::NewRoute(message.clone());
                note(add(handle, request).await, route, &mut failures);
            }
        }
        for (rule, message) in &rules {
            if !there.rules.iter().any(|it| message::is_that_rule(message, it)) {
                let request = RouteNetlinkMessage::NewRule(message.clone());
                note(add(handle, request).await, rule, &mut failures);
            }
        }
        self.say(Object::Following, []);
        self.say(Object::Wanted, failures);
        self.estate.set_routing(is_any.then_some(&wanted.addresses));
        self.made = wanted;
        Ok(())
    }

    /// Should we die, the next one knows also of what is about to be made.
    fn note(&self, wanted: &[VirtualAddress]) {
        let new = wanted.iter().filter(|address| !self.made.addresses.contains(address));
        let all: Vec<_> = self.made.addresses.iter().chain(new).cloned().collect();
        self.estate.set_routing(Some(&all));
    }

    /// Says what is wrong with an object, if anything is.
    fn say(&mut self, object: Object, wrong: impl IntoIterator<Item = String>) {
        let wrong = wrong.into_iter().map(|text| (object, text));
        for text in self.said.handle(|at| *at == object, wrong) {
            warn!("routing: {text}");
        }
    }

    /// Rules first, then routes, then addresses: what we made and nobody wants any more, and what
    /// bears our mark from before.
    async fn remove(
        &self,
        handle: &mut Handle,
        wanted: &Routing,
        there: &There,
        stays: &Stays,
        failures: &mut BTreeSet<String>,
    ) {
        for rule in there.rules.iter().filter(|rule| message::is_ours(rule)) {
            if !stays.rules.iter().any(|stays| message::is_that_rule(stays, rule)) {
                let is_it = |made: &Rule| message::is_that_rule(&message::rule(made), rule);
                let what = called(&self.made.rules, is_it, "a rule of an earlier process");
                let request = RouteNetlinkMessage::DelRule(rule.clone());
                remove(handle, request, &what, failures).await;
            }
        }
        for route in &there.routes {
            if !stays.routes.iter().any(|stays| message::is_that_route(stays, route)) {
                let is_it = |made: &Route| {
                    message::route(made).is_ok_and(|made| message::is_that_route(&made, route))
                };
                let what = called(&self.made.routes, is_it, "a route of an earlier process");
                let route = encapsulation::without(route.clone());
                let request = RouteNetlinkMessage::DelRoute(route);
                remove(handle, request, &what, failures).await;
            }
        }
        let gone = |address: &&VirtualAddress| !wanted.addresses.contains(address);
        for address in self.made.addresses.iter().filter(gone) {
            if let Ok(message) = message::address(address) {
                let what = address.to_string();
                let request = RouteNetlinkMessage::DelAddress(message);
                remove(handle, request, &what, failures).await;
            }
        }
    }
}

/// What is not to be removed.
struct Stays {
    routes: Vec<RouteMessage>,
    rules: Vec<RuleMessage>,
}

impl Stays {
    fn of(
        undecided: &Undecided,
        routes: &[(&Route, RouteMessage)],
        rules: &[(&Rule, RuleMessage)],
    ) -> Self {
        // A route whose interface is not there is not there either.
        let undecided_routes = undecided.routes.iter().filter_map(|it| message::route(it).ok());
        let undecided_rules = undecided.rules.iter().map(message::rule);
        let wanted_routes = routes.iter().map(|(_, message)| message.clone());
        let wanted_rules = rules.iter().map(|(_, message)| message.clone());
        Self {
            routes: wanted_routes.chain(undecided_routes).collect(),
            rules: wanted_rules.chain(undecided_rules).collect(),
        }
    }
}

/// What the kernel holds that concerns us.
struct There {
    addresses: Vec<AddressMessage>,
    /// Those that bear our mark.
    routes: Vec<RouteMessage>,
    rules: Vec<RuleMessage>,
}

impl There {
    async fn observe(handle: &mut Handle) -> io::Result<Self> {
        let mut there = Self { addresses: Vec::new(), routes: Vec::new(), rules: Vec::new() };
        let addresses = RouteNetlinkMessage::GetAddress(AddressMessage::default());
        for message in dump(handle, addresses).await? {
            if let RouteNetlinkMessage::NewAddress(address) = message {
                there.addresses.push(address);
            }
        }
        for family in [AddressFamily::Inet, AddressFamily::Inet6] {
            let mut ours = RouteMessage::default();
            ours.header.address_family = family;
            // The kernel looks for these alone.
            ours.header.protocol = RouteProtocol::from(OURS);
            for message in dump(handle, RouteNetlinkMessage::GetRoute(ours)).await? {
                if let RouteNetlinkMessage::NewRoute(route) = message
                    && route.header.protocol == RouteProtocol::from(OURS)
                {
                    there.routes.push(route);
                }
            }
            let mut rules = RuleMessage::default();
            rules.header.family = family;
            for message in dump(handle, RouteNetlinkMessage::GetRule(rules)).await? {
                if let RouteNetlinkMessage::NewRule(rule) = message {
                    there.rules.push(rule);
                }
            }
        }
        Ok(there)
    }
}

async fn dump(
    handle: &mut Handle,
    question: RouteNetlinkMessage,
) -> io::Result<Vec<RouteNetlinkMessage>> {
    let mut message = NetlinkMessage::from(question);
    message.header.flags = NLM_F_REQUEST | NLM_F_DUMP;
    let mut answers = handle.request(message).map_err(io::Error::other)?;
    let mut found = Vec::new();
    while let Some(answer) = answers.next().await {
        match answer.payload {
            NetlinkPayload::InnerMessage(inner) => found.push(inner),
            // No table of that family has any.
            NetlinkPayload::Error(error) if error.to_io().kind() == io::ErrorKind::NotFound => {}
            NetlinkPayload::Error(error) => return Err(error.to_io()),
            _ => {}
        }
    }
    Ok(found)
}

async fn add(handle: &mut Handle, change: RouteNetlinkMessage) -> io::Result<()> {
    // A rule cannot be replaced, and is not there.
    let replace = match change {
        RouteNetlinkMessage::NewRule(_) => 0,
        _ => NLM_F_REPLACE,
    };
    ask(handle, change, NLM_F_CREATE | replace).await
}

/// What is removed, as it was called when we made it.
fn called<T: Display>(made: &[T], is_it: impl Fn(&T) -> bool, otherwise: &str) -> String {
    made.iter().find(|it| is_it(it)).map_or_else(|| otherwise.to_owned(), T::to_string)
}

/// That it is gone already is well.
async fn remove(
    handle: &mut Handle,
    change: RouteNetlinkMessage,
    what: &str,
    failures: &mut BTreeSet<String>,
) {
    const GONE: [Errno; 4] = [Errno::ESRCH, Errno::ENOENT, Errno::ENODEV, Errno::EADDRNOTAVAIL];
    match ask(handle, change, 0).await {
        Ok(()) => info!("routing: removed {what}"),
        Err(error)
            if error
                .raw_os_error()
                .map(Errno::from_raw)
                .is_some_and(|code| GONE.contains(&code)) => {}
        Err(error) => drop(failures.insert(format!("removing {what}: {error}"))),
    }
}

async fn ask(handle: &mut Handle, change: RouteNetlinkMessage, flags: u16) -> io::Result<()> {
    let mut message = NetlinkMessage::from(change);
    message.header.flags = NLM_F_REQUEST | NLM_F_ACK | flags;
    let mut answers = handle.request(message).map_err(io::Error::other)?;
    while let Some(answer) = answers.next().await {
        if let NetlinkPayload::Error(error) = answer.payload {
            return if error.code.is_none() { Ok(()) } else { Err(error.to_io()) };
        }
    }
    Ok(())
}

fn keep_known<'w, T: Display, M>(
    message: Result<M, message::NoInterface>,
    wanted: &'w T,
    known: &mut Vec<(&'w T, M)>,
    failures: &mut BTreeSet<String>,
) {
    match message {
        Ok(message) => known.push((wanted, message)),
        Err(error) => drop(failures.insert(format!("{wanted}: {error}"))),
    }
}

fn note(done: io::Result<()>, what: &impl Display, failures: &mut BTreeSet<String>) {
    match done {
        Ok(()) => info!("routing: added {what}"),
        Err(error) => drop(failures.insert(format!("{what}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_removed_is_called_as_it_was_when_it_was_made() {
        let rules = "virtual_rules {\nfrom 192.0.2.1 table 7 preference 500\n\
                     from 192.0.2.2 table 7 preference 501\n}";
        let text = format!(
            "vrrp_instance A {{\ninterface eth0\nvirtual_router_id 1\n\
             virtual_ipaddress {{\n192.0.2.1\n}}\n{rules}\n}}\n"
        );
        let model = steadfast_conf::parse("test.conf", &text).model.unwrap();
        let rules = &model.instances[0].rules;
        let there = message::rule(&rules[1]);
        let is_it = |made: &Rule| message::is_that_rule(&message::rule(made), &there);
        assert_eq!(called(rules, is_it, "?"), rules[1].to_string());
        assert_eq!(called(&rules[..1], is_it, "?"), "?");
    }
}
