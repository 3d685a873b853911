use super::options::Opt;

/// A command line that cannot be obeyed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UsageError {
    #[error("the first option must be a command, such as -L or -A; `lvsadm --help` lists them")]
    NoCommand,
    #[error("{0}: unknown option")]
    Unknown(String),
    #[error("{0}: a value is missing")]
    MissingValue(String),
    #[error("{0}: this option takes no value")]
    TakesNoValue(String),
    #[error("{0}: only one command at a time")]
    SecondCommand(String),
    #[error("unexpected argument {0:?}")]
    Unexpected(String),
    #[error("--{} is given twice", .0.name())]
    Twice(Opt),
    #[error("--{} does not go with --{}", option.name(), command.name())]
    Illegal { option: Opt, command: Opt },
    #[error("--{} needs {missing}", command.name())]
    Missing { missing: &'static str, command: Opt },
    #[error("--{} and --{} exclude each other", .0.name(), .1.name())]
    Conflict(Opt, Opt),
    #[error("--{}: {text:?} is not {expected}", option.name())]
    Value { option: Opt, text: String, expected: &'static str },
    #[error("--set takes three timeouts in seconds: tcp tcpfin udp")]
    SetTakesThree,
    #[error("-6 must come after -f")]
    Ipv6BeforeFwmark,
    #[error("-R, -h and -v have no place among rules")]
    NoRule,
    #[error("port 0, which stands for all ports, needs a persistent service (-p)")]
    PortZero,
    #[error("one-packet scheduling (-o) is for UDP services and firewall marks only")]
    OnePacketWithoutUdp,
    #[error("a server of the other address family needs a tunnel (-i)")]
    OtherFamily,
    #[error("tunnel options need -i")]
    TunnelOptionsWithoutTunnel,
    #[error("--{} does not go with a {kind} tunnel", option.name())]
    IllegalInTunnel { option: Opt, kind: &'static str },
    #[error("a gue tunnel needs --tun-port")]
    TunnelPortMissing,
    #[error("there is no scheduler flag {0:?}")]
    UnknownFlag(String),
    #[error("the scheduler flag {0} is one of another scheduler")]
    FlagOfOtherScheduler(String),
    #[error(transparent)]
    Scheduler(#[from] steadfast_ipvs::InvalidScheduler),
    #[error(transparent)]
    Engine(#[from] steadfast_ipvs::InvalidPersistenceEngine),
    #[error(transparent)]
    Interface(#[from] steadfast_ipvs::InvalidInterface),
    #[error(transparent)]
    Persistence(#[from] steadfast_ipvs::InvalidPersistence),
    #[error(transparent)]
    Weight(#[from] steadfast_ipvs::InvalidWeight),
    #[error(transparent)]
    Thresholds(#[from] steadfast_ipvs::InvalidThresholds),
}

impl UsageError {
    /// ipvsadm's exit status. It leaves the last ones to the kernel.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::NoCommand
            | Self::NoRule
            | Self::Unknown(_)
            | Self::MissingValue(_)
            | Self::TakesNoValue(_)
            | Self::Scheduler(_)
            | Self::Engine(_)
            | Self::Interface(_)
            | Self::Thresholds(_) => 255,
            _ => 2,
        }
    }
}
