//! MESH405.

use mesh_model::Certificate;

use super::remedy::plug_in_ca;
use crate::facts::dates::{day, days_until, has_passed};
use crate::facts::roots::{Roots, judged_roots, title};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Sink, Tags};

declare_rule! {
    "ca_expiring.md",
    pub static CA_EXPIRING = {
        code: 405, name: "ca-expiring", summary: "roots of trust last for 90 days and more",
        severity: Warning, tags: Tags::empty(),
        needs: [ConfigMap], closed: [ConfigMap], after: [404],
        check: Check::Cluster(check),
    };
}

/// A root takes weeks to exchange over all clusters and workloads.
const THRESHOLD_DAYS: i64 = 90;

fn check(mesh: &MeshView<'_>, view: &ClusterView<'_>, out: &mut Sink<'_>) {
    let Some(roots) = judged_roots(view, out) else { return };
    let ending = |root: &&Certificate| {
        !has_passed(root.not_after, mesh.now())
            && days_until(root.not_after, mesh.now()) < THRESHOLD_DAYS
            && !is_renewed(root, roots.certificates)
    };
    let Some(first) = roots.certificates.iter().filter(ending).min_by_key(|root| root.not_after) else {
        return;
    };
    let message = format!(
        "ConfigMap \"{}\" holds the root {}, which ends in {} days, on {}",
        roots.row.obj.qualified_name(),
        title(first),
        days_until(first.not_after, mesh.now()),
        day(first.not_after),
    );
    plug_in_ca(out.report(roots.row, Roots::path(), message), view);
}

/// Another certificate of the same key lasts longer: what the old one vouched for, it vouches for.
fn is_renewed(root: &Certificate, all: &[Certificate]) -> bool {
    all.iter().any(|other| other.key == root.key && other.not_after > root.not_after)
}
