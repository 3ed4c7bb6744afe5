//! PeerAuthentications: whether a workload takes mutual TLS on a port
//! (`istio: pilot/pkg/security/authn/policy_applier.go: ComposePeerAuthentication`,
//! `pilot/pkg/model/authentication.go`).

use std::collections::BTreeMap;

use mesh_model::row::{MtlsMode, PeerAuthentication};
use mesh_model::{Row, path};

use crate::{Cause, Caused, Endpoint, View};

/// The PeerAuthentications that one istiod reads.
#[derive(Debug, Default)]
pub(crate) struct Peers<'m> {
    mesh: Option<&'m Row<PeerAuthentication>>,
    namespaces: BTreeMap<&'m str, OfNamespace<'m>>,
}

#[derive(Debug, Default)]
struct OfNamespace<'m> {
    /// The oldest without a selector.
    own: Option<&'m Row<PeerAuthentication>>,
    /// Those for selected workloads, the oldest first.
    selecting: Vec<&'m Row<PeerAuthentication>>,
}

impl<'m> Peers<'m> {
    pub(crate) fn of(view: &View<'_, 'm>) -> Self {
        let mut rows: Vec<_> = view.config().cluster.peer_authentications.rows().iter().collect();
        rows.sort_by_key(|row| (&row.fact.created, &row.obj.name, &row.obj.namespace));
        let mut peers = Self::default();
        for row in rows {
            let is_for_all = row.fact.selector.is_empty();
            if row.obj.namespace == view.root_namespace() {
                // One with a selector counts for nobody there.
                if is_for_all && peers.mesh.is_none() {
                    peers.mesh = Some(row);
                }
                continue;
            }
            let namespace = peers.namespaces.entry(&row.obj.namespace).or_default();
            if is_for_all {
                namespace.own = namespace.own.or(Some(row));
            } else {
                namespace.selecting.push(row);
            }
        }
        peers
    }

    /// The mode of an endpoint's port. The nearest policy with a mode counts; a port entry without one takes that of
    /// its policy.
    pub(crate) fn mode(&self, endpoint: &Endpoint<'_>) -> Caused<MtlsMode> {
        let namespace = self.namespaces.get(endpoint.namespace);
        let selects = |row: &&&Row<PeerAuthentication>| {
            row.fact.selector.iter().all(|(key, value)| endpoint.label(key) == Some(value))
        };
        let workload = namespace.and_then(|of| of.selecting.iter().find(selects)).copied();
        if let Some(row) = workload
            && let Some((_, mode)) = row.fact.ports.iter().find(|(port, _)| *port == endpoint.port)
            && *mode != MtlsMode::Unset
        {
            return Caused { value: *mode, cause: Cause::field(&row.obj, path!["spec", "portLevelMtls"]) };
        }
        nearest([workload, namespace.and_then(|of| of.own), self.mesh])
    }

    /// The mode of workloads of a namespace that no selector picks, by which clients decide whether to try mutual TLS
    /// at all (`istio: pilot/pkg/model/push_context.go: BestEffortInferServiceMTLSMode`).
    pub(crate) fn of_namespace(&self, namespace: &str) -> Caused<MtlsMode> {
        let own = self.namespaces.get(namespace).and_then(|of| of.own);
        nearest([None, own, self.mesh])
    }
}

/// The first policy that names a mode decides.
fn nearest(levels: [Option<&Row<PeerAuthentication>>; 3]) -> Caused<MtlsMode> {
    let set = levels.into_iter().flatten().find(|row| row.fact.mode != MtlsMode::Unset);
    match set {
        Some(row) => {
            Caused { value: row.fact.mode, cause: Cause::field(&row.obj, path!["spec", "mtls", "mode"]) }
        }
        None => {
            Caused { value: MtlsMode::Permissive, cause: Cause::Default("default of PeerAuthentication") }
        }
    }
}
