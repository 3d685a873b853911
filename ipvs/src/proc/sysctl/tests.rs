use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

#[test]
fn what_there_is_is_read_and_the_rest_is_not_supported() {
    let folder = folder(&[
        ("conntrack", "1\n"),
        ("drop_entry", "2\n"),
        ("sync_threshold", "3\t50\n"),
        ("est_cpulist", "0-3\n"),
    ]);
    let expected = Sysctls {
        conntrack: Some(true),
        drop_entry: Some(Defence::Active),
        sync_threshold: Some(SyncThreshold { threshold: 3, period: 50 }),
        est_cpulist: Some("0-3".to_owned()),
        ..Sysctls::default()
    };
    assert_eq!(Sysctls::read_from(folder.path()).unwrap(), expected);
}

#[test]
fn only_what_is_given_is_written() {
    let folder = folder(&[("conntrack", "0"), ("sync_threshold", "3 50"), ("am_droprate", "10")]);
    let sync_threshold = Some(SyncThreshold { threshold: 1, period: 2 });
    let wanted = Sysctls { conntrack: Some(true), sync_threshold, ..Sysctls::default() };
    wanted.write_to(folder.path()).unwrap();
    let expected = Sysctls { am_droprate: Some(10), ..wanted };
    assert_eq!(Sysctls::read_from(folder.path()).unwrap(), expected);
}

#[test]
fn a_value_that_is_not_understood_is_named() {
    let folder = folder(&[("drop_packet", "7")]);
    let error = Sysctls::read_from(folder.path()).unwrap_err();
    assert_eq!(error.to_string(), "net.ipv4.vs.drop_packet is \"7\"");
}

#[test]
fn what_the_kernel_does_not_have_is_not_written() {
    let folder = folder(&[]);
    let wanted = Sysctls { run_estimation: Some(false), ..Sysctls::default() };
    let error = wanted.write_to(folder.path()).unwrap_err();
    assert_eq!(error.to_string(), "this kernel has no net.ipv4.vs.run_estimation");
}

#[test]
fn a_kernel_without_ipvs_is_told_from_one_without_a_setting() {
    let nowhere = Path::new("/nonexistent");
    assert!(matches!(Sysctls::read_from(nowhere), Err(SysctlError::NoIpvs)));
}
