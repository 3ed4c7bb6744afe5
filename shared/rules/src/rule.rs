//! What a rule declares about itself.

use std::fmt;

use mesh_model::row::{DestinationRule, GatewayFact, NodeFact, ServiceFact};
use mesh_model::{HostServices, KindSet, Row};

use crate::{ClusterView, MeshView, Sink};

/// `MESH` and three digits; the hundred is the area. Never reused.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(pub u16);

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("MESH{:03}", self.0))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MESH{:03}", self.0)
    }
}

/// What a finding costs. Ordered from most to least severe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Traffic or security is broken now, or the object does nothing it says.
    Error,
    /// Will break, or surprises.
    Warning,
    /// Worth knowing.
    Info,
}

impl Severity {
    /// As written in output and options.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Info => "info",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Area of a rule, by the hundred of its code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Area {
    /// 0xx: reading the mesh at all.
    Tool,
    /// 1xx: clusters, remote secrets.
    Discovery,
    /// 2xx: locality, failover, outlier detection.
    Locality,
    /// 3xx: services, ports, endpoints.
    Services,
    /// 4xx: trust and certificates.
    Trust,
    /// 5xx: networks and east-west gateways.
    Networks,
    /// 6xx: scope, conflicts, drift.
    Configuration,
    /// 7xx: Admiral.
    Admiral,
    /// 8xx: injection, revisions, managed control planes.
    ControlPlane,
    /// 9xx: ambient.
    Ambient,
}

impl Area {
    /// Every area in order of the codes.
    pub const ALL: [Self; 10] = [
        Self::Tool,
        Self::Discovery,
        Self::Locality,
        Self::Services,
        Self::Trust,
        Self::Networks,
        Self::Configuration,
        Self::Admiral,
        Self::ControlPlane,
        Self::Ambient,
    ];

    /// As written in output and options, for example `control-plane`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Discovery => "discovery",
            Self::Locality => "locality",
            Self::Services => "services",
            Self::Trust => "trust",
            Self::Networks => "networks",
            Self::Configuration => "configuration",
            Self::Admiral => "admiral",
            Self::ControlPlane => "control-plane",
            Self::Ambient => "ambient",
        }
    }

    const fn of(code: Code) -> Self {
        let hundred = (code.0 / 100) as usize;
        Self::ALL[if hundred < Self::ALL.len() { hundred } else { 0 }]
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Life cycle of a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RuleStatus {
    /// Runs only when selected.
    Preview,
    /// Runs by default; its code, name and meaning stay.
    Stable,
    /// Runs by default and names what replaces it.
    Deprecated {
        /// The rule to look at instead.
        instead: Code,
    },
}

impl RuleStatus {
    /// As written in output.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Preview => "preview",
            Self::Stable => "stable",
            Self::Deprecated { .. } => "deprecated",
        }
    }
}

bitflags::bitflags! {
    /// Subjects that cross areas; `--select` takes them too.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Tags: u8 {
        /// Failover.
        const FAILOVER = 1;
        /// Difference between clusters that should be equal.
        const DRIFT = 1 << 1;
        /// About admission webhooks.
        const WEBHOOK = 1 << 2;
        /// Also judged by our own admission webhook.
        const ADMISSION = 1 << 3;
        /// Needs Secrets.
        const SECRETS = 1 << 4;
    }

    /// Reads beyond plain objects that a rule asks for; without them it is skipped.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
    pub struct Asks: u8 {
        /// `--read-secrets=remote`.
        const REMOTE_SECRETS = 1;
        /// `--read-secrets=cacerts`.
        const CACERTS = 1 << 1;
        /// `--actual`.
        const ACTUAL = 1 << 2;
        /// `--probe`.
        const PROBE = 1 << 3;
    }
}

/// The function of a rule, by the subject it is called for.
#[derive(Clone, Copy)]
pub enum Check {
    /// Once.
    Mesh(fn(&MeshView<'_>, &mut Sink<'_>)),
    /// For each cluster that can be judged.
    Cluster(fn(&MeshView<'_>, &ClusterView<'_>, &mut Sink<'_>)),
    /// For each host name; clusters that cannot be judged are left out of the view.
    Host(fn(&MeshView<'_>, &HostServices, &mut Sink<'_>)),
    /// For each Service.
    Service(fn(&ClusterView<'_>, &Row<ServiceFact>, &mut Sink<'_>)),
    /// For each Node.
    Node(fn(&ClusterView<'_>, &Row<NodeFact>, &mut Sink<'_>)),
    /// For each DestinationRule.
    DestinationRule(fn(&ClusterView<'_>, &Row<DestinationRule>, &mut Sink<'_>)),
    /// For each Gateway of `networking.istio.io`.
    Gateway(fn(&ClusterView<'_>, &Row<GatewayFact>, &mut Sink<'_>)),
}

/// One rule: a static beside its function and its page.
pub struct Rule {
    /// Code, stable for ever.
    pub code: Code,
    /// Kebab-case name, stable for ever.
    pub name: &'static str,
    /// What holds when the rule passes: "every node has region and zone labels".
    pub summary: &'static str,
    /// Severity of its findings unless one says otherwise.
    pub severity: Severity,
    /// Life cycle.
    pub status: RuleStatus,
    /// First version of this project that has the rule.
    pub since: &'static str,
    /// Subjects that cross areas.
    pub tags: Tags,
    /// Kinds the rule reads, exactly.
    pub needs: KindSet,
    /// Kinds whose *absence* it reasons about: over a gap in one of them it is not evaluated. A kind of the frame
    /// that is not in `needs` may be left out of files, which then mean Istio's defaults.
    pub closed: KindSet,
    /// Reads beyond plain objects.
    pub asks: Asks,
    /// Codes whose failure in the same cluster makes this one pointless.
    pub after: &'static [Code],
    /// The page: documentation and cases.
    pub docs: &'static str,
    /// The function.
    pub check: Check,
}

impl Rule {
    /// Area, by the hundred of the code.
    #[must_use]
    pub const fn area(&self) -> Area {
        Area::of(self.code)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.name)
    }
}

/// Declares a rule as a static whose documentation is its page:
///
/// ```text
/// declare_rule! {
///     "node_without_locality.md",
///     pub static NODE_WITHOUT_LOCALITY = {
///         code: 215, name: "node-without-locality", summary: "every node has region and zone labels",
///         since: "0.2.0", severity: Warning, tags: Tags::FAILOVER, needs: [Node, Pod], closed: [], after: [],
///         check: Check::Cluster(check),
///     };
/// }
/// ```
///
/// `needs: traffic` in place of `needs` and `closed` stands for all that the computation of traffic reads.
macro_rules! declare_rule {
    (
        $page:literal,
        pub static $id:ident = {
            code: $code:literal, name: $name:literal, summary: $summary:literal,
            $(since: $since:literal,)? severity: $severity:ident, tags: $tags:expr,
            needs: traffic, after: [$($after:literal),* $(,)?],
            check: $check:expr $(,)?
        };
    ) => {
        $crate::rule::declare_rule! {
            @ $page, $id, $code, $name, $summary, [$($since)?], $severity, $tags,
            mesh_traffic::KINDS.union(mesh_model::KindSet::Secret), mesh_traffic::KINDS, [$($after),*], $check
        }
    };
    (
        $page:literal,
        pub static $id:ident = {
            code: $code:literal, name: $name:literal, summary: $summary:literal,
            $(since: $since:literal,)? severity: $severity:ident, tags: $tags:expr,
            needs: [$($need:ident),* $(,)?], closed: [$($closed:ident),* $(,)?], after: [$($after:literal),* $(,)?],
            check: $check:expr $(,)?
        };
    ) => {
        $crate::rule::declare_rule! {
            @ $page, $id, $code, $name, $summary, [$($since)?], $severity, $tags,
            mesh_model::KindSet::empty()$(.union(mesh_model::KindSet::$need))*,
            mesh_model::KindSet::empty()$(.union(mesh_model::KindSet::$closed))*,
            [$($after),*], $check
        }
    };
    (
        @ $page:literal, $id:ident, $code:literal, $name:literal, $summary:literal, [$($since:literal)?],
        $severity:ident, $tags:expr, $needs:expr, $closed:expr, [$($after:literal),*], $check:expr
    ) => {
        #[allow(rustdoc::invalid_codeblock_attributes, reason = "fences of a page say which cluster they are")]
        #[doc = include_str!($page)]
        pub static $id: $crate::Rule = $crate::Rule {
            code: $crate::Code($code),
            name: $name,
            summary: $summary,
            severity: $crate::Severity::$severity,
            status: $crate::RuleStatus::Stable,
            since: $crate::rule::since!($($since)?),
            tags: $tags,
            needs: $needs,
            closed: $closed,
            asks: $crate::Asks::empty(),
            after: &[$($crate::Code($after)),*],
            docs: include_str!($page),
            check: $check,
        };
    };
}
pub(crate) use declare_rule;

/// The version that a declaration names, or the first.
macro_rules! since {
    () => {
        "0.1.0"
    };
    ($version:literal) => {
        $version
    };
}
pub(crate) use since;
