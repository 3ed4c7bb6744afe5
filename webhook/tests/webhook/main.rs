//! The webhook from review to reply, without a cluster.

#[cfg(test)]
mod common;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod log;
#[cfg(test)]
mod manifests;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod recorded;
#[cfg(test)]
mod server;
#[cfg(test)]
mod verdicts;
