//! How many hosts outlier detection may take out, as clients of a cluster have it: what MESH219, 220, 222 and 227 ask.

use mesh_model::row::DestinationRule;
use mesh_model::{FieldPath, Row};
use mesh_traffic::envoy::{self, HostSet};
use mesh_traffic::{Client, Discovery, Outlier, Prediction};

use crate::facts::clients::Scene;

/// A client whose Envoy cluster has outlier detection by a DestinationRule.
pub(super) struct Watched<'p, 'a> {
    /// The client.
    pub(super) client: &'p Client<'a>,
    /// What it gets.
    pub(super) prediction: &'p Prediction<'a>,
    /// The hosts that it has, each address once.
    pub(super) hosts: HostSet,
    /// The detection in force.
    pub(super) outlier: &'p Outlier,
    /// The rule it comes from.
    pub(super) row: &'a Row<DestinationRule>,
    /// Path of `outlierDetection` in it.
    pub(super) path: FieldPath,
}

impl Watched<'_, '_> {
    /// How many hosts may be out at once.
    pub(super) fn most(&self) -> usize {
        envoy::most_ejected(self.hosts.len(), self.outlier.ejection_percent())
    }

    /// Path of the limit.
    pub(super) fn limit(&self) -> FieldPath {
        self.path.clone().then("maxEjectionPercent")
    }

    /// The limit as messages tell it.
    pub(super) fn percent(&self) -> String {
        match self.outlier.max_ejection_percent {
            Some(percent) => percent.to_string(),
            None => "unset, which means 10,".to_owned(),
        }
    }

    /// All hosts stand in one locality.
    pub(super) fn is_in_one_locality(&self) -> bool {
        let mut groups = self.prediction.assignment.groups.iter().filter(|group| !group.endpoints.is_empty());
        let first = groups.next().map(|group| &group.locality);
        groups.all(|group| Some(&group.locality) == first)
    }
}

/// The clients of a scene with detection that can eject. Where Envoy resolves names itself the number of hosts is not
/// known, and nothing is said.
pub(super) fn watched<'p, 'a>(scene: &'p Scene<'_, '_, 'a>) -> impl Iterator<Item = Watched<'p, 'a>> {
    scene.predictions.iter().filter_map(|(client, prediction)| {
        let settings = &prediction.settings;
        let outlier = settings.outlier.value.as_ref().filter(|outlier| outlier.can_eject())?;
        if settings.discovery != Discovery::Eds {
            return None;
        }
        let (row, path) = scene.judged.rule_of(&settings.outlier.cause)?;
        let hosts = envoy::hosts(&prediction.assignment);
        Some(Watched { client, prediction, hosts, outlier, row, path: path.clone() })
    })
}
