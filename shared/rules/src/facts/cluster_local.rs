//! Hosts whose endpoints stay within their cluster, so that clusters need not agree about them.

use std::collections::BTreeSet;

use mesh_model::{ControlPlane, HostPattern};

/// The cluster-local hosts of some clusters.
#[derive(Debug)]
pub(crate) struct LocalHosts {
    /// One list per way in which clusters are set up; most are set up alike.
    lists: BTreeSet<Vec<(HostPattern, bool)>>,
}

impl LocalHosts {
    /// Reads `serviceSettings` of each control plane; Istio's own defaults hold beside them until a
    /// `clusterLocal: false` takes them back.
    pub(crate) fn of<'a>(control_planes: impl Iterator<Item = &'a ControlPlane>) -> Self {
        Self { lists: control_planes.map(list).collect() }
    }

    /// True when one of the clusters keeps `host` to itself: the most specific pattern wins
    /// (`istio: pilot/pkg/model/cluster_local.go`).
    pub(crate) fn contain(&self, host: &str) -> bool {
        self.lists.iter().any(|list| {
            let covering = list.iter().filter(|(pattern, _)| pattern.covers(host));
            covering.max_by_key(|(pattern, _)| rank(pattern)).is_some_and(|(_, local)| *local)
        })
    }
}

fn list(control_plane: &ControlPlane) -> Vec<(HostPattern, bool)> {
    let mut list = defaults(control_plane);
    let settings = control_plane.mesh_config.iter().flat_map(|(_, config)| &config.cluster_local);
    // Of equal patterns the later wins, so settings stand behind the defaults.
    list.extend(settings.map(|(host, local)| (HostPattern::parse(host, ""), *local)));
    list
}

/// Exact names before wildcards, longer wildcards before shorter ones.
fn rank(pattern: &HostPattern) -> (bool, usize) {
    match pattern {
        HostPattern::Exact(name) => (true, name.len()),
        HostPattern::Wildcard(rest) => (false, rest.len()),
    }
}

fn defaults(control_plane: &ControlPlane) -> Vec<(HostPattern, bool)> {
    let system = control_plane.system_namespace();
    let revisions = control_plane.istiods.iter().map(|istiod| format!("istiod-{}.{system}", istiod.revision));
    let mut hosts =
        vec!["*.kube-system".to_owned(), "kubernetes.default".to_owned(), format!("istiod.{system}")];
    hosts.extend(revisions);
    hosts.iter().map(|host| (HostPattern::parse(&format!("{host}.svc.cluster.local"), ""), true)).collect()
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use mesh_model::row::MeshConfig;
    use mesh_model::{Kind, ObjectRef};

    use super::*;

    fn with_settings(settings: &[(&str, bool)]) -> ControlPlane {
        let cluster_local = settings.iter().map(|(host, local)| (Arc::from(*host), *local)).collect();
        let config = MeshConfig { cluster_local, ..MeshConfig::default() };
        let object = ObjectRef::new("west", Kind::ConfigMap, "istio-system", "istio");
        ControlPlane { mesh_config: Some((object, Arc::new(config))), ..ControlPlane::default() }
    }

    #[test]
    fn istiod_and_what_kubernetes_runs_stay_local_by_default() {
        let plane = ControlPlane::default();
        assert!(LocalHosts::of(std::iter::once(&plane)).contain("kube-dns.kube-system.svc.cluster.local"));
        assert!(LocalHosts::of(std::iter::once(&plane)).contain("kubernetes.default.svc.cluster.local"));
        assert!(LocalHosts::of(std::iter::once(&plane)).contain("istiod.istio-system.svc.cluster.local"));
        assert!(!LocalHosts::of(std::iter::once(&plane)).contain("web.default.svc.cluster.local"));
    }

    #[test]
    fn the_most_specific_setting_wins_and_false_takes_a_default_back() {
        let plane = with_settings(&[
            ("*.shop.svc.cluster.local", true),
            ("web.shop.svc.cluster.local", false),
            ("*.kube-system.svc.cluster.local", false),
        ]);
        assert!(LocalHosts::of(std::iter::once(&plane)).contain("db.shop.svc.cluster.local"));
        assert!(!LocalHosts::of(std::iter::once(&plane)).contain("web.shop.svc.cluster.local"));
        assert!(!LocalHosts::of(std::iter::once(&plane)).contain("kube-dns.kube-system.svc.cluster.local"));
    }
}
