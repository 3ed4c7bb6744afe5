//! One address that a client is given, as the table shows it.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use mesh_model::actual::HostAddress;
use mesh_model::{Locality, Mesh, ObjectRef};
use mesh_traffic::envoy::{HostSet, HostState, Split};
use mesh_traffic::{Assignment, Cause, Endpoint, Group, Sent, Via};

/// One address of one group.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) priority: u32,
    pub(crate) locality: Locality,
    /// Name of the cluster that answers; several where an address of the mesh config stands for several.
    pub(crate) cluster: String,
    pub(crate) address: String,
    /// The gateway, where the address is one's.
    pub(crate) gateway: Option<Cause>,
    /// Endpoints that answer at the address.
    pub(crate) pods: usize,
    /// The row above is another address of the same gateway.
    pub(crate) same_pods: bool,
    pub(crate) weight: u32,
    pub(crate) weight_cause: Cause,
    /// `None` for an address that is listed before.
    pub(crate) share: Option<Share>,
    pub(crate) state: State,
    pub(crate) node: Option<String>,
    pub(crate) network: Option<String>,
    /// The object that answers: `pod/NAME` and the like.
    pub(crate) object: Option<String>,
}

/// Share of all requests, 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Share {
    /// With few requests under way.
    pub(crate) quiet: f64,
    /// In the limit of many under way.
    pub(crate) busy: f64,
}

/// Whether an address is picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Ready,
    Unhealthy,
    Draining,
    Duplicate,
}

impl State {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::Unhealthy => "unhealthy",
            Self::Draining => "draining",
            Self::Duplicate => "duplicate",
        }
    }

    const fn of(host: HostState) -> Self {
        match host {
            HostState::Healthy => Self::Ready,
            HostState::Unhealthy | HostState::Ejected => Self::Unhealthy,
            HostState::Excluded => Self::Draining,
        }
    }
}

impl Share {
    /// Whole percents, with `<` and `>` where rounding would tell of nothing or of everything; two of them where
    /// the share depends on how busy the hosts are.
    pub(crate) fn text(self) -> String {
        let (low, high) =
            if self.quiet <= self.busy { (self.quiet, self.busy) } else { (self.busy, self.quiet) };
        let [low, high] = [low, high].map(percent);
        if low == high { format!("{low}%") } else { format!("{low}-{high}%") }
    }
}

fn percent(share: f64) -> String {
    let percent = share * 100.0;
    if percent > 0.0 && percent < 0.5 {
        "<1".to_owned()
    } else if percent >= 99.5 && share < 1.0 - 1e-9 {
        ">99".to_owned()
    } else {
        format!("{percent:.0}")
    }
}

/// The rows of an assignment: by priority, and within one in the order of the assignment.
pub(crate) fn rows(mesh: &Mesh, assignment: &Assignment<'_>, set: &HostSet, split: &Split) -> Vec<Row> {
    let hosts: HashMap<(usize, usize), (HostState, Share)> = set
        .iter()
        .zip(split.iter())
        .filter_map(|((at, host), (_, share))| {
            Some((set.endpoint(at)?, (host.state, Share { quiet: share.share, busy: share.busy })))
        })
        .collect();
    let mut rows = Vec::new();
    for (at, group) in assignment.groups.iter().enumerate() {
        for (position, sent) in group.endpoints.iter().enumerate() {
            let before = position.checked_sub(1).map(|before| &group.endpoints[before]);
            let mut row = Row::of(mesh, group, sent, before);
            if let Some((state, share)) = hosts.get(&(at, position)) {
                row.state = State::of(*state);
                row.share = Some(*share);
            }
            rows.push(row);
        }
    }
    rows.sort_by_key(|row| row.priority);
    rows
}

impl Row {
    /// An address that Envoy has listed before, until a host is found for it.
    fn of(mesh: &Mesh, group: &Group<'_>, sent: &Sent<'_>, before: Option<&Sent<'_>>) -> Self {
        let row = Self {
            priority: group.priority,
            locality: group.locality.clone(),
            cluster: String::new(),
            address: address(sent).to_string(),
            gateway: None,
            pods: 1,
            same_pods: before.is_some_and(|before| is_same_gateway(&before.via, &sent.via)),
            weight: sent.weight,
            weight_cause: Cause::Default("each endpoint counts once"),
            share: None,
            state: State::Duplicate,
            node: None,
            network: None,
            object: None,
        };
        match &sent.via {
            Via::Direct(endpoint) => row.direct(mesh, endpoint),
            Via::Gateway { network, cause, behind, .. } => Self {
                cluster: clusters(mesh, behind),
                gateway: Some(cause.clone()),
                pods: behind.len(),
                weight_cause: cause.clone(),
                network: Some(network.to_string()),
                ..row
            },
        }
    }

    fn direct(self, mesh: &Mesh, endpoint: &Endpoint<'_>) -> Self {
        let named = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Self {
            cluster: mesh.clusters()[endpoint.cluster].name.to_string(),
            weight_cause: endpoint.origin.cause(),
            node: named(endpoint.node),
            network: named(endpoint.network),
            object: Some(object(endpoint)),
            ..self
        }
    }
}

/// The object that answers, for people and as `-o name` prints it: its pod, or the object that lists its address.
pub(crate) fn object(endpoint: &Endpoint<'_>) -> String {
    let named = |object: &ObjectRef| {
        let kind = object.kind.as_str().to_lowercase();
        match object.kind.group() {
            "" => format!("{kind}/{}", object.name),
            group => format!("{kind}.{group}/{}", object.name),
        }
    };
    match (endpoint.pod, endpoint.origin.cause()) {
        (Some(pod), _) => named(&pod.obj),
        (None, Cause::Field { object, .. }) => named(&object),
        (None, Cause::Default(_)) => endpoint.address.to_owned(),
    }
}

fn clusters(mesh: &Mesh, behind: &[Arc<Endpoint<'_>>]) -> String {
    let names: BTreeSet<&str> =
        behind.iter().map(|endpoint| mesh.clusters()[endpoint.cluster].name.as_str()).collect();
    names.into_iter().collect::<Vec<_>>().join(",")
}

/// Two addresses that stand for the same endpoints.
fn is_same_gateway(a: &Via<'_>, b: &Via<'_>) -> bool {
    match (a, b) {
        (Via::Gateway { behind: a, .. }, Via::Gateway { behind: b, .. }) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
        }
        _ => false,
    }
}

/// What Envoy dials: without a port it is a path (`istio: pilot/pkg/networking/util/util.go: BuildAddress`).
fn address(sent: &Sent<'_>) -> HostAddress {
    let address = Arc::clone(&sent.address);
    match sent.port {
        0 => HostAddress::Pipe(address),
        port => HostAddress::Socket { address, port },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(quiet: f64, busy: f64) -> String {
        Share { quiet, busy }.text()
    }

    #[test]
    fn a_share_is_nothing_or_everything_only_where_it_is() {
        assert_eq!(share(0.0, 0.0), "0%");
        assert_eq!(share(0.001, 0.001), "<1%");
        assert_eq!(share(1.0 / 3.0, 1.0 / 3.0), "33%");
        assert_eq!(share(0.999, 0.999), ">99%");
        assert_eq!(share(1.0, 1.0), "100%");
    }

    #[test]
    fn a_share_that_depends_on_load_is_a_range() {
        assert_eq!(share(0.67, 0.5), "50-67%");
    }

    #[test]
    fn a_later_address_of_a_gateway_is_marked_and_a_listed_one_has_no_share() {
        let sent = |address: &str| Sent {
            address: address.into(),
            port: 15443,
            weight: 2,
            health: mesh_traffic::Health::Healthy,
            via: Via::Gateway {
                network: "east".into(),
                cluster_id: "east".into(),
                cause: Cause::Default("test"),
                behind: Vec::new(),
            },
        };
        let group = |zone: &str, priority, addresses: &[&str]| Group {
            locality: Locality { region: "eu".into(), zone: zone.into(), subzone: "".into() },
            priority,
            weight: 2,
            endpoints: addresses.iter().map(|address| sent(address)).collect(),
        };
        let assignment = Assignment {
            name: "outbound|80||echo".to_owned(),
            groups: vec![group("b", 1, &["192.0.2.1"]), group("a", 0, &["192.0.2.2", "192.0.2.1"])],
            excluded: Vec::new(),
            scale: 2,
            unknown: Vec::new(),
        };
        let hosts = mesh_traffic::envoy::hosts(&assignment);
        let config = mesh_traffic::envoy::LbConfig {
            policy: mesh_traffic::HostPolicy::RoundRobin,
            locality_weights: false,
            panic_threshold: 0,
        };
        let split = mesh_traffic::envoy::split(&hosts, &config);
        let rows = rows(&Mesh::default(), &assignment, &hosts, &split);
        let shown: Vec<_> =
            rows.iter().map(|row| (row.priority, row.address.as_str(), row.same_pods, row.state)).collect();
        assert_eq!(
            shown,
            [
                (0, "192.0.2.2:15443", false, State::Ready),
                (0, "192.0.2.1:15443", true, State::Duplicate),
                (1, "192.0.2.1:15443", false, State::Ready),
            ]
        );
        assert_eq!(rows[0].share.map(Share::text).as_deref(), Some("100%"));
        assert_eq!(rows[1].share, None);
    }

    #[test]
    fn addresses_are_told_as_the_proxy_tells_them() {
        let text = |text: &str, port| {
            let via = Via::Gateway {
                network: "".into(),
                cluster_id: "".into(),
                cause: Cause::Default("test"),
                behind: Vec::new(),
            };
            let health = mesh_traffic::Health::Healthy;
            address(&Sent { address: text.into(), port, weight: 1, health, via }).to_string()
        };
        assert_eq!(text("fd00::1", 80), "[fd00::1]:80");
        assert_eq!(text("10.0.0.1", 80), "10.0.0.1:80");
        assert_eq!(text("/var/run/echo.sock", 0), "unix:///var/run/echo.sock");
    }
}
