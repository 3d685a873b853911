//! `--help` and `--version`.

pub(crate) const VERSION: &str =
    concat!("lvsadm ", env!("CARGO_PKG_VERSION"), " (speaks as ipvsadm 1.31 does; IPVS 1.2.1)\n");

pub(crate) const HELP: &str = "\
Shows and changes the kernel's load balancer (IPVS). The first option says what to do.

Services:
  -A, --add-service SERVICE [SERVICE OPTIONS]
  -E, --edit-service SERVICE [SERVICE OPTIONS]
  -D, --delete-service SERVICE
  -C, --clear                          remove all services
Servers:
  -a, --add-server SERVICE -r SERVER [SERVER OPTIONS]
  -e, --edit-server SERVICE -r SERVER [SERVER OPTIONS]
  -d, --delete-server SERVICE -r SERVER
Listings:
  -L, -l, --list [SERVICE] [LIST OPTIONS]
  -L -c [-n] [--persistent-conn]       connections
  -L --timeout                         timeouts
  -L --daemon                          synchronisation daemons
  -S, --save [-n]                      rules that -R reads
The rest:
  -R, --restore                        obey the rules on standard input, a line each
  -Z, --zero [SERVICE]                 begin counters anew
  --set TCP TCPFIN UDP                 timeouts in seconds; 0 keeps one
  --start-daemon {master|backup} [DAEMON OPTIONS]
  --stop-daemon {master|backup}
  -h, --help    -v, --version

SERVICE is one of
  -t, --tcp-service ADDRESS[:PORT]     -u, --udp-service ADDRESS[:PORT]
  --sctp-service ADDRESS[:PORT]        -f, --fwmark-service MARK [-6, --ipv6]
Addresses and ports are numbers or names; IPv6 with a port is [ADDRESS]:PORT.

SERVICE OPTIONS
  -s, --scheduler NAME                 rr wrr lc wlc lblc lblcr dh sh mh sed nq fo ovf ...; else wlc
  -p, --persistent [SECONDS]           clients stay with their server; 360
  -M, --netmask MASK                   clients that count as one; of IPv6 a prefix length
  --pe ENGINE                          persistence engine: sip
  -b, --sched-flags FLAG,...           sh-fallback sh-port mh-fallback mh-port flag-1 flag-2 flag-3
  -o, --ops                            schedule each packet by itself

SERVER OPTIONS
  -g, --gatewaying                     direct routing; the default
  -m, --masquerading                   address translation
  -i, --ipip                           tunnel
  --tun-type {ipip|gue|gre}  --tun-port PORT  --tun-nocsum  --tun-csum  --tun-remcsum
  -w, --weight NUMBER                  1; 0 takes no new connections
  -x, --u-threshold NUMBER             no new connections from here on; 0 is no limit
  -y, --l-threshold NUMBER             and again below this

LIST OPTIONS
  -n, --numeric                        no names
  --stats  --rate  --thresholds  --persistent-conn  --tun-info
  -X, --exact                          counters in full
  --nosort                             in the kernel's order; --sort is the default
  --json                               everything, as JSON

DAEMON OPTIONS
  --mcast-interface NAME               eth0
  --syncid NUMBER                      0
  --sync-maxlen BYTES  --mcast-group ADDRESS  --mcast-port PORT  --mcast-ttl NUMBER
";
