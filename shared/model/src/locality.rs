//! Localities: where a node, an endpoint or a client stands.

use std::fmt;

use crate::{Labels, Region, Zone};

/// `region/zone/subzone`; an empty part was not named and equals only another empty part
/// (`istio: pilot/pkg/networking/util/util.go: LbPriority`).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Locality {
    /// `topology.kubernetes.io/region`.
    pub region: Region,
    /// `topology.kubernetes.io/zone`.
    pub zone: Zone,
    /// `topology.istio.io/subzone`.
    pub subzone: Zone,
}

impl Locality {
    /// Locality of a node from its labels; the labels of Kubernetes before 1.17 count where the new ones are
    /// missing (`istio: pilot/pkg/serviceregistry/kube/controller/controller.go: getPodLocality`).
    #[must_use]
    pub fn of_node(labels: &Labels) -> Self {
        let either = |new: &str, old: &str| labels.get(new).or_else(|| labels.get(old)).unwrap_or_default();
        Self {
            region: either("topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/region")
                .into(),
            zone: either("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone").into(),
            subzone: labels.get("topology.istio.io/subzone").unwrap_or_default().into(),
        }
    }
}

impl Locality {
    /// The parts that are named, without the separators behind the last one; empty if none is.
    #[must_use]
    pub fn short(&self) -> String {
        self.to_string().trim_end_matches('/').to_owned()
    }
}

impl fmt::Display for Locality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.region, self.zone, self.subzone)
    }
}
