//! MESH8xx: injection, revisions, managed control planes.

mod revision_unknown;
pub(super) mod revisions;
mod webhook_service_unavailable;

pub use revision_unknown::REVISION_UNKNOWN;
pub use webhook_service_unavailable::WEBHOOK_SERVICE_UNAVAILABLE;
