//! What a session has read, and the report over it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use mesh_model::{Cluster, ClusterName, Kind, KindSet, Mesh};
use mesh_report::{ClusterGap, ClusterInfo, Place, Report, ReportKind};
use mesh_rules::{Finding, Outcome, Rule};

use super::actual::Asking;
use crate::{Exit, Failure, Session};

/// How one live cluster was read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    pub(super) context: String,
    pub(super) took: Duration,
}

/// Finds the place of a finding in the files that were read.
pub(super) type Locate = Box<dyn Fn(&Finding) -> Option<Place>>;

/// What a source gives.
pub(super) struct Read {
    pub(super) mesh: Mesh,
    pub(super) readings: BTreeMap<ClusterName, Reading>,
    pub(super) locate: Locate,
    /// Namespace of the first context, if it names one.
    pub(super) namespace: Option<String>,
    /// Clusters of the mesh that nobody read.
    pub(super) beyond: Vec<ClusterGap>,
    /// The means to ask more; files have none.
    pub(super) asking: Option<Asking>,
}

/// Everything a session has read.
pub struct Loaded {
    pub(super) read: Read,
    /// Kinds that were wanted; gaps in others are no concern of the run.
    pub(super) kinds: KindSet,
    pub(super) now: Timestamp,
    /// When the run began; `None` where the time of the run was typed, which asks for repeatable output.
    pub(super) started: Option<Instant>,
    /// Proxies and istiods that were asked and gave no answer.
    pub(super) unanswered: RefCell<Vec<ClusterGap>>,
}

impl Loaded {
    /// The facts.
    #[must_use]
    pub const fn mesh(&self) -> &Mesh {
        &self.read.mesh
    }

    /// The namespace that was typed is in one of the clusters, or may be in one whose namespaces are not known.
    ///
    /// # Errors
    /// If it is in none. In files, an object in the namespace stands for it as well.
    pub fn expect_namespace(&self, name: &str) -> Result<(), Failure> {
        let clusters = self.read.mesh.clusters();
        let is_known = |cluster: &Cluster| {
            let mut namespaces = cluster
                .services
                .rows()
                .iter()
                .map(|row| &row.obj)
                .chain(cluster.pods.rows().iter().map(|row| &row.obj))
                .chain(cluster.deployments.rows().iter().map(|row| &row.obj))
                .chain(cluster.destination_rules.rows().iter().map(|row| &row.obj))
                .chain(cluster.virtual_services.rows().iter().map(|row| &row.obj))
                .chain(cluster.service_entries.rows().iter().map(|row| &row.obj))
                .chain(cluster.gateways.rows().iter().map(|row| &row.obj))
                .chain(cluster.sidecars.rows().iter().map(|row| &row.obj))
                .map(|object| &object.namespace);
            cluster.namespaces.find("", name).is_some() || namespaces.any(|namespace| *namespace == *name)
        };
        if clusters.iter().any(|cluster| cluster.gaps.of(Kind::Namespace).is_some() || is_known(cluster)) {
            return Ok(());
        }
        Err(Failure::NoNamespace { name: name.to_owned(), clusters: clusters.len() })
    }

    /// The report of `rules` over what was read.
    #[must_use]
    pub fn check_report(
        &self,
        session: &Session,
        rules: &[&'static Rule],
        outcome: Outcome,
        exit: Exit,
    ) -> Report {
        let mut report = self.report(session, ReportKind::CheckReport, exit);
        report.rules = rules.to_vec();
        report.places = outcome
            .findings
            .iter()
            .filter_map(|finding| Some((finding.fingerprint(), (self.read.locate)(finding)?)))
            .collect();
        report.outcome = outcome;
        report
    }

    /// A report over what was read, without findings.
    #[must_use]
    pub fn report(&self, session: &Session, kind: ReportKind, exit: Exit) -> Report {
        let mut report = Report::new(kind, session.tool(), self.now.to_string());
        let clusters = self.read.mesh.clusters();
        report.mesh_id = agreed(clusters.iter().map(|cluster| cluster.control_plane.mesh_id()));
        report.trust_domains = trust_domains(&self.read.mesh);
        report.seconds = self.started.map(|started| started.elapsed().as_secs_f64());
        report.clusters = clusters.iter().map(|cluster| self.info(cluster)).collect();
        report.gaps = self.gaps();
        report.exit_code = exit as u8;
        report
    }

    fn info(&self, cluster: &Cluster) -> ClusterInfo {
        let reading = self.read.readings.get(&cluster.name);
        let plane = &cluster.control_plane;
        ClusterInfo {
            name: cluster.name.clone(),
            context: reading.map(|reading| reading.context.clone()),
            reachable: cluster.gaps.of_cluster().is_none(),
            istio_version: plane.version.map(|version| version.to_string()),
            kubernetes_version: cluster.kubernetes_version.clone(),
            network: Some(plane.network().to_string()).filter(|network| !network.is_empty()),
            role: role(cluster).map(str::to_owned),
            seconds: reading.filter(|_| self.started.is_some()).map(|reading| reading.took.as_secs_f64()),
        }
    }
}

fn role(cluster: &Cluster) -> Option<&'static str> {
    if !cluster.control_plane.istiods.is_empty() {
        Some("primary")
    } else if !cluster.revisions.rows().is_empty() {
        Some("managed")
    } else {
        None
    }
}

/// The one value all clusters that name one agree on.
fn agreed<'a>(values: impl Iterator<Item = Option<&'a str>>) -> Option<String> {
    let named: BTreeSet<&str> = values.flatten().collect();
    named.first().filter(|_| named.len() == 1).map(|value| (*value).to_owned())
}

fn trust_domains(mesh: &Mesh) -> Vec<String> {
    let configs = mesh.clusters().iter().filter_map(|cluster| cluster.control_plane.mesh_config.as_ref());
    let domains: BTreeSet<_> = configs.map(|(_, config)| config.trust_domain.to_string()).collect();
    domains.into_iter().collect()
}
