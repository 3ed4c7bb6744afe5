//! The roots of trust that a cluster hands to its workloads.

use mesh_model::row::ConfigMapFact;
use mesh_model::{Certificate, CertificateBundle, Kind, Row};
pub(crate) use mesh_traffic::trust::Roots;
use mesh_traffic::trust::{Known as InCluster, NAME};

use crate::{ClusterView, Sink};

/// What is known of the roots of a cluster.
pub(crate) enum Known<'a> {
    /// No istiod and no ConfigMap: there is nothing to know.
    Nothing,
    /// An istiod runs, and the ConfigMap it writes was not seen; the text says so.
    Missing(String),
    /// The ConfigMap holds no certificate that can be read.
    Unreadable(&'a Row<ConfigMapFact>, &'a CertificateBundle),
    /// At least one certificate.
    Roots(Roots<'a>),
}

/// The roots of a cluster: the ConfigMap that istiod writes into every namespace, as it is in the system
/// namespace (`istio: pilot/pkg/bootstrap/namespacecontroller.go`).
pub(crate) fn roots<'a>(view: &ClusterView<'a>) -> Known<'a> {
    let plane = view.control_plane();
    let system = plane.system_namespace();
    match InCluster::of(view.config_maps(), system) {
        InCluster::Roots(roots) => Known::Roots(roots),
        InCluster::Unreadable(row, bundle) => Known::Unreadable(row, bundle),
        InCluster::Missing if plane.istiods.is_empty() => Known::Nothing,
        InCluster::Missing => {
            Known::Missing(format!("no ConfigMap \"{system}/{NAME}\", which istiod writes"))
        }
    }
}

/// The roots of a cluster; where they should be known and are not, that goes to `out`.
pub(crate) fn judged_roots<'a>(view: &ClusterView<'a>, out: &mut Sink<'_>) -> Option<Roots<'a>> {
    let cause = match roots(view) {
        Known::Roots(roots) => return Some(roots),
        Known::Nothing => return None,
        Known::Missing(cause) => cause,
        Known::Unreadable(row, _) => {
            format!("no certificate in ConfigMap \"{}\" can be read", row.obj.qualified_name())
        }
    };
    out.cannot_judge(view, Kind::ConfigMap, cause);
    None
}

/// How a message calls a certificate: subject and both ends of its fingerprint.
pub(crate) fn title(certificate: &Certificate) -> String {
    format!("\"{}\" ({})", certificate.subject, certificate.fingerprint.short())
}
