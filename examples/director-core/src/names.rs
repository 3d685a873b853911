//! Virtual and real servers as keepalived's messages name them.

use std::net::IpAddr;

use steadfast_conf::model::{FirewallMark, Frontend, Protocol, RealServer, VirtualServer};

/// A virtual server: `[192.0.2.1]:tcp:80`, `FWM 7`, or `[group]:0`.
pub fn name(service: &VirtualServer) -> String {
    match &service.frontend {
        Frontend::Address { address, port } => named(*address, protocol(service), *port),
        Frontend::FirewallMark(FirewallMark { mark, .. }) => format!("FWM {mark}"),
        Frontend::Group { name, .. } => format!("[{name}]:0"),
    }
}

/// A real server of a virtual server: `[192.0.2.1]:tcp:80`.
pub fn server_name(service: &VirtualServer, server: &RealServer) -> String {
    named(server.address, protocol(service), server.port)
}

fn named(address: IpAddr, protocol: &str, port: u16) -> String {
    format!("[{address}]:{protocol}:{port}")
}

fn protocol(service: &VirtualServer) -> &'static str {
    match (&service.frontend, service.protocol) {
        (Frontend::FirewallMark(_), _) => "none",
        (_, Protocol::Tcp) => "tcp",
        (_, Protocol::Udp) => "udp",
        (_, Protocol::Sctp) => "sctp",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_of_a_group_is_called_by_the_port_it_is_written_with() {
        let text = "virtual_server_group web {\n192.0.2.100 80\n192.0.2.100 443\n}\n\
            virtual_server group web {\nlb_algo rr\nlb_kind DR\nprotocol TCP\n\
            real_server 192.0.2.1 80 {\nTCP_CHECK { }\n}\n}\n";
        let model = steadfast_conf::parse("test.conf", text).model.unwrap();
        let service = &model.virtual_servers[0];
        assert_eq!(server_name(service, &service.real_servers[0]), "[192.0.2.1]:tcp:80");
    }
}
