//! Queries and what is looked at in replies (RFC 1035, section 4).

use std::fmt;
use std::str::FromStr;

use super::Name;

/// The type of the records that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RecordType(pub u16);

const RECORD_TYPES: [(&str, RecordType); 12] = [
    ("A", RecordType::A),
    ("NS", RecordType::NS),
    ("CNAME", RecordType::CNAME),
    ("SOA", RecordType::SOA),
    ("PTR", RecordType::PTR),
    ("MX", RecordType::MX),
    ("TXT", RecordType::TXT),
    ("AAAA", RecordType::AAAA),
    ("SRV", RecordType::SRV),
    ("DS", RecordType::DS),
    ("DNSKEY", RecordType::DNSKEY),
    ("ANY", RecordType::ANY),
];

#[allow(missing_docs, reason = "the names are those of IANA's list of resource record types")]
impl RecordType {
    pub const A: Self = Self(1);
    pub const NS: Self = Self(2);
    pub const CNAME: Self = Self(5);
    pub const SOA: Self = Self(6);
    pub const PTR: Self = Self(12);
    pub const MX: Self = Self(15);
    pub const TXT: Self = Self(16);
    pub const AAAA: Self = Self(28);
    pub const SRV: Self = Self(33);
    pub const DS: Self = Self(43);
    pub const DNSKEY: Self = Self(48);
    pub const ANY: Self = Self(255);
}

/// Text that is no type of records.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no record type: use a name like A or AAAA, or TYPE and a number, like TYPE64")]
pub struct InvalidRecordType(String);

/// By name, or for any number as `TYPE64` (RFC 3597, section 5); case does not matter.
impl FromStr for RecordType {
    type Err = InvalidRecordType;

    fn from_str(text: &str) -> Result<Self, InvalidRecordType> {
        let upper = text.to_ascii_uppercase();
        let named = RECORD_TYPES.iter().find(|(name, _)| *name == upper).map(|(_, kind)| *kind);
        let numbered = || upper.strip_prefix("TYPE")?.parse().ok().map(Self);
        named.or_else(numbered).ok_or_else(|| InvalidRecordType(text.to_owned()))
    }
}

impl fmt::Display for RecordType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match RECORD_TYPES.iter().find(|(_, kind)| kind == self) {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "TYPE{}", self.0),
        }
    }
}

/// Whether a name server could answer, 0 to 15.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ResponseCode(pub u8);

impl ResponseCode {
    /// It could.
    pub const NO_ERROR: Self = Self(0);
}

impl fmt::Display for ResponseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("NOERROR"),
            1 => f.write_str("FORMERR"),
            2 => f.write_str("SERVFAIL"),
            3 => f.write_str("NXDOMAIN"),
            4 => f.write_str("NOTIMP"),
            5 => f.write_str("REFUSED"),
            code => write!(f, "RCODE {code}"),
        }
    }
}

const HEADER: usize = 12;
const RECURSION_DESIRED: u8 = 1;
const IS_REPLY: u8 = 0x80;
const CODE: u8 = 0x0f;
const INTERNET: u16 = 1;

/// One question, to be answered with all that the server knows or can find out.
pub(super) fn query(id: u16, name: &Name, kind: RecordType) -> Vec<u8> {
    let [high, low] = id.to_be_bytes();
    let mut query = vec![high, low, RECURSION_DESIRED, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    query.extend(name.as_bytes());
    query.extend(kind.0.to_be_bytes());
    query.extend(INTERNET.to_be_bytes());
    query
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reply {
    /// Something else, or damaged.
    NotOurs,
    Answered(ResponseCode),
}

/// What a packet is to a query, of which it may be cut off behind the question.
///
/// A server that could not even read the question need not repeat it.
pub(super) fn read(query: &[u8], packet: &[u8]) -> Reply {
    let (Some((asked, question)), Some((header, rest))) =
        (query.split_first_chunk::<HEADER>(), packet.split_first_chunk::<HEADER>())
    else {
        return Reply::NotOurs;
    };
    let [id_high, id_low, flags, code, questions_high, questions_low, ..] = *header;
    let code = ResponseCode(code & CODE);
    let same_id = asked.starts_with(&[id_high, id_low]);
    let same_question = match (questions_high, questions_low) {
        (0, 0) => code != ResponseCode::NO_ERROR,
        (0, 1) => rest.get(..question.len()).is_some_and(|repeated| {
            // Some servers change the case of letters, which means nothing.
            repeated.eq_ignore_ascii_case(question)
        }),
        _ => false,
    };
    if flags & IS_REPLY != 0 && same_id && same_question {
        Reply::Answered(code)
    } else {
        Reply::NotOurs
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked() -> Vec<u8> {
        query(0x1234, &"example.org".parse().unwrap(), RecordType::AAAA)
    }

    fn reply(code: u8) -> Vec<u8> {
        let mut reply = asked();
        reply[2] |= IS_REPLY;
        reply[3] = code;
        reply
    }

    #[test]
    fn a_query_is_one_question_with_recursion() {
        let expected = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03org\0\0\x1c\0\x01";
        assert_eq!(asked(), expected);
    }

    #[test]
    fn the_code_of_a_reply_is_told() {
        assert_eq!(read(&asked(), &reply(0)), Reply::Answered(ResponseCode::NO_ERROR));
        assert_eq!(read(&asked(), &reply(3)), Reply::Answered(ResponseCode(3)));
    }

    #[test]
    fn the_case_of_letters_in_the_question_does_not_matter() {
        let mut shouted = reply(0);
        shouted[12..].make_ascii_uppercase();
        assert_eq!(read(&asked(), &shouted), Reply::Answered(ResponseCode::NO_ERROR));
    }

    #[test]
    fn a_query_another_id_and_another_question_are_no_reply_to_us() {
        assert_eq!(read(&asked(), &asked()), Reply::NotOurs);
        let mut other_id = reply(0);
        other_id[0] ^= 1;
        assert_eq!(read(&asked(), &other_id), Reply::NotOurs);
        let mut other_question = reply(0);
        other_question[14] = b'z';
        assert_eq!(read(&asked(), &other_question), Reply::NotOurs);
    }

    #[test]
    fn an_error_without_the_question_is_a_reply_but_success_without_it_is_none() {
        let without = |code| {
            let mut without = reply(code)[..HEADER].to_vec();
            without[5] = 0;
            without
        };
        assert_eq!(read(&asked(), &without(1)), Reply::Answered(ResponseCode(1)));
        assert_eq!(read(&asked(), &without(0)), Reply::NotOurs);
    }

    #[test]
    fn record_types_have_names_or_numbers() {
        assert_eq!("aaaa".parse(), Ok(RecordType::AAAA));
        assert_eq!("type64".parse(), Ok(RecordType(64)));
        assert_eq!(RecordType(64).to_string(), "TYPE64");
        assert!("TYPE65536".parse::<RecordType>().is_err());
        assert!("B".parse::<RecordType>().is_err());
    }

    proptest! {
        #[test]
        fn any_packet_is_read_without_a_panic(packet in any::<Vec<u8>>()) {
            read(&asked(), &packet);
        }

        #[test]
        fn every_record_type_is_read_as_it_is_printed(number in any::<u16>()) {
            prop_assert_eq!(RecordType(number).to_string().parse(), Ok(RecordType(number)));
        }
    }
}
