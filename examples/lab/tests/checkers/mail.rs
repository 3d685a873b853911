//! OpenSMTPD.

use steadfast_checkers::Failure;
use steadfast_checkers::smtp::SmtpCheck;

use crate::bed::{Bed, IMPATIENCE, options};

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_mail_server_greets_us() {
    let mut bed = Bed::new();
    let configuration = "listen on 192.168.21.108\naction \"deliver\" maildir\n\
                         match from any for local action \"deliver\"\n";
    let file = bed.host().write("smtpd.conf", configuration).unwrap();
    bed.program(&[25], "/usr/sbin/smtpd", &["-d", "-f", file.to_str().unwrap()]);
    bed.passes(&SmtpCheck::new(options(25)));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_web_server_in_its_place_does_not() {
    let mut bed = Bed::new();
    bed.start(&[25], |host| host.spawn_nginx("listen 25;").unwrap());
    let check = SmtpCheck::new(options(25).timeout(IMPATIENCE));
    let failure = bed.fails(&check);
    assert!(matches!(failure, Failure::AnswerTimedOut(..)), "{failure}");
}
