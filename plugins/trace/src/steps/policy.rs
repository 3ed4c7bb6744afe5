//! POLICY: the DestinationRule in force, and what it says of locality.

use mesh_model::{Kind, path};
use mesh_traffic::{Cause, Chosen, Destination, Outlier, Prediction};

use crate::hop::{Hop, Step};
use crate::known::lost;
use crate::question::Asked;

pub(crate) fn hop(asked: &Asked<'_, '_, '_>, to: &Destination, prediction: &Prediction<'_>) -> Hop {
    let rows: Vec<_> = prediction.rule.iter().flat_map(Chosen::rows).collect();
    let names: Vec<_> = rows.iter().map(|row| row.obj.qualified_name()).collect();
    let source = match names.as_slice() {
        [] => "no DestinationRule".to_owned(),
        names => format!("DestinationRule {}", names.join(" and ")),
    };
    let cause = rows
        .first()
        .map_or(Cause::Default("no DestinationRule"), |row| Cause::field(&row.obj, path!["spec"]));
    let settings = &prediction.settings;
    let ejects = settings.outlier.value.as_ref().is_some_and(Outlier::can_eject);
    let ejection = if ejects { "outlierDetection on" } else { "outlierDetection off" };
    let what = format!("{source}, port {}: {}, {ejection}", to.port, settings.locality.value.text());
    let lost = lost(asked.mesh(), [asked.view.config_cluster()], &[Kind::DestinationRule]);
    Hop::ok(Step::Policy, what, cause).unless_lost(lost)
}
