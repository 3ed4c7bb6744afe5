//! Hosts whose endpoints stay within their cluster (`istio: pilot/pkg/model/cluster_local.go`).

use std::collections::HashMap;

use mesh_model::{ObjectRef, path};

use crate::{Cause, Caused, View};

/// The cluster-local hosts of one istiod.
#[derive(Debug, Default)]
pub(crate) struct LocalHosts {
    exact: HashMap<String, Setting>,
    /// By what follows the `*`.
    suffixes: HashMap<String, Setting>,
    /// Length of the longest suffix, in bytes: no longer one needs a look-up.
    longest: usize,
}

#[derive(Clone, Copy, Debug)]
struct Setting {
    local: bool,
    is_default: bool,
}

impl LocalHosts {
    /// Reads `serviceSettings`; Istio's own hosts stand beside them until a `clusterLocal: false` takes them back.
    pub(crate) fn of(view: &View<'_, '_>) -> Self {
        let settings = &view.mesh_config().0.cluster_local;
        let mut hosts = Self::default();
        for (host, local) in settings {
            hosts.put(host, Setting { local: *local, is_default: false });
        }
        let is_taken_back = |default: &str| {
            settings.iter().any(|(host, local)| {
                let is_below = || default.strip_prefix('*').is_some_and(|suffix| host.ends_with(suffix));
                !local && (**host == *default || is_below())
            })
        };
        for default in defaults(view).filter(|default| !is_taken_back(default)) {
            hosts.put(&default, Setting { local: true, is_default: true });
        }
        hosts
    }

    fn put(&mut self, host: &str, setting: Setting) {
        match host.strip_prefix('*') {
            Some(suffix) => {
                self.longest = self.longest.max(suffix.len());
                self.suffixes.insert(suffix.to_owned(), setting)
            }
            None => self.exact.insert(host.to_owned(), setting),
        };
    }

    /// True when endpoints of `host` stay within their cluster: the most specific setting wins.
    pub(crate) fn is_local(&self, host: &str, config: Option<&ObjectRef>) -> Caused<bool> {
        // Every suffix of the host is one look-up, the longest first.
        let of_suffix = || {
            let starts = host.char_indices().map(|(at, _)| at);
            let mut short = starts.filter(|at| host.len() - at <= self.longest);
            short.find_map(|at| self.suffixes.get(&host[at..]))
        };
        let found = self.exact.get(host).or_else(of_suffix).or_else(|| self.suffixes.get(""));
        let cause = match (found, config) {
            (Some(Setting { is_default: false, .. }), Some(object)) => {
                Cause::field(object, path!["data", "mesh", "serviceSettings"])
            }
            (Some(_), _) => Cause::Default("Istio keeps hosts of the system within their cluster"),
            (None, _) => Cause::Default("no serviceSettings of the mesh config name the host"),
        };
        Caused { value: found.is_some_and(|setting| setting.local), cause }
    }
}

fn defaults(view: &View<'_, '_>) -> impl Iterator<Item = String> {
    let control_plane = &view.config().cluster.control_plane;
    let system = control_plane.system_namespace();
    let revision = control_plane.istiods.first().map(|istiod| &*istiod.revision);
    let istiod = match revision.filter(|revision| *revision != "default") {
        Some(revision) => format!("istiod-{revision}.{system}"),
        None => format!("istiod.{system}"),
    };
    let hosts = ["*.kube-system".to_owned(), "kubernetes.default".to_owned(), istiod];
    hosts.into_iter().map(|host| format!("{host}.svc.cluster.local"))
}
