//! MESH4xx: trust and certificates.

mod ca_expired;
mod ca_expiring;
mod remedy;
mod roots_differ;

pub use ca_expired::CA_EXPIRED;
pub use ca_expiring::CA_EXPIRING;
pub use roots_differ::ROOTS_DIFFER;
