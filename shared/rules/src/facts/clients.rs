//! What clients of the clusters get of a host, by the computation of traffic.
//!
//! A prediction for a client rests on every cluster that its istiod reads. Where one of them could not be read, the
//! client's cluster cannot be judged: its result would be one of less than there is.

use std::collections::BTreeSet;

use mesh_model::row::DestinationRule;
use mesh_model::{FieldPath, Kind, Locality, Row};
use mesh_traffic::{Cause, Chosen, Client, Prediction, Service, View};

use crate::{ClusterView, MeshView, Sink};

/// A cluster with clients, and what their istiod sees.
pub(crate) struct Judged<'m, 'a> {
    /// The cluster of the clients.
    pub(crate) cluster: ClusterView<'a>,
    /// What their istiod sees.
    pub(crate) view: View<'m, 'a>,
    /// Where the clients stand, with the number of pods; sorted. Empty without a proxy.
    pub(crate) localities: Vec<(Locality, usize)>,
}

/// One Envoy cluster as clients of one cluster have it.
pub(crate) struct Scene<'s, 'm, 'a> {
    /// Whose clients.
    pub(crate) judged: &'s Judged<'m, 'a>,
    /// Whom they call.
    pub(crate) service: &'s Service<'a>,
    /// The port.
    pub(crate) port: u16,
    /// The subset, if any.
    pub(crate) subset: Option<&'a str>,
    /// What clients of each locality get.
    pub(crate) predictions: Vec<(Client<'a>, Prediction<'a>)>,
}

/// The clusters that can be judged with all that their istiods read; of the others `out` is told.
pub(crate) fn judged<'m, 'a>(mesh: &'m MeshView<'a>, out: &mut Sink<'_>) -> Vec<Judged<'m, 'a>> {
    let traffic = mesh.traffic();
    let mut all = Vec::new();
    for at in 0..traffic.mesh().clusters().len() {
        let Some(cluster) = mesh.judged(at) else { continue };
        let view = traffic.view(at);
        if let Some(unread) = view.sees().iter().find(|seen| mesh.judged(seen.cluster).is_none()) {
            let name = &traffic.mesh().clusters()[unread.cluster].name;
            let cause = format!("its istiod also reads cluster {name}, which could not be read whole");
            out.cannot_judge(&cluster, Kind::EndpointSlice, cause);
            continue;
        }
        let localities = view.localities();
        all.push(Judged { cluster, view, localities });
    }
    all
}

impl<'a> Judged<'_, 'a> {
    /// The services that the cluster itself names: its Services, and hosts of its ServiceEntries.
    pub(crate) fn services(&self) -> impl Iterator<Item = Service<'a>> {
        let rows = self.cluster.services().rows().iter();
        let own = rows.map(|row| format!("{}.{}.svc.cluster.local", row.obj.name, row.obj.namespace));
        let entries = self.cluster.service_entries().rows().iter();
        let named = entries.flat_map(|row| &row.fact.hosts).map(ToString::to_string);
        let hosts: BTreeSet<String> = own.chain(named).collect();
        hosts.into_iter().filter_map(|host| self.view.service(&host))
    }

    /// Shows each Envoy cluster of hosts that a DestinationRule covers, with and without each subset.
    pub(crate) fn each_ruled(&self, mut show: impl FnMut(&Scene<'_, '_, 'a>)) {
        for service in self.services() {
            let Some(rule) = self.rule(&service) else { continue };
            let subsets: Vec<Option<&'a str>> =
                std::iter::once(None).chain(rule.subsets().map(Some)).collect();
            for port in &service.ports {
                for subset in &subsets {
                    show(&self.scene(&service, port.number(), *subset));
                }
            }
        }
    }

    /// One Envoy cluster for clients of each locality; without a prediction where no pod has a proxy.
    pub(crate) fn scene<'s>(
        &'s self,
        service: &'s Service<'a>,
        port: u16,
        subset: Option<&'a str>,
    ) -> Scene<'s, 's, 'a> {
        let predictions = self.localities.iter().map(|(locality, _)| {
            let client = self.view.client_at(locality.clone(), service.namespace);
            let prediction = self.view.predict(&client, service, port, subset);
            (client, prediction)
        });
        Scene { judged: self, service, port, subset, predictions: predictions.collect() }
    }

    fn rule(&self, service: &Service<'a>) -> Option<Chosen<'a>> {
        let (locality, _) = self.localities.first()?;
        let client = self.view.client_at(locality.clone(), service.namespace);
        let own_id = self.view.cluster_id(client.cluster);
        self.view.destination_rules().find(&client, own_id, service.namespace, service.host)
    }

    /// The DestinationRule and path that a cause names.
    pub(crate) fn rule_of<'c>(&self, cause: &'c Cause) -> Option<(&'a Row<DestinationRule>, &'c FieldPath)> {
        let Cause::Field { object, path } = cause else { return None };
        if object.kind != Kind::DestinationRule {
            return None;
        }
        let row = self.cluster.destination_rules().find(&object.namespace, &object.name)?;
        (row.obj == *object).then_some((row, path))
    }
}

impl Scene<'_, '_, '_> {
    /// How messages call it: `payments.shop.svc.cluster.local:80`, with the subset behind.
    pub(crate) fn title(&self) -> String {
        let subset = self.subset.map(|subset| format!(" (subset {subset})")).unwrap_or_default();
        format!("{}:{}{subset}", self.service.host, self.port)
    }
}

/// How messages call a locality: its parts without empty ones at the end, or `no locality`.
pub(crate) fn title(locality: &Locality) -> String {
    let text = locality.to_string();
    let text = text.trim_end_matches('/');
    if text.is_empty() { "no locality".to_owned() } else { text.to_owned() }
}
