//! Which behaviour begins with which version of Istio, as data. Nothing else in the workspace compares versions of
//! Istio: what depends on one asks [`RuleSet::has`].
//!
//! A gate names the first minor version; a patch of an older minor may carry a backport. Gates of 1.30 and 1.31 are
//! proved against istiods of both; those before rest on Istio's sources alone.

use std::fmt;

use mesh_model::IstioVersion;

macro_rules! gates {
    ($($(#[$doc:meta])+ $gate:ident = $minor:literal;)+) => {
        /// A behaviour of istiod that older versions do not have.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Gate { $($(#[$doc])+ $gate,)+ }

        impl Gate {
            /// Every gate, oldest first.
            pub const ALL: &'static [Self] = &[$(Self::$gate),+];

            /// Minor version of Istio 1 that has it first.
            #[must_use]
            pub const fn since(self) -> u16 { match self { $(Self::$gate => $minor,)+ } }
        }
    };
}

gates! {
    /// `locality_weighted_lb_config` only for `distribute` or explicit lists; before, for any enabled
    /// `localityLbSetting`, that of the mesh included.
    LocalityWeightsByList = 24;
    /// `clusterLocal: false` takes a wider `true` back.
    ClusterLocalCarveOut = 24;
    /// DestinationRules of one host merge only if their `exportTo` are equal as sets.
    MergeByExportTo = 24;
    /// Traffic distribution `PreferClose` for sidecars.
    TrafficDistribution = 25;
    /// Terminating endpoints are left out.
    TerminatingLeftOut = 25;
    /// Traffic distribution `PreferSameZone` and `PreferSameNode`; `PreferClose` looks at three labels, not four.
    PreferSameZone = 27;
    /// The pod label `topology.istio.io/locality`.
    PodLocalityLabel = 29;
    /// A Service with the network label is a gateway only if it has a gateway's port.
    GatewayNeedsPort = 29;
    /// Trust domains of remote clusters come from their own mesh configs.
    RemoteMeshConfig = 29;
    /// A client without a network is sent through gateways to every network that has one.
    NetworklessThroughGateway = 30;
    /// Gateways of an IP family that the client lacks are left out.
    GatewayFamilies = 30;
    /// The annotation of traffic distribution on namespaces.
    TrafficDistributionOfNamespace = 30;
    /// `topology.istio.io/network` as first label of `failoverPriority` moves endpoints behind, and does not end the
    /// comparison.
    SoftNetworkPriority = 31;
    /// The check of mutual TLS across networks for a subset falls back to the `tls` of the rule.
    SubsetTlsFallsBack = 31;
    /// Endpoints that are not ready are sent as `UNHEALTHY`, unless panic is asked for; without outlier detection the
    /// panic threshold is 0.
    SendUnhealthy = 31;
    /// `zoneAwareLbSetting`.
    ZoneAware = 31;
    /// `meshConfig.defaultTrafficPolicy`.
    DefaultTrafficPolicy = 31;
    /// Hosts of a Sidecar whose namespace begins with `~` exclude; before, they are no hosts of any namespace.
    SidecarExclusion = 31;
}

/// The behaviour of one minor version of Istio.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RuleSet {
    minor: u16,
}

impl RuleSet {
    /// The newest behaviour that is known.
    pub const LATEST: Self = Self { minor: 31 };

    /// The oldest behaviour that is known; versions before it are taken for it.
    pub const OLDEST: Self = Self { minor: 24 };

    /// The oldest behaviour that was proved against a real istiod.
    pub const OLDEST_PROVED: Self = Self { minor: 30 };

    /// The behaviour of a version. Of versions before the oldest, or behind the newest that is known, the nearest.
    #[must_use]
    pub fn of(version: IstioVersion) -> Self {
        let minor = if version.major > 1 { u16::MAX } else { version.minor };
        Self { minor: minor.clamp(Self::OLDEST.minor, Self::LATEST.minor) }
    }

    /// The behaviours in question: one where the version is known, else each that differs from another.
    #[must_use]
    pub fn in_question(version: Option<IstioVersion>) -> Vec<Self> {
        if let Some(version) = version {
            return vec![Self::of(version)];
        }
        let mut minors: Vec<u16> = Gate::ALL.iter().map(|gate| gate.since()).collect();
        minors.dedup();
        minors.into_iter().map(|minor| Self { minor }).collect()
    }

    /// True when istiod of this version behaves so.
    #[must_use]
    pub const fn has(self, gate: Gate) -> bool {
        self.minor >= gate.since()
    }

    /// It was proved against a real istiod.
    #[must_use]
    pub fn is_proved(self) -> bool {
        self >= Self::OLDEST_PROVED
    }
}

impl Default for RuleSet {
    fn default() -> Self {
        Self::LATEST
    }
}

impl fmt::Display for RuleSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Istio 1.{}", self.minor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gates_stand_in_the_order_of_their_versions() {
        assert!(Gate::ALL.is_sorted_by_key(|gate| gate.since()));
        let minors: Vec<String> = RuleSet::in_question(None).iter().map(ToString::to_string).collect();
        let expected = ["1.24", "1.25", "1.27", "1.29", "1.30", "1.31"].map(|minor| format!("Istio {minor}"));
        assert_eq!(minors, expected);
    }

    #[test]
    fn a_version_beyond_the_known_ones_is_taken_for_the_nearest() {
        let of = |text: &str| RuleSet::of(text.parse().unwrap_or_else(|_| panic!("{text} is a version")));
        assert_eq!(of("1.99.0"), RuleSet::LATEST);
        assert_eq!(of("2.0.0"), RuleSet::LATEST);
        assert_eq!(of("1.10.0"), RuleSet::OLDEST);
        assert!(of("1.31.2").has(Gate::SendUnhealthy));
        assert!(!of("1.30.9").has(Gate::SendUnhealthy));
    }
}
