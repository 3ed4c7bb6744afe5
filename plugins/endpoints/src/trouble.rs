//! Findings about the way to an address: istiod lists it, and a call still fails.
//!
//! Only rules that speak of the way between two clusters, or of a gateway, are asked; what they find makes the state of
//! a row. They judge objects, so an address without a code is not proved to work.

use mesh_model::{ClusterName, Mesh, Step};
use mesh_rules::engine::{self, Options};
use mesh_rules::{Code, Finding, Outcome, Rule, SelectError, Selection};

use crate::row::Row;

/// Roots of trust that differ: the handshake between the clusters fails.
const ROOTS: Code = Code(401);

/// Rules about the way to another cluster.
const RULES: [&str; 2] = ["MESH401", "MESH509"];

/// The rules that are asked.
pub(crate) fn rules() -> Result<Selection, SelectError> {
    Selection::new(&RULES, &[])
}

/// What the rules found.
#[derive(Debug)]
pub(crate) struct Trouble(Outcome);

impl Trouble {
    pub(crate) fn of(mesh: &Mesh, rules: &[&'static Rule], options: &Options) -> Self {
        Self(engine::run(mesh, rules, options))
    }

    /// The findings that stand in the way of a client to the endpoints of a row.
    pub(crate) fn on_the_way<'a>(
        &'a self,
        client: &'a ClusterName,
        row: &'a Row,
    ) -> impl Iterator<Item = &'a Finding> {
        self.0.findings.iter().filter(move |finding| stands_between(finding, client, row))
    }

    /// The findings of all these ways, and the verdicts.
    pub(crate) fn outcome(self, ways: &[(&ClusterName, &Row)]) -> Outcome {
        let Outcome { mut findings, verdicts } = self.0;
        findings.retain(|finding| ways.iter().any(|(client, row)| stands_between(finding, client, row)));
        Outcome { findings, verdicts }
    }
}

fn stands_between(finding: &Finding, client: &ClusterName, row: &Row) -> bool {
    let here = finding.subject.cluster();
    let is_there = |cluster: &ClusterName| row.cluster.split(',').any(|name| *cluster == *name);
    if finding.code == ROOTS {
        // Both sides check the other's certificate, so one wrong bundle is enough.
        let peer = finding.peer.as_ref();
        return peer.is_some_and(|peer| here == client && is_there(peer) || peer == client && is_there(here));
    }
    // A server that leaves out hosts may serve this one.
    let of_hosts = finding.path.steps().last().is_some_and(|step| *step == Step::from("hosts"));
    row.gateway.is_some() && is_there(here) && here != client && !of_hosts
}
