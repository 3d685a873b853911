//! What a seed makes: the virtual router, its routers, and the network between them.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use steadfast_vrrp::packet::{Authentication, ChecksumForm, Password};
use steadfast_vrrp::router::{AddressListCheck, AnnounceSettings, SendChecksum, VirtualAddresses};
use steadfast_vrrp::{AdverInterval, Config, Family, Priority, Version, Vrid};

use crate::random::Random;
use crate::time::Clock;

/// What is the same on all hosts of a world, and stays so.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) version: Version,
    pub(crate) family: Family,
    addresses: Vec<IpAddr>,
    authentication: Authentication,
    down_timer_adverts: u8,
    lower_prio_no_advert: bool,
    /// The intervals that routers may have.
    intervals: Vec<AdverInterval>,
    may_preempt: Preemption,
    may_delay_preemption: bool,
    priorities: Priorities,
    may_drift: bool,
    /// The longest a packet travels and a wake-up is late, as long as nothing is wrong.
    pub(crate) flight: Duration,
    pub(crate) lateness: Duration,
    /// How many packets in a hundred arrive twice, even when nothing is wrong.
    pub(crate) duplicates: u64,
}

#[derive(Debug, Clone, Copy)]
enum Preemption {
    All,
    None,
    Mixed,
}

#[derive(Debug, Clone, Copy)]
enum Priorities {
    Any,
    Equal,
    Close,
    FewLevels,
}

/// The configuration of one router, as one would write it down.
#[derive(Debug, Clone)]
pub(crate) struct Recipe {
    pub(crate) priority: Priority,
    pub(crate) interval: AdverInterval,
    pub(crate) preempt: bool,
    pub(crate) preempt_delay: Duration,
    higher_prio_send_advert: bool,
    checksum: SendChecksum,
    address_list_check: AddressListCheck,
    announce: AnnounceSettings,
    reversed: bool,
    pub(crate) sync_group: bool,
}

impl World {
    pub(crate) fn new(random: &mut Random) -> Self {
        let (version, family) = random.pick(&[
            (Version::V2, Family::Ipv4),
            (Version::V3, Family::Ipv4),
            (Version::V3, Family::Ipv6),
        ]);
        let intervals = intervals(random, version);
        // Where intervals differ, a Backup that hears the loser of an election last, and is not put
        // right at once, waits for too short a time: the standard has it so.
        let mixed = intervals.len() > 1;
        let shortest = intervals.iter().min().copied().unwrap_or_default().as_duration();
        let addresses = (100..100 + random.within(1..=3) as u8)
            .map(|number| match family {
                Family::Ipv4 => Ipv4Addr::new(192, 0, 2, number).into(),
                Family::Ipv6 => link_local(number),
            })
            .collect();
        let password = Password::new(b"secret").expect("six bytes are a password");
        Self {
            version,
            family,
            addresses,
            authentication: match version {
                Version::V2 => {
                    random.pick(&[Authentication::None, Authentication::SimplePassword(password)])
                }
                Version::V3 => Authentication::None,
            },
            down_timer_adverts: random.pick(&[3, 3, 3, 3, 2, 5]),
            lower_prio_no_advert: random.percent(15) && !mixed,
            may_preempt: random.pick(&[Preemption::All, Preemption::None, Preemption::Mixed]),
            may_delay_preemption: random.percent(25),
            priorities: random.pick(&[
                Priorities::Any,
                Priorities::Any,
                Priorities::Equal,
                Priorities::Close,
                Priorities::FewLevels,
            ]),
            may_drift: random.percent(75),
            flight: random.duration(shortest / 2000..=shortest / 20).min(Duration::from_millis(20)),
            lateness: random.pick(&[Duration::ZERO, shortest / 1000, shortest / 50]),
            duplicates: if mixed { 0 } else { random.pick(&[0, 0, 5]) },
            intervals,
        }
    }

    pub(crate) fn recipe(&self, random: &mut Random) -> Recipe {
        let priority = self.priority(random);
        let preempt = priority.is_owner()
            || match self.may_preempt {
                Preemption::All => true,
                Preemption::None => false,
                Preemption::Mixed => random.percent(50),
            };
        let interval = random.pick(&self.intervals);
        Recipe {
            priority,
            interval,
            preempt,
            preempt_delay: if self.may_delay_preemption && preempt {
                random.up_to(interval.as_duration() * 6)
            } else {
                Duration::ZERO
            },
            // A parting word that overtakes the answer to it is heard last as well.
            higher_prio_send_advert: random.percent(20) && !self.intervals_differ(),
            checksum: random.pick(&[
                SendChecksum::Always(ChecksumForm::MessageOnly),
                SendChecksum::Always(ChecksumForm::PseudoHeader),
                SendChecksum::AsHeard,
            ]),
            address_list_check: random.pick(&[
                AddressListCheck::Report,
                AddressListCheck::Discard,
                AddressListCheck::OncePerRouter,
            ]),
            announce: AnnounceSettings {
                refresh: random.pick(&[Duration::ZERO, interval.as_duration() * 7 / 2]),
                repeat: random.pick(&[0, 1, 5]),
                delay: random.pick(&[Duration::ZERO, interval.as_duration() * 5]),
                ..AnnounceSettings::default()
            },
            reversed: random.percent(10),
            sync_group: false,
        }
    }

    /// The recipe changed as an operator might, without making another router of it.
    pub(crate) fn edited(&self, random: &mut Random, recipe: &Recipe) -> Recipe {
        let mut edited = self.recipe(random);
        if edited.priority.is_owner() != recipe.priority.is_owner() {
            edited.priority = recipe.priority;
        }
        edited.preempt |= edited.priority.is_owner();
        edited
    }

    fn priority(&self, random: &mut Random) -> Priority {
        if random.percent(4) {
            return Priority::OWNER;
        }
        let number = match self.priorities {
            Priorities::Any => random.within(1..=254),
            Priorities::Equal => 100,
            Priorities::Close => random.within(100..=105),
            Priorities::FewLevels => random.pick(&[1, 50, 100, 254]),
        };
        priority(number as u8)
    }

    /// A priority for a router that is not the owner.
    pub(crate) fn tracked_priority(&self, random: &mut Random) -> Priority {
        match self.priority(random) {
            Priority::OWNER => priority(254),
            other => other,
        }
    }

    pub(crate) fn config(&self, recipe: &Recipe) -> Config {
        let mut addresses = self.addresses.clone();
        if recipe.reversed && self.family == Family::Ipv4 {
            addresses.reverse();
        }
        let addresses = VirtualAddresses::new(addresses).expect("addresses of one family");
        Config::builder(self.vrid(), addresses)
            .version(self.version)
            .priority(recipe.priority)
            .interval(recipe.interval)
            .preempt(recipe.preempt)
            .preempt_delay(recipe.preempt_delay)
            .authentication(self.authentication)
            .checksum(recipe.checksum)
            .address_list_check(recipe.address_list_check)
            .down_timer_adverts(self.down_timer_adverts)
            .lower_prio_no_advert(self.lower_prio_no_advert)
            .higher_prio_send_advert(recipe.higher_prio_send_advert)
            .announce(recipe.announce)
            .sync_group(recipe.sync_group)
            .build()
            .expect("recipes are valid")
    }

    pub(crate) fn vrid(&self) -> Vrid {
        Vrid::new(51).expect("51 is a VRID")
    }

    /// The primary address with this number.
    pub(crate) fn source(&self, number: u8) -> IpAddr {
        match self.family {
            Family::Ipv4 => Ipv4Addr::new(192, 0, 2, number).into(),
            Family::Ipv6 => link_local(number),
        }
    }

    pub(crate) fn drift(&self, random: &mut Random) -> i64 {
        if self.may_drift {
            random.within(0..=2 * Clock::MAX_DRIFT as u64) as i64 - Clock::MAX_DRIFT
        } else {
            0
        }
    }

    pub(crate) fn intervals_differ(&self) -> bool {
        self.intervals.len() > 1
    }

    pub(crate) fn longest_interval(&self) -> Duration {
        self.intervals.iter().max().copied().unwrap_or_default().as_duration()
    }

    /// The longest that a packet takes from the decision to send it until it is acted upon.
    pub(crate) fn reaction(&self) -> Duration {
        self.flight + self.lateness
    }

    /// Skew_Time by RFC 9568 section 6.1, RFC 3768 section 6.1.
    pub(crate) fn skew_time(&self, interval: AdverInterval, priority: Priority) -> Duration {
        let steps = 256 - u64::from(priority.get());
        let base = match self.version {
            Version::V2 => 1_000_000_000,
            Version::V3 => u64::from(interval.as_centis()) * 10_000_000,
        };
        Duration::from_nanos(steps * base / 256)
    }

    /// Active_Down_Interval by the same sections.
    pub(crate) fn down_interval(&self, interval: AdverInterval, priority: Priority) -> Duration {
        interval.as_duration() * u32::from(self.down_timer_adverts)
            + self.skew_time(interval, priority)
    }

    /// The longest that any router may wait for a silent one, in true time.
    pub(crate) fn longest_down_interval(&self) -> Duration {
        let downs =
            self.intervals.iter().map(|interval| self.down_interval(*interval, priority(1)));
        crate::time::at_most(downs.max().unwrap_or_default())
    }

    pub(crate) fn longest_preempt_delay(&self) -> Duration {
        if self.may_delay_preemption { self.longest_interval() * 6 } else { Duration::ZERO }
    }

    /// Whether nobody takes over when a single advertisement is lost.
    pub(crate) fn tolerates_a_loss(&self) -> bool {
        self.down_timer_adverts >= 3
    }

    pub(crate) fn lower_prio_no_advert(&self) -> bool {
        self.lower_prio_no_advert
    }
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} over {}, packets take up to {:?}, wake-ups are up to {:?} late, {} in 100 packets \
             come twice, down after {} advertisements, lower ones are answered: {}",
            self.version,
            self.family,
            self.flight,
            self.lateness,
            self.duplicates,
            self.down_timer_adverts,
            !self.lower_prio_no_advert,
        )
    }
}

fn intervals(random: &mut Random, version: Version) -> Vec<AdverInterval> {
    let centis = |centis| AdverInterval::from_centis(centis).expect("between 0.01 s and 255 s");
    match version {
        // Routers of VRRPv2 do not listen to another interval than their own.
        Version::V2 => vec![centis(100 * random.pick(&[1, 1, 1, 2, 5, 60]))],
        Version::V3 => {
            let any = random.within(1..=4095) as u16;
            let base = random.pick(&[1, 10, 50, 100, 100, 100, 100, 100, 200, any]);
            let multiples: &[u16] = if random.percent(30) { &[1, 2, 5] } else { &[1] };
            multiples.iter().map(|multiple| centis((base * multiple).min(4095))).collect()
        }
    }
}

fn priority(number: u8) -> Priority {
    Priority::new(number).unwrap_or(Priority::DEFAULT)
}

fn link_local(number: u8) -> IpAddr {
    Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, number.into()).into()
}
