//! Diagnostics as JSON, character for character.

use steadfast_conf::parse;

#[test]
fn a_mistake_has_its_place_and_what_to_do() {
    let loaded = parse("t.conf", "global_defs {\n  vrrp_verson 3\n}\n");
    assert_eq!(
        loaded.json(),
        r#"{
  "runs": false,
  "errors": 1,
  "warnings": 0,
  "notes": 0,
  "diagnostics": [
    {
      "severity": "error",
      "message": "unknown keyword `vrrp_verson`",
      "place": {
        "file": "t.conf",
        "line": 2,
        "column": 3,
        "end_line": 2,
        "end_column": 14,
        "label": "not known in `global_defs`"
      },
      "related": [],
      "help": "did you mean `vrrp_version`?"
    }
  ]
}"#
    );
}
