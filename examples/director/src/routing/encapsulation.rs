//! What packets of a route travel in, as the kernel's attributes (lwtunnel.h, mpls_iptunnel.h).

use rtnetlink::packet_route::route::{
    MplsLabel, RouteAttribute, RouteIp6Tunnel, RouteIpTunnel, RouteLwEnCapType, RouteLwTunnelEncap,
    RouteMessage, RouteMplsIpTunnel,
};
use steadfast_conf::model::{self, Encapsulation};

pub(super) fn attributes(encapsulation: &Encapsulation) -> [RouteAttribute; 2] {
    let (kind, inside) = match encapsulation {
        Encapsulation::Mpls(labels) => {
            let labels = RouteMplsIpTunnel::Destination(stack(labels));
            (RouteLwEnCapType::Mpls, vec![RouteLwTunnelEncap::Mpls(labels)])
        }
        Encapsulation::Ip(tunnel) => {
            let all = [
                tunnel.id.map(RouteIpTunnel::Id),
                tunnel.destination.map(RouteIpTunnel::Destination),
                tunnel.source.map(RouteIpTunnel::Source),
                tunnel.tos.map(RouteIpTunnel::Tos),
                tunnel.ttl.map(RouteIpTunnel::Ttl),
            ];
            let given = all.into_iter().flatten();
            (RouteLwEnCapType::Ip, given.map(RouteLwTunnelEncap::Ip).collect())
        }
        Encapsulation::Ip6(tunnel) => {
            let all = [
                tunnel.id.map(RouteIp6Tunnel::Id),
                tunnel.destination.map(RouteIp6Tunnel::Destination),
                tunnel.source.map(RouteIp6Tunnel::Source),
                tunnel.tos.map(RouteIp6Tunnel::Tc),
                tunnel.ttl.map(RouteIp6Tunnel::Hoplimit),
            ];
            let given = all.into_iter().flatten();
            (RouteLwEnCapType::Ip6, given.map(RouteLwTunnelEncap::Ip6).collect())
        }
    };
    [RouteAttribute::EncapType(kind), RouteAttribute::Encap(inside)]
}

fn stack(labels: &[model::MplsLabel]) -> Vec<MplsLabel> {
    let bottom = labels.len().saturating_sub(1);
    let entry = |(at, label): (usize, &model::MplsLabel)| MplsLabel {
        label: label.get(),
        traffic_class: 0,
        bottom_of_stack: at == bottom,
        ttl: 0,
    };
    labels.iter().enumerate().map(entry).collect()
}

/// Whether packets of a route travel in something.
pub(super) fn is_any(route: &RouteMessage) -> bool {
    route.attributes.iter().any(is_about_it)
}

/// What is enough for the kernel to find a route that it told of. All of it cannot be written:
/// netlink-packet-route panics at the padding that is in there (`LWTUNNEL_IP_PAD`).
pub(super) fn without(mut route: RouteMessage) -> RouteMessage {
    route.attributes.retain(|attribute| !is_about_it(attribute));
    route
}

fn is_about_it(attribute: &RouteAttribute) -> bool {
    matches!(attribute, RouteAttribute::EncapType(_) | RouteAttribute::Encap(_))
}

#[cfg(test)]
mod tests {
    use rtnetlink::packet_core::{DefaultNla, Emitable};

    use super::*;

    /// As the kernel tells of a route: with padding before the number of 64 bits.
    #[test]
    fn a_route_that_the_kernel_told_of_can_be_told_to_it() {
        let mut told = RouteMessage::default();
        let padding = RouteIpTunnel::Other(DefaultNla::new(7, Vec::new()));
        let inside = [padding, RouteIpTunnel::Id(5)].map(RouteLwTunnelEncap::Ip);
        told.attributes.push(RouteAttribute::EncapType(RouteLwEnCapType::Ip));
        told.attributes.push(RouteAttribute::Encap(inside.into()));
        told.attributes.push(RouteAttribute::Table(254));
        assert!(is_any(&told));
        let again = without(told);
        let mut bytes = vec![0; again.buffer_len()];
        again.emit(&mut bytes);
        assert_eq!(again.attributes, [RouteAttribute::Table(254)]);
    }
}
