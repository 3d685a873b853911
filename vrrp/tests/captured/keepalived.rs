//! What keepalived 2.2.7 put on a veth pair on Linux, as tcpdump captured it.

use crate::session::{Dialect, IPV4, IPV6, Session};

/// VRRPv2, nothing else.
pub(crate) const V2: Session = Session {
    vrid: 51,
    priority: 100,
    centis: 100,
    addresses: IPV4,
    dialect: Dialect::V2,
    advertisement: "01005e00001216f2e84fa8890800 \
         45c0002c00010000ff70188cc0000202e0000012213364020001f5fec0000264c0000265 \
         0000000000000000",
    goodbye: "01005e00001216f2e84fa8890800 \
         45c0002c00020000ff70188bc0000202e000001221330002000159ffc0000264c0000265 \
         0000000000000000",
    announcements: [
        "ffffffffffff16f2e84fa8890806 \
         000108000604000116f2e84fa889c0000264ffffffffffffc0000264",
        "ffffffffffff16f2e84fa8890806 \
         000108000604000116f2e84fa889c0000265ffffffffffffc0000265",
    ],
};

/// `auth_type PASS`, `auth_pass secret`.
pub(crate) const V2_PASSWORD: Session = Session {
    vrid: 52,
    priority: 254,
    centis: 200,
    addresses: IPV4,
    dialect: Dialect::V2Password,
    advertisement: "01005e00001216f2e84fa8890800 \
         45c0002c00010000ff70188cc0000202e00000122134fe0201021eb0c0000264c0000265 \
         7365637265740000",
    goodbye: "01005e00001216f2e84fa8890800 \
         45c0002c00020000ff70188bc0000202e00000122134000201021cb1c0000264c0000265 \
         7365637265740000",
    announcements: [
        "ffffffffffff16f2e84fa8890806 \
         000108000604000116f2e84fa889c0000264ffffffffffffc0000264",
        "ffffffffffff16f2e84fa8890806 \
         000108000604000116f2e84fa889c0000265ffffffffffffc0000265",
    ],
};

/// `auth_type AH`: an Authentication Header stands around the VRRP message.
pub(crate) const V2_AH: Session = Session {
    vrid: 53,
    priority: 100,
    centis: 100,
    addresses: IPV4,
    dialect: Dialect::V2AuthenticationHeader,
    advertisement: "01005e00001216f2e84fa8890800 \
         45c0004400010000ff3318b1c0000202e000001270040000c0000202000000012b00821f \
         7eba0b0a8bd85e46213564020201f3fcc0000264c00002650000000000000000",
    goodbye: "01005e00001216f2e84fa8890800 \
         45c0004400020000ff3318b0c0000202e000001270040000c000020200000002ba7a0cf8 \
         ddba6b33c9864e3321350002020157fdc0000264c00002650000000000000000",
    announcements: [
        "ffffffffffff16f2e84fa8890806 \
         000108000604000116f2e84fa889c0000264ffffffffffffc0000264",
        "ffffffffffff16f2e84fa8890806 \
         000108000604000116f2e84fa889c0000265ffffffffffffc0000265",
    ],
};

/// Ten times a second.
pub(crate) const V3: Session = Session {
    vrid: 54,
    priority: 100,
    centis: 10,
    addresses: IPV4,
    dialect: Dialect::V3,
    advertisement: "01005e00001216f2e84fa8890800 \
         45c0002400010000ff701894c0000202e000001231366402000a435dc0000264c0000265",
    goodbye: "01005e00001216f2e84fa8890800 \
         45c0002400070000ff70188ec0000202e000001231360002000aa75dc0000264c0000265",
    announcements: [
        "ffffffffffff16f2e84fa8890806 \
         000108000604000116f2e84fa889c0000264ffffffffffffc0000264",
        "ffffffffffff16f2e84fa8890806 \
         000108000604000116f2e84fa889c0000265ffffffffffffc0000265",
    ],
};

/// The owner, with the greatest VRID and the longest interval there are.
pub(crate) const V3_OWNER: Session = Session {
    vrid: 255,
    priority: 255,
    centis: 4095,
    addresses: IPV4,
    dialect: Dialect::V3,
    advertisement: "01005e00001216f2e84fa8890800 \
         45c0002400010000ff701894c0000202e000001231ffff020fff979ec0000264c0000265",
    goodbye: "01005e00001216f2e84fa8890800 \
         45c0002400020000ff701893c0000202e000001231ff00020fff969fc0000264c0000265",
    announcements: [
        "ffffffffffff16f2e84fa8890806 \
         000108000604000116f2e84fa889c0000264ffffffffffffc0000264",
        "ffffffffffff16f2e84fa8890806 \
         000108000604000116f2e84fa889c0000265ffffffffffffc0000265",
    ],
};

/// To the `unicast_peer` 192.0.2.1.
pub(crate) const V3_UNICAST: Session = Session {
    vrid: 55,
    priority: 100,
    centis: 10,
    addresses: IPV4,
    dialect: Dialect::V3,
    advertisement: "4e291ba5d24716f2e84fa8890800 \
         45c0002400010000ff7036a5c0000202c000020131376402000a616dc0000264c0000265",
    goodbye: "4e291ba5d24716f2e84fa8890800 \
         45c0002400070000ff70369fc0000202c000020131370002000ac56dc0000264c0000265",
    announcements: [
        "ffffffffffff16f2e84fa8890806 \
         000108000604000116f2e84fa889c0000264ffffffffffffc0000264",
        "ffffffffffff16f2e84fa8890806 \
         000108000604000116f2e84fa889c0000265ffffffffffffc0000265",
    ],
};

/// IPv6, on a host that forwards.
pub(crate) const V3_IPV6: Session = Session {
    vrid: 56,
    priority: 100,
    centis: 25,
    addresses: IPV6,
    dialect: Dialect::V3,
    advertisement: "33330000001216f2e84fa88986dd \
         6c0406ec002870fffe800000000000000000000000000002ff0200000000000000000000 \
         000000123138640200193e42fe80000000000000000000000000010020010db800000000 \
         0000000000000100",
    goodbye: "33330000001216f2e84fa88986dd \
         6c0406ec002870fffe800000000000000000000000000002ff0200000000000000000000 \
         00000012313800020019a242fe80000000000000000000000000010020010db800000000 \
         0000000000000100",
    announcements: [
        "33330000000116f2e84fa88986dd \
         6000000000203afffe800000000000000000000000000100ff0200000000000000000000 \
         0000000188002fd2a0000000fe800000000000000000000000000100020116f2e84fa889",
        "33330000000116f2e84fa88986dd \
         6000000000203aff20010db8000000000000000000000100ff0200000000000000000000 \
         000000018800d161a000000020010db8000000000000000000000100020116f2e84fa889",
    ],
};
