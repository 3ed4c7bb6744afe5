//! What the findings about traffic policies cover: the (subset, port) on which a rule finds something, and the
//! level it reports for it.

use mesh_model::FieldPath;
use mesh_traffic::{Level, Policies, Scope};

use super::locality::{drops_load_balancer, drops_outlier_detection, hides, lacks_outlier_detection};
use crate::Code;

pub(crate) use super::locality::asked;

/// The level at which a rule reports a scope; `None` where the scope is fine.
pub(crate) type Extent = fn(&Policies<'_>, Scope) -> Option<Level>;

/// What the findings of `code` cover, as sets that must each not grow; none for rules whose findings are about one
/// field only.
pub(crate) const fn of(code: Code) -> &'static [Extent] {
    match code.0 {
        201 | 238 => &[lacks_outlier_detection],
        205 => &[hides],
        206 => &[drops_outlier_detection, drops_load_balancer],
        _ => &[],
    }
}

/// The path that `code` reports for a level.
pub(crate) fn place(code: Code, level: Level) -> FieldPath {
    match code.0 {
        205 => level.path().then("loadBalancer"),
        _ => level.path(),
    }
}
