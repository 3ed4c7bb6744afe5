//! How a client's sidecar and the proxy of an endpoint begin to talk: mutual TLS, plain text, or TLS of the user's own
//! (`istio: pilot/pkg/networking/core/cluster_tls.go: buildUpstreamTLSSettings`,
//! `pilot/pkg/security/authn/policy_applier.go`).
//!
//! Left out: `subjectAltNames` of a rule, and RequestAuthentication.

use mesh_model::row::{MtlsMode, TlsMode};

use crate::{Applied, Cause, Caused, Client, Config, Endpoint, Service, Truth, View, trust};

/// What a client's sidecar sends to an endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sends {
    /// Istio's mutual TLS.
    Mutual,
    /// What the application sends, as it is.
    Plain,
    /// TLS with certificates of the user's own (`SIMPLE`, `MUTUAL`).
    OwnTls,
}

/// Whether both sides come to terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handshake {
    /// What the client sends.
    pub sends: Sends,
    /// `Yes` when the server takes it.
    pub holds: Truth,
    /// What was compared.
    pub text: String,
    /// What decided.
    pub cause: Cause,
    /// The roots of the two clusters decided.
    pub by_roots: bool,
}

impl<'m> View<'_, 'm> {
    /// What the sidecar of `client` sends to `endpoint` of `service`, by `tls` of the rule in force, else by itself.
    #[must_use]
    pub fn sends(
        &self,
        client: &Client<'_>,
        service: &Service<'_>,
        policy: &Applied<'_>,
        endpoint: &Endpoint<'_>,
    ) -> Caused<Sends> {
        if client.pod.is_some_and(|pod| !pod.fact.has_proxy) {
            return Caused { value: Sends::Plain, cause: Cause::Default("the client has no proxy") };
        }
        if let Some(tls) = policy.tls.value {
            let value = match tls.mode {
                TlsMode::IstioMutual => Sends::Mutual,
                TlsMode::Disable => Sends::Plain,
                _ => Sends::OwnTls,
            };
            return Caused { value, cause: policy.tls.cause.clone() };
        }
        let config = Config::of(self);
        if config.mesh.auto_mtls == Some(false) {
            return Caused { value: Sends::Plain, cause: config.mesh_field("enableAutoMtls") };
        }
        if service.is_external() {
            return Caused {
                value: Sends::Plain,
                cause: Cause::Default("the service is outside of the mesh"),
            };
        }
        let of_namespace = self.peers().of_namespace(service.namespace);
        if of_namespace.value == MtlsMode::Disable {
            return Caused { value: Sends::Plain, cause: of_namespace.cause };
        }
        if endpoint.has_tls {
            return Caused { value: Sends::Mutual, cause: Cause::Default("automatic mutual TLS") };
        }
        let cause = Cause::Default("the endpoint has no label security.istio.io/tlsMode=istio");
        Caused { value: Sends::Plain, cause }
    }

    /// What the proxy of `endpoint`, one that this istiod serves, takes.
    #[must_use]
    pub fn takes(&self, endpoint: &Endpoint<'_>) -> Caused<MtlsMode> {
        self.peers().mode(endpoint)
    }

    /// Whether the sidecar of `client` and the proxy of `endpoint`, which the istiod of `server` serves, come to terms.
    #[must_use]
    pub fn handshake(
        &self,
        server: &View<'_, 'm>,
        client: &Client<'_>,
        service: &Service<'_>,
        policy: &Applied<'_>,
        endpoint: &Endpoint<'_>,
    ) -> Handshake {
        let sent = self.sends(client, service, policy, endpoint);
        let sends = sent.value;
        let answer = |holds, text: &str, cause: &Cause| Handshake {
            sends,
            holds,
            text: text.to_owned(),
            cause: cause.clone(),
            by_roots: false,
        };
        let has_proxy = endpoint.pod.map(|pod| pod.fact.has_proxy);
        let taken = server.takes(endpoint);
        let origin = endpoint.origin.cause();
        match (sends, has_proxy, taken.value) {
            (Sends::Mutual, Some(false), _) => {
                answer(Truth::No, "client sends mutual TLS; server has no proxy", &origin)
            }
            (Sends::Mutual, _, MtlsMode::Disable) => {
                answer(Truth::No, "client sends mutual TLS; server takes plain text only", &taken.cause)
            }
            (Sends::Mutual, ..) => {
                let trust = trust::between(self, server);
                let text = match trust.holds {
                    Truth::No => trust.text,
                    Truth::Yes | Truth::Unknown(_) => format!("mutual TLS, {}", trust.text),
                };
                Handshake { sends, holds: trust.holds, text, cause: trust.cause, by_roots: trust.by_roots }
            }
            (Sends::Plain, Some(false), _) => {
                answer(Truth::Yes, "plain text, server has no proxy", &sent.cause)
            }
            (Sends::Plain, None, _) => {
                let text = "plain text, and it is not known whether the server has a proxy";
                answer(Truth::Unknown(text.to_owned()), text, &origin)
            }
            (Sends::Plain, _, MtlsMode::Strict) => {
                answer(Truth::No, "client sends plain text; server takes mutual TLS only", &taken.cause)
            }
            (Sends::Plain, ..) => answer(Truth::Yes, "plain text, which the server takes", &sent.cause),
            (Sends::OwnTls, Some(true), MtlsMode::Strict) => {
                answer(Truth::No, "client sends TLS of its own; server takes mutual TLS only", &taken.cause)
            }
            (Sends::OwnTls, ..) => {
                let text = "TLS with certificates of its own, which the application must take";
                answer(Truth::Unknown(text.to_owned()), text, &sent.cause)
            }
        }
    }
}
