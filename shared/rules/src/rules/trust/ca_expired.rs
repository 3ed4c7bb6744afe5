//! MESH404.

use mesh_model::Kind;

use super::remedy::plug_in_ca;
use crate::facts::dates::{day, has_passed};
use crate::facts::roots::{Known, Roots, roots, title};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Severity, Sink, Tags};

declare_rule! {
    "ca_expired.md",
    pub static CA_EXPIRED = {
        code: 404, name: "ca-expired", summary: "a root of trust is valid",
        severity: Error, tags: Tags::empty(),
        needs: [ConfigMap], closed: [ConfigMap], after: [],
        check: Check::Cluster(check),
    };
}

fn check(mesh: &MeshView<'_>, view: &ClusterView<'_>, out: &mut Sink<'_>) {
    match roots(view) {
        Known::Nothing => {}
        Known::Missing(cause) => out.cannot_judge(view, Kind::ConfigMap, cause),
        Known::Unreadable(row, bundle) => {
            let why = bundle.broken.first().map_or("it is empty", String::as_str);
            let message =
                format!("ConfigMap \"{}\" holds no root that can be read: {why}", row.obj.qualified_name());
            plug_in_ca(out.report(row, Roots::path(), message), view);
        }
        Known::Roots(roots) => judge(mesh, view, roots, out),
    }
}

fn judge(mesh: &MeshView<'_>, view: &ClusterView<'_>, roots: Roots<'_>, out: &mut Sink<'_>) {
    let Some(last) = roots.certificates.iter().max_by_key(|root| root.not_after) else { return };
    if !has_passed(last.not_after, mesh.now()) {
        if let Some(why) = roots.broken.first() {
            let message = format!(
                "ConfigMap \"{}\" holds a block beside its roots that cannot be read: {why}",
                roots.row.obj.qualified_name(),
            );
            plug_in_ca(out.report(roots.row, Roots::path(), message).severity(Severity::Warning), view);
        }
        return;
    }
    let which = if roots.certificates.len() == 1 { "its root" } else { "the last of its roots" };
    let message = format!(
        "ConfigMap \"{}\" holds no valid root: {which}, {}, ended {}",
        roots.row.obj.qualified_name(),
        title(last),
        day(last.not_after),
    );
    plug_in_ca(out.report(roots.row, Roots::path(), message), view);
}
