//! What a policy looks at.

use std::net::IpAddr;

use crate::Call;

/// A call as it arrives at the proxy of a workload.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Who calls, by the client's certificate.
    pub identity: Identity,
    /// Address of the peer; `None` where it is not known, as behind a gateway.
    pub address: Option<IpAddr>,
    /// Port of the workload.
    pub port: u16,
    /// What is asked; `None` for a port that the proxy takes for TCP.
    pub http: Option<Call<'a>>,
    /// Names by which the service may have been called, where the call names no authority.
    pub names: Vec<String>,
}

/// Who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// `TRUST-DOMAIN/ns/NAMESPACE/sa/SERVICE-ACCOUNT` of the client's certificate.
    Known(String),
    /// Without mutual TLS.
    Nobody,
    /// Which workload calls was not said; the text says what is missing.
    Unknown(String),
}

impl Identity {
    /// The identity of a workload (`istio: pkg/spiffe/spiffe.go`).
    #[must_use]
    pub fn of(trust_domain: &str, namespace: &str, service_account: &str) -> Self {
        let account = if service_account.is_empty() { "default" } else { service_account };
        let domain = if trust_domain.is_empty() { "cluster.local" } else { trust_domain };
        Self::Known(format!("{}/ns/{namespace}/sa/{account}", domain.replace('@', ".")))
    }
}
