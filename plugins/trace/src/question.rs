//! The question of one client, and its answer by one rule set: the journeys of its calls.

use mesh_cli::{Agreed, rule_sets};
use mesh_model::{Hostname, Mesh};
use mesh_traffic::{Call, Client, Destination, RuleSet, Service, Traffic, View};

use crate::hop::{Hop, Journey};
use crate::steps::{endpoint, gateway, name, policy, route, server};
use crate::way::{Through, Way, ways};

/// What is called.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Question<'q> {
    pub(crate) host: &'q str,
    pub(crate) port: u16,
    /// Calls this subset, whatever the routes say.
    pub(crate) subset: Option<&'q str>,
    /// Where the call is to end.
    pub(crate) to: Option<&'q str>,
    pub(crate) call: Call<'q>,
}

/// One client's call by one rule set.
pub(crate) struct Asked<'a, 't, 'm> {
    pub(crate) question: &'a Question<'a>,
    pub(crate) traffic: &'t Traffic<'m>,
    /// The istiod of the client.
    pub(crate) view: &'a View<'t, 'm>,
    pub(crate) client: &'a Client<'m>,
}

impl Question<'_> {
    /// Asks every rule set in question; neighbours that agree stand together.
    pub(crate) fn ask<'m>(&self, traffic: &Traffic<'m>, client: &Client<'m>) -> Vec<Agreed<Vec<Journey>>> {
        rule_sets::ask(traffic, client, |rules| self.ask_one(traffic, client, rules))
    }

    fn ask_one<'m>(&self, traffic: &Traffic<'m>, client: &Client<'m>, rules: RuleSet) -> Vec<Journey> {
        let view = traffic.view_by(client.cluster, rules);
        let asked = Asked { question: self, traffic, view: &view, client };
        let start = name::hop(&asked);
        let Some(service) = view.service_for(self.host, &client.namespace) else {
            return vec![alone(vec![start, route::no_service(&asked)])];
        };
        let taken = route::find(&asked, &service);
        if taken.destinations.is_empty() {
            return vec![alone(vec![start, taken.hop])];
        }
        let journeys = taken.destinations.iter().flat_map(|to| {
            let share = f64::from(to.weight) / f64::from(to.total.max(1));
            let hop = route::to(&asked, &taken, to);
            asked.to_destination(&taken, to, share, vec![start.clone(), hop])
        });
        journeys.collect()
    }
}

impl<'m> Asked<'_, '_, 'm> {
    pub(crate) fn mesh(&self) -> &'m Mesh {
        self.traffic.mesh()
    }

    /// The service of a destination as the client sees it.
    pub(crate) fn service(&self, host: &Hostname) -> Option<Service<'m>> {
        self.view.service_for(host, &self.client.namespace)
    }

    fn to_destination(
        &self,
        taken: &route::Taken,
        to: &Destination,
        share: f64,
        mut hops: Vec<Hop>,
    ) -> Vec<Journey> {
        let journey = |via: String, share: f64, hops: Vec<Hop>| Journey {
            destination: to.to_string(),
            via,
            share,
            hops,
        };
        let Some(service) = self.service(&to.host) else { return vec![journey(String::new(), share, hops)] };
        let subset = Some(&*to.subset).filter(|subset| !subset.is_empty());
        let prediction = self.view.predict(self.client, &service, to.port, subset);
        hops.push(policy::hop(self, to, &prediction));
        let ways = ways(self.mesh(), &prediction, self.question.to);
        if ways.is_empty() {
            hops.push(endpoint::none(self, &prediction));
            return vec![journey(String::new(), share, hops)];
        }
        let last = prediction.assignment.groups.iter().map(|group| group.priority).max().unwrap_or(0);
        let server = server::Server { asked: self, taken, to, service: &service, prediction: &prediction };
        let each = ways.iter().map(|way| {
            let mut hops = hops.clone();
            hops.push(endpoint::hop(self, way, last, &prediction));
            hops.extend(behind(&server, way));
            journey(way.through.text(self.mesh()), share * way.share, hops)
        });
        each.collect()
    }
}

/// A journey that leads nowhere.
fn alone(hops: Vec<Hop>) -> Journey {
    Journey { destination: String::new(), via: String::new(), share: 1.0, hops }
}

/// The hops behind the choice of an endpoint.
fn behind<'m>(server: &server::Server<'_, '_, '_, 'm>, way: &Way<'m>) -> Vec<Hop> {
    let mut hops = Vec::new();
    match &way.through {
        Through::Cluster(_) => hops.extend(server.hops(&way.endpoints, true)),
        Through::Gateway { network, cause, .. } => {
            let passage = gateway::pass(server, way, network, cause);
            hops.extend(passage.hops);
            hops.extend(server.hops(&passage.endpoints, false));
        }
    }
    hops
}
