//! Synchronisation groups: virtual routers of one machine that are Active together or not at all,
//! such as the inner and the outer address of a firewall.

use alloc::sync::Arc;
use core::fmt;

use crate::router::{Standing, State, Verdict};
use crate::{Instant, VirtualRouter};

/// Keeps some virtual routers in step: keepalived's `vrrp_sync_group`.
///
/// - One in a fault of its own: all are in Fault. Those that were Active say so with priority 0.
///   They recover together when the last fault is over.
/// - One that yields to a better router: all are Backup, at once and without priority 0.
/// - All that would be Active: all are Active. Until then they wait, so a group takes over when its
///   slowest member would.
///
/// Also, if one has to assert itself against a lesser router, all announce their addresses again.
///
/// The routers are configured with [`sync_group`](crate::router::ConfigBuilder::sync_group) and
/// driven as others are, with one step more: after whatever was told to any of them, and before
/// they are asked what they want, [`synchronise`](Self::synchronise).
///
/// ```
/// use steadfast_vrrp::group::{Member, SyncGroup};
/// use steadfast_vrrp::router::{FaultReason, State, VirtualAddresses};
/// use steadfast_vrrp::{Config, Instant, VirtualRouter, Vrid};
///
/// let router = |vrid, address: &str| -> Result<_, Box<dyn std::error::Error>> {
///     let addresses = VirtualAddresses::new([address.parse()?])?;
///     let config = Config::builder(Vrid::new(vrid)?, addresses).sync_group(true).build()?;
///     Ok(VirtualRouter::new(config))
/// };
/// let (mut inner, mut outer) = (router(1, "10.0.0.1")?, router(2, "192.0.2.1")?);
/// let mut group = SyncGroup::default();
///
/// let now = Instant::from_nanos(0);
/// inner.handle_startup(now);
/// outer.handle_startup(now);
/// let mut members = [Member::new("inner", &mut inner), Member::new("outer", &mut outer)];
/// group.synchronise(now, &mut members);
/// assert_eq!(group.state(), State::Backup);
///
/// outer.handle_fault(now, FaultReason::InterfaceDown("eth0".into()));
/// let mut members = [Member::new("inner", &mut inner), Member::new("outer", &mut outer)];
/// let change = group.synchronise(now, &mut members).expect("the group fell");
/// assert_eq!(change.to_string(), "Entering FAULT STATE: outer is in FAULT STATE");
/// assert_eq!(inner.state(), State::Fault);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct SyncGroup {
    state: State,
}

/// A virtual router of a group, by its name.
#[derive(Debug)]
pub struct Member<'a> {
    name: Arc<str>,
    router: &'a mut VirtualRouter,
}

impl<'a> Member<'a> {
    /// The router that others of the group name so when they give a reason.
    pub fn new(name: impl Into<Arc<str>>, router: &'a mut VirtualRouter) -> Self {
        Self { name: name.into(), router }
    }
}

/// A group changed its state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupChange {
    /// When.
    pub at: Instant,
    /// The state before.
    pub from: State,
    /// The state since.
    pub to: State,
    /// The member that decided; `None` if all agreed.
    pub member: Option<Arc<str>>,
}

impl fmt::Display for GroupChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = self.to.keepalived();
        match &self.member {
            Some(member) => write!(f, "Entering {to} STATE: {member} is in {to} STATE"),
            None => write!(f, "Entering {to} STATE: so would all members"),
        }
    }
}

impl SyncGroup {
    /// Brings the members in step. Cheap if they are, and never wrong to be called.
    ///
    /// Pass the same members each time, in any order. One that left the group is to be
    /// [reconfigured](VirtualRouter::reconfigure) as no member of any.
    pub fn synchronise(&mut self, now: Instant, members: &mut [Member<'_>]) -> Option<GroupChange> {
        let verdict = settle(now, members)?;
        if let Some(latest) = members.iter().filter_map(|member| member.router.asserted()).max() {
            members.iter_mut().for_each(|member| member.router.assert_with_group(latest));
        }
        let (to, member) = match verdict {
            _ if is_down(members) => (State::Initialize, None),
            Verdict::Fault(member) => (State::Fault, Some(member)),
            Verdict::Backup(member) => (State::Backup, Some(member)),
            Verdict::Active => (State::Active, None),
        };
        let from = core::mem::replace(&mut self.state, to);
        (from != to).then_some(GroupChange { at: now, from, to, member })
    }

    /// The state that all started members are in.
    pub fn state(&self) -> State {
        self.state
    }
}

/// Tells the members the verdict until it stays: an owner that was just started is ready at once,
/// which is as far as following can change how a member stands for the better.
fn settle(now: Instant, members: &mut [Member<'_>]) -> Option<Verdict> {
    let mut verdict = judge(members)?;
    loop {
        members.iter_mut().for_each(|member| member.router.follow_group(now, &verdict));
        let next = judge(members)?;
        if next == verdict {
            return Some(verdict);
        }
        verdict = next;
    }
}

fn judge(members: &[Member<'_>]) -> Option<Verdict> {
    let one = |with: fn(Standing) -> bool| {
        members.iter().find(|it| with(it.router.standing())).map(|it| it.name.clone())
    };
    members.first()?;
    let in_fault = one(|standing| standing == Standing::Fault).map(Verdict::Fault);
    let not_ready = || one(|standing| standing != Standing::Ready).map(Verdict::Backup);
    Some(in_fault.or_else(not_ready).unwrap_or(Verdict::Active))
}

fn is_down(members: &[Member<'_>]) -> bool {
    members.iter().all(|member| member.router.state() == State::Initialize)
}
