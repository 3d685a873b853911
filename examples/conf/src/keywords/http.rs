use super::checker::{CONNECTION, LOGGING, NB_GET_RETRY, TIMING};
use super::{Arguments, Block, COUNT, Keyword, NAME, accepted, refused, works};

pub(super) static HTTP_GET: Block = Block {
    name: "HTTP_GET",
    keywords: &[&HTTP, &NO_TLS, &CONNECTION, &TIMING, &LOGGING, &NB_GET_RETRY],
};

pub(super) static SSL_GET: Block = Block {
    name: "SSL_GET",
    keywords: &[&HTTP, &TLS, &CONNECTION, &TIMING, &LOGGING, &NB_GET_RETRY],
};

const FILE: Arguments = Arguments::Word("FILE");

pub(super) static SSL: Block = Block {
    name: "SSL",
    keywords: &[&[
        refused("password", NAME, "an encrypted key could not be read"),
        works("ca", FILE),
        works("certificate", FILE),
        works("key", FILE),
    ]],
};

static URL: Block = Block { name: "url", keywords: &[&PAGE] };

static HTTP: [Keyword; 4] = [
    works("url", Arguments::None).each().block(&URL),
    works("virtualhost", NAME),
    works("http_protocol", Arguments::ChoiceAnyCase(&["1.0", "1.0C", "1.1"])).or("1.0"),
    works("fast_recovery", Arguments::Flag),
];

static TLS: [Keyword; 3] = [
    works("enable_sni", Arguments::None),
    works("sni_name", NAME),
    works("tls_compliant", Arguments::None),
];

/// keepalived does not ask which of the two it is.
static NO_TLS: [Keyword; 3] = {
    const WHY: &str = "HTTP_GET has no TLS; that is SSL_GET";
    [
        accepted("enable_sni", Arguments::None, WHY),
        accepted("sni_name", NAME, WHY),
        accepted("tls_compliant", Arguments::None, WHY),
    ]
};

static PAGE: [Keyword; 11] = [
    works("path", Arguments::Word("PATH")).required(),
    works("digest", Arguments::Word("MD5 (32 hexadecimal digits)")),
    works("status_code", Arguments::Words("CODE|CODE-CODE …")).each(),
    works("virtualhost", NAME),
    works("regex", Arguments::Quoted("PATTERN")),
    works("regex_no_match", Arguments::None),
    works("regex_options", Arguments::Words("OPTION…")).each(),
    works("regex_min_offset", COUNT),
    works("regex_max_offset", COUNT),
    accepted("regex_stack", Arguments::Words("START MAX"), "patterns need no stack of their own"),
    works("tls_compliant", Arguments::None),
];
