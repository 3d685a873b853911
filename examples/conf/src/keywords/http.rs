use super::checker::{CONNECTION, LOGGING, NB_GET_RETRY};
use super::{Arguments, Block, Keyword, NAME, accepted, refused, works};

pub(super) static HTTP_GET: Block =
    Block { name: "HTTP_GET", keywords: &[&HTTP, &CONNECTION, &LOGGING, &NB_GET_RETRY] };

pub(super) static SSL_GET: Block =
    Block { name: "SSL_GET", keywords: &[&HTTP, &TLS, &CONNECTION, &LOGGING, &NB_GET_RETRY] };

static URL: Block = Block { name: "url", keywords: &[&PAGE] };

static HTTP: [Keyword; 4] = [
    works("url", Arguments::None).each().block(&URL),
    works("virtualhost", NAME),
    works("http_protocol", Arguments::ChoiceAnyCase(&["1.0", "1.0C", "1.1"])).or("1.0"),
    accepted(
        "fast_recovery",
        Arguments::Flag,
        "after a recovery all pages are tried at the usual pace",
    ),
];

static TLS: [Keyword; 3] = [
    works("enable_sni", Arguments::None),
    works("sni_name", NAME),
    works("tls_compliant", Arguments::None),
];

const NO_REGEX: &str = "any body would do";

static PAGE: [Keyword; 11] = [
    works("path", Arguments::Word("PATH")).required(),
    works("digest", Arguments::Word("MD5 (32 hexadecimal digits)")),
    works("status_code", Arguments::Words("CODE|CODE-CODE …")).each(),
    works("virtualhost", NAME),
    refused("regex", Arguments::Words("PATTERN"), NO_REGEX),
    refused("regex_no_match", Arguments::None, NO_REGEX),
    refused("regex_options", Arguments::Words("OPTION…"), NO_REGEX),
    refused("regex_min_offset", Arguments::Word("N"), NO_REGEX),
    refused("regex_max_offset", Arguments::Word("N"), NO_REGEX),
    refused("regex_stack", Arguments::Words("START MAX"), NO_REGEX),
    accepted("tls_compliant", Arguments::None, "only SSL_GET uses TLS"),
];
