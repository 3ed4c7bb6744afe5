//! What the control plane of a cluster says about itself: istiods, mesh config, network, mesh ID.
//!
//! Derived once when a cluster is built, from Deployments or Pods of istiod, the mesh ConfigMap, the injector's
//! values and the label of the system namespace.

use std::sync::Arc;

use crate::row::{ConfigMapFact, Container, InjectorValues, MeshConfig};
use crate::{Cluster, Gap, IstioVersion, Kind, Labels, Namespace, Network, Note, ObjectRef, Row};

/// Namespace of istiod unless an install says otherwise.
pub const SYSTEM_NAMESPACE: &str = "istio-system";

/// Label of namespaces and Services that names a network.
pub(crate) const NETWORK_LABEL: &str = "topology.istio.io/network";

/// One installed istiod.
#[derive(Clone, Debug)]
pub struct Istiod {
    /// Its Deployment, or its Pod where no Deployment was read.
    pub obj: ObjectRef,
    /// `REVISION`; `default` if unset.
    pub revision: Arc<str>,
    /// `CLUSTER_ID`; `Kubernetes` if unset (`istio: pilot/cmd/pilot-discovery`). `None` where the environment
    /// was not read.
    pub cluster_id: Option<Arc<str>>,
    /// From the image tag, if it is a version.
    pub version: Option<IstioVersion>,
    /// Environment of its container: feature flags such as `PILOT_SEND_UNHEALTHY_ENDPOINTS`.
    pub env: Labels,
}

/// The control plane of one cluster.
#[derive(Clone, Debug, Default)]
pub struct ControlPlane {
    /// Installed istiods by name.
    pub istiods: Vec<Istiod>,
    /// The namespace they run in.
    pub namespace: Option<Namespace>,
    /// The ConfigMap and content of the mesh config in force, where it can be read.
    pub mesh_config: Option<(ObjectRef, Arc<MeshConfig>)>,
    /// Values of the sidecar injector.
    pub injector: Option<InjectorValues>,
    /// Label of the system namespace; `None` where the namespace was not read or has none.
    pub network_label: Option<Network>,
    /// Set by `--istio-version`, or the lowest version of the istiods.
    pub version: Option<IstioVersion>,
}

impl ControlPlane {
    /// The system namespace, the default one where no istiod tells.
    #[must_use]
    pub fn system_namespace(&self) -> &str {
        self.namespace.as_deref().unwrap_or(SYSTEM_NAMESPACE)
    }

    /// The network of the cluster: the label wins over the injector's value
    /// (`istio: pilot/pkg/serviceregistry/kube/controller/network.go`). Empty if neither names one.
    #[must_use]
    pub fn network(&self) -> Network {
        self.network_label
            .clone()
            .or_else(|| self.injector.as_ref().map(|values| values.network.clone()))
            .unwrap_or_else(|| Network::from(""))
    }

    /// The cluster ID of the istiods or of the injector, if one is known.
    #[must_use]
    pub fn cluster_id(&self) -> Option<&str> {
        let of_istiod = self.istiods.iter().find_map(|istiod| istiod.cluster_id.as_deref());
        of_istiod
            .or_else(|| self.injector.as_ref().map(|values| &*values.cluster_name))
            .filter(|id| !id.is_empty())
    }

    /// The mesh ID set by hand, if any.
    #[must_use]
    pub fn mesh_id(&self) -> Option<&str> {
        let of_config = self.mesh_config.as_ref().and_then(|(_, config)| config.mesh_id.as_deref());
        of_config
            .or_else(|| self.injector.as_ref().map(|values| &*values.mesh_id))
            .filter(|id| !id.is_empty())
    }
}

pub(crate) fn derive(cluster: &mut Cluster, fixed_version: Option<IstioVersion>, notes: &mut Vec<Note>) {
    let mut istiods: Vec<Istiod> = cluster
        .deployments
        .rows()
        .iter()
        .filter_map(|row| istiod(row, &row.fact.template_labels, &row.fact.containers))
        .collect();
    if istiods.is_empty() && cluster.gaps.of(Kind::Deployment).is_none_or(Gap::is_not_given) {
        let pods = cluster.pods.rows().iter().filter(|row| !row.fact.finished);
        istiods = pods.filter_map(|row| istiod(row, &row.labels, &row.fact.containers)).collect();
    }
    let namespace = istiods.first().map(|first| first.obj.namespace.clone());
    let system = namespace.as_deref().unwrap_or(SYSTEM_NAMESPACE);
    let revision = istiods.iter().map(|istiod| &*istiod.revision).find(|revision| *revision != "default");
    let default_here = istiods.iter().any(|istiod| &*istiod.revision == "default");
    let suffix = if default_here { None } else { revision };
    let named = |base: &str| suffix.map_or_else(|| base.to_owned(), |revision| format!("{base}-{revision}"));
    let mut unreadable = Vec::new();
    let mut mesh_config = None;
    let mut injector = None;
    for name in [named("istio"), named("istio-sidecar-injector")] {
        let Some(row) = cluster.config_maps.find(system, &name) else { continue };
        match &row.fact {
            ConfigMapFact::MeshConfig(Ok(config)) => {
                mesh_config = Some((row.obj.clone(), Arc::new((**config).clone())));
            }
            ConfigMapFact::Injector(Ok(values)) => injector = Some(values.clone()),
            ConfigMapFact::MeshConfig(Err(message)) | ConfigMapFact::Injector(Err(message)) => {
                unreadable.push((row.obj.clone(), message.clone()));
            }
            ConfigMapFact::RootCertificates(_) => {}
        }
    }
    let network_label = cluster.namespaces.find("", system).and_then(|row| row.labels.get(NETWORK_LABEL));
    let version = fixed_version.or_else(|| istiods.iter().filter_map(|istiod| istiod.version).min());
    cluster.control_plane = ControlPlane {
        network_label: network_label.map(Network::from),
        istiods,
        namespace,
        mesh_config,
        injector,
        version,
    };
    // Its defaults must not pass for what it says.
    for (object, message) in unreadable {
        let cause = format!("ConfigMap \"{}\" cannot be read", object.qualified_name());
        cluster.gaps.lose(Kind::ConfigMap, Gap::Truncated { cause });
        notes.push(Note::Unreadable {
            cluster: cluster.name.clone(),
            object: Some(object),
            file: String::new(),
            position: None,
            message,
        });
    }
}

/// Labels of istiod's charts, the second of older ones.
pub(crate) fn is_istiod(labels: &Labels) -> bool {
    labels.is("app", "istiod") || labels.is("istio", "pilot")
}

fn istiod<R>(row: &Row<R>, labels: &Labels, containers: &[Container]) -> Option<Istiod> {
    if !is_istiod(labels) {
        return None;
    }
    let discovery = containers.iter().find(|container| &*container.name == "discovery")?;
    let revision = discovery.env.get("REVISION").or_else(|| labels.get("istio.io/rev")).unwrap_or("default");
    Some(Istiod {
        obj: row.obj.clone(),
        revision: Arc::from(if revision.is_empty() { "default" } else { revision }),
        cluster_id: Some(Arc::from(discovery.env.get("CLUSTER_ID").unwrap_or("Kubernetes"))),
        version: image_version(&discovery.image),
        env: discovery.env.clone(),
    })
}

fn image_version(image: &str) -> Option<IstioVersion> {
    let name = image.split('@').next()?;
    let (_, tag) = name.rsplit_once(':')?;
    tag.parse().ok()
}
