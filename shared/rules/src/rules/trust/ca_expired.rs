//! MESH404.

use super::remedy::plug_in_ca;
use crate::facts::dates::{day, has_passed};
use crate::facts::roots::{Roots, roots, title};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Sink, Tags};

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
    let Some(roots) = roots(view) else { return };
    if !roots.certificates.iter().all(|root| has_passed(root.not_after, mesh.now())) {
        return;
    }
    let Some(last) = roots.certificates.iter().max_by_key(|root| root.not_after) else { return };
    let which = if roots.certificates.len() == 1 { "its root" } else { "the last of its roots" };
    let message = format!(
        "ConfigMap \"{}\" holds no valid root: {which}, {}, ended {}",
        roots.row.obj.qualified_name(),
        title(last),
        day(last.not_after),
    );
    plug_in_ca(out.report(roots.row, Roots::path(), message), view);
}
