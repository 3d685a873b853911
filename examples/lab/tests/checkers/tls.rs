//! `openssl s_server`, with certificates of every kind and versions of every age.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};
use steadfast_checkers::Failure;
use steadfast_checkers::http::{HttpGet, Url};
use steadfast_checkers::tls::{Identity, Tls, TlsFailure, TlsOptions, TlsVersion, Trust};

use crate::bed::{Bed, options};

const NAME: &str = "www.example.org";
const PORT: u16 = 443;

/// An authority and certificates that it has signed, as files of a host.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::new([]).unwrap();
        // An issuer of the same name as its subject would be a certificate that signs itself.
        parameters.distinguished_name.push(DnType::CommonName, "Authority");
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let pem = parameters.self_signed(&key).unwrap().pem();
        Self { pem, issuer: Issuer::new(parameters, key) }
    }

    /// A certificate for a name, valid until a year, and its key.
    fn sign(&self, name: &str, until: i32) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut parameters = CertificateParams::new([name.to_owned()]).unwrap();
        parameters.not_before = date_time_ymd(2000, 1, 1);
        parameters.not_after = date_time_ymd(until, 1, 1);
        (parameters.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }

    fn trusted(&self) -> TlsOptions {
        TlsOptions {
            trust: Trust::Authorities(self.pem.clone().into_bytes()),
            server_name: Some(NAME.to_owned()),
            ..TlsOptions::default()
        }
    }
}

/// A server with a certificate, started with some options more.
fn server((certificate, key): &(String, String), more: &[&str]) -> Bed {
    let mut bed = Bed::new();
    let certificate = bed.host().write("certificate.pem", certificate).unwrap();
    let key = bed.host().write("key.pem", key).unwrap();
    let (certificate, key) = (certificate.to_str().unwrap(), key.to_str().unwrap());
    let arguments =
        ["s_server", "-quiet", "-www", "-accept", "443", "-cert", certificate, "-key", key];
    bed.program(&[PORT], "/usr/bin/openssl", &[&arguments, more].concat());
    bed
}

fn get(options_of_tls: TlsOptions) -> HttpGet {
    HttpGet::new(options(PORT), [Url::new("/")]).tls(Tls::new(options_of_tls).unwrap())
}

fn fails(bed: &Bed, options: TlsOptions) -> TlsFailure {
    match bed.fails(&get(options)) {
        Failure::Tls(_, failure) => *failure,
        other => panic!("{other}"),
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_certificate_is_good_for_its_name_its_time_and_its_authority_only() {
    let authority = Authority::new();
    let good = server(&authority.sign(NAME, 2100), &[]);
    good.passes(&get(authority.trusted()));
    let other = TlsOptions { server_name: Some("example.net".to_owned()), ..authority.trusted() };
    assert_eq!(fails(&good, other), TlsFailure::WrongName);
    let stranger = fails(&good, Authority::new().trusted());
    let untrusted = matches!(stranger, TlsFailure::UnknownIssuer | TlsFailure::Certificate(_));
    assert!(untrusted, "{stranger}");

    let expired = server(&authority.sign(NAME, 2001), &[]);
    assert_eq!(fails(&expired, authority.trusted()), TlsFailure::Expired);
    expired.passes(&get(TlsOptions::default()));
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn a_server_that_wants_our_certificate_is_well_only_if_it_gets_it() {
    let authority = Authority::new();
    for version in ["-tls1_2", "-tls1_3"] {
        let mut bed = Bed::new();
        let file =
            |name, content: &str| bed.host().write(name, content).unwrap().display().to_string();
        let (certificate, key) = authority.sign(NAME, 2100);
        let (certificate, key) = (file("certificate.pem", &certificate), file("key.pem", &key));
        let trusted = file("authority.pem", &authority.pem);
        let arguments = [
            "s_server",
            "-quiet",
            "-www",
            "-accept",
            "443",
            "-cert",
            &certificate,
            "-key",
            &key,
            "-CAfile",
            &trusted,
            "-Verify",
            "1",
            "-verify_return_error",
            version,
        ];
        bed.program(&[PORT], "/usr/bin/openssl", &arguments);
        let failure = fails(&bed, TlsOptions::default());
        assert!(matches!(failure, TlsFailure::Alert(_)), "{version}: {failure}");
        let (certificates, key) = authority.sign("director", 2100);
        let identity = Identity { certificates: certificates.into_bytes(), key: key.into_bytes() };
        bed.passes(&get(TlsOptions { identity: Some(identity), ..TlsOptions::default() }));
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn new_versions_are_spoken_and_old_ones_fail_with_a_reason() {
    let certificate = Authority::new().sign(NAME, 2100);
    for (option, version) in [("-tls1_2", TlsVersion::Tls12), ("-tls1_3", TlsVersion::Tls13)] {
        let bed = server(&certificate, &[option]);
        match bed.judge(&get(TlsOptions::default())) {
            steadfast_checkers::Outcome::Pass(report) => {
                assert_eq!(report.tls.unwrap().version, Some(version));
            }
            other => panic!("{option}: {other}"),
        }
    }
    for version in ["-tls1", "-tls1_1"] {
        let old = server(&certificate, &[version, "-cipher", "DEFAULT@SECLEVEL=0"]);
        assert_eq!(fails(&old, TlsOptions::default()), TlsFailure::OldVersion, "{version}");
    }
}

#[test]
#[ignore = "needs root, network namespaces and IPVS: run by cargo lab test"]
fn key_exchange_without_forward_secrecy_is_not_spoken_and_told_so() {
    // Only a key of RSA can be used like that.
    let scratch = Bed::new();
    let make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=server"];
    let folder = scratch.host().folder();
    let file = |name: &str| folder.join(name).display().to_string();
    let into = ["-keyout", &file("key.pem"), "-out", &file("certificate.pem")];
    scratch.host().run("openssl", [&make[..], &into[..]].concat()).unwrap();
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let certificate = (read("certificate.pem"), read("key.pem"));
    let rsa = server(&certificate, &["-tls1_2", "-cipher", "kRSA"]);
    let failure = fails(&rsa, TlsOptions::default()).to_string();
    assert!(failure.contains("without forward secrecy"), "{failure}");
}
