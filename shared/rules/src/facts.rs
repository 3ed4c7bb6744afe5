//! What several rules ask about a mesh: who belongs together, what reaches whom. Reads tables through the views,
//! so that the kinds count as read; reports nothing.

pub(crate) mod clients;
pub(crate) mod cluster_local;
pub(crate) mod dates;
pub(crate) mod gateways;
pub(crate) mod groups;
pub(crate) mod localities;
pub(crate) mod membership;
pub(crate) mod networks;
pub(crate) mod pods;
pub(crate) mod roots;
pub(crate) mod services;
pub(crate) mod shared_service;
