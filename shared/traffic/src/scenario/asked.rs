//! What is asked: calls of one port of a service by clients of all clusters, and what every step of the answer needs.

use mesh_model::Cluster;

use crate::{Service, Traffic, View};

use super::callers::Callers;
use super::gone::Gone;
use super::loss::{Lost, Mode};
use super::outcome::Scenario;

/// One port of a service under one loss.
pub(super) struct Asked<'q, 'm> {
    pub(super) traffic: &'q Traffic<'m>,
    /// What the istiod of each cluster sees, by position of the cluster.
    pub(super) views: Vec<View<'q, 'm>>,
    pub(super) host: &'q str,
    pub(super) port: u16,
    pub(super) lost: &'q Lost,
    pub(super) mode: Mode,
    pub(super) callers: &'q Callers,
    /// The endpoints that are lost.
    pub(super) gone: Gone<'m>,
}

impl<'q, 'm> Asked<'q, 'm> {
    pub(super) fn new(traffic: &'q Traffic<'m>, host: &'q str, port: u16, scenario: &'q Scenario) -> Self {
        let view = |at| match scenario.rules {
            Some(rules) => traffic.view_by(at, rules),
            None => traffic.view(at),
        };
        let views: Vec<_> = (0..traffic.mesh().clusters().len()).map(view).collect();
        let gone = Gone::of(&views, host, port, &scenario.lost);
        Self {
            traffic,
            views,
            host,
            port,
            lost: &scenario.lost,
            mode: scenario.mode,
            callers: &scenario.callers,
            gone,
        }
    }

    /// The service as a view has it; `None` where it does not know it or the port.
    pub(super) fn service(&self, view: &View<'_, 'm>) -> Option<Service<'m>> {
        view.service(self.host).filter(|service| service.port(self.port).is_some())
    }

    /// The cluster at a position.
    pub(super) fn cluster(&self, at: usize) -> &'m Cluster {
        &self.traffic.mesh().clusters()[at]
    }
}
