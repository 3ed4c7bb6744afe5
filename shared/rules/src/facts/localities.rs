//! Where pods stand, as istiod tells it (`istio: pilot/pkg/serviceregistry/kube/controller/controller.go:
//! getPodLocality`).

use mesh_model::row::PodFact;
use mesh_model::{Locality, Row};
use mesh_traffic::{Gate, RuleSet};

use crate::ClusterView;

/// Label of a pod that names its locality, from Istio 1.29 on.
pub(crate) const LABEL: &str = "topology.istio.io/locality";

/// The label of old.
const OLD_LABEL: &str = "istio-locality";

/// The rules of the cluster's istiod; of one whose version is not known the newest.
pub(crate) fn rules(view: &ClusterView<'_>) -> RuleSet {
    view.control_plane().version.map(RuleSet::of).unwrap_or_default()
}

/// The label by which a pod names its locality itself, with its value: it replaces that of the node whole, unless it is
/// empty.
pub(crate) fn label(pod: &Row<PodFact>, rules: RuleSet) -> Option<(&'static str, &str)> {
    let new = Some(LABEL).filter(|_| rules.has(Gate::PodLocalityLabel));
    let found = new.into_iter().chain([OLD_LABEL]).find_map(|key| Some((key, pod.labels.get(key)?)));
    found.filter(|(_, value)| !value.is_empty())
}

/// The parts of such a value: dots stand for slashes, unless it has slashes.
pub(crate) fn parts(value: &str) -> impl Iterator<Item = &str> {
    value.split(if value.contains('/') { '/' } else { '.' })
}

/// The locality of a pod: that of its label, else that of its node; without either all parts are empty.
pub(crate) fn of_pod(view: &ClusterView<'_>, pod: &Row<PodFact>) -> Locality {
    match label(pod, rules(view)) {
        Some((_, value)) => {
            let mut parts = parts(value);
            let mut part = || parts.next().unwrap_or_default();
            Locality { region: part().into(), zone: part().into(), subzone: part().into() }
        }
        None => of_node(view, &pod.fact.node),
    }
}

/// The locality of a node; all parts are empty for one that is not known.
pub(crate) fn of_node(view: &ClusterView<'_>, node: &str) -> Locality {
    let found = view.nodes().find("", node).map(|node| node.fact.locality.clone());
    found.unwrap_or_else(|| Locality { region: "".into(), zone: "".into(), subzone: "".into() })
}
