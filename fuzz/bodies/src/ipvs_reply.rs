use steadfast_ipvs::message::{Header, Reply, Request, replies};

/// Reads arbitrary bytes as a datagram of the kernel's load balancer.
///
/// It must not panic, and what it understands it must be able to write, and read again as the same.
pub fn ipvs_reply(data: &[u8]) {
    for message in replies(data) {
        check(&message.reply);
    }
}

fn check(reply: &Reply) {
    match reply {
        Reply::Service(key, service, _) => match again(&Request::NewService(key, service)) {
            Reply::Service(read, same, _) => assert_eq!((&read, &same), (key, service)),
            other => panic!("{reply:?} became {other:?}"),
        },
        Reply::Destination(key, status) => {
            // Which service it is of, the kernel does not say.
            let service = steadfast_ipvs::ServiceKey::tcp([192, 0, 2, 1], 80);
            let destination = &status.destination;
            match again(&Request::NewDestination(&service, key, destination)) {
                Reply::Destination(read, same) => {
                    assert_eq!((&read, &same.destination), (key, destination));
                }
                other => panic!("{reply:?} became {other:?}"),
            }
        }
        Reply::SyncDaemon(daemon) => assert_eq!(again(&Request::NewSyncDaemon(daemon)), *reply),
        Reply::Timeouts(timeouts) => assert_eq!(again(&Request::SetTimeouts(timeouts)), *reply),
        Reply::Result(_) | Reply::Done(_) | Reply::Info(_) | Reply::Family(_) | Reply::Unknown => {}
    }
}

/// The kernel's replies have the commands and attributes of the requests that make what they tell of.
fn again(request: &Request<'_>) -> Reply {
    let mut bytes = Vec::new();
    request.encode(Header { family: 34, sequence: 1, acknowledge: true }, &mut bytes);
    replies(&bytes).next().expect("a message").reply
}
