//! The roots of trust that a cluster hands to its workloads.

use mesh_model::row::ConfigMapFact;
use mesh_model::{Certificate, FieldPath, Row, path};

use crate::ClusterView;

/// `istio-ca-root-cert` of one cluster.
#[derive(Clone, Copy)]
pub(crate) struct Roots<'a> {
    /// The ConfigMap of the system namespace.
    pub(crate) row: &'a Row<ConfigMapFact>,
    /// Its certificates; at least one.
    pub(crate) certificates: &'a [Certificate],
}

impl Roots<'_> {
    /// Path of the certificates in the ConfigMap.
    pub(crate) fn path() -> FieldPath {
        path!["data", "root-cert.pem"]
    }
}

/// The roots of a cluster: the ConfigMap that istiod writes into every namespace, as it is in the system
/// namespace (`istio: pilot/pkg/bootstrap/namespacecontroller.go`). `None` without a certificate that can be read.
pub(crate) fn roots<'a>(view: &ClusterView<'a>) -> Option<Roots<'a>> {
    let row = view.config_maps().find(view.control_plane().system_namespace(), "istio-ca-root-cert")?;
    match &row.fact {
        ConfigMapFact::RootCertificates(bundle) if !bundle.certificates.is_empty() => {
            Some(Roots { row, certificates: &bundle.certificates })
        }
        _ => None,
    }
}

/// How a message calls a certificate: subject and both ends of its fingerprint.
pub(crate) fn title(certificate: &Certificate) -> String {
    format!("\"{}\" ({})", certificate.subject, certificate.fingerprint.short())
}
