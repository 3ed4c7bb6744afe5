//! How to tell that Admiral wrote an object: it writes it again, so its policy is what must be mended.

use mesh_model::{Labels, Row, path};

use crate::ClusterView;
use crate::sink::Draft;

/// Annotation (older versions: label) by which Admiral marks what it writes
/// (`admiral: admiral/pkg/controller/common/common.go`).
pub const CREATED_BY: &str = "app.kubernetes.io/created-by";

/// Its value.
pub const ADMIRAL: &str = "admiral";

/// True for an object that Admiral wrote.
#[must_use]
pub fn wrote<R>(row: &Row<R>) -> bool {
    let marked = |marks: &Labels| marks.is(CREATED_BY, ADMIRAL);
    marked(&row.annotations) || marked(&row.labels)
}

/// Admiral runs here, knows the cluster by a Secret here, or writes here.
pub(crate) fn is_used(view: &ClusterView<'_>) -> bool {
    view.deployments().rows().iter().any(|row| row.fact.template_labels.is("app", "admiral"))
        || view.secrets().rows().iter().any(|row| row.labels.get("admiral/sync").is_some())
        || view.service_entries().rows().iter().any(wrote)
}

/// Says on a finding about an object of Admiral's where to mend it, for a patch of the object itself does not last.
pub(crate) fn point_to<'s, R>(draft: Draft<'s>, row: &Row<R>, where_to: &str) -> Draft<'s> {
    if !wrote(row) {
        return draft;
    }
    draft.evidence(
        row,
        path!["metadata", "annotations", CREATED_BY],
        format!("Admiral writes this object: {where_to}"),
    )
}
