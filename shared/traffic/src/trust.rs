//! Whether two clusters trust each other's certificates, as far as plain objects tell: the roots that istiod hands
//! out, and trust domains.
//!
//! Proxies verify by the root that came with their own certificate. `istio-ca-root-cert` is what agents verify istiod
//! by; the two are the same unless one of them is stale (`istio: pilot/pkg/bootstrap/namespacecontroller.go`).

use std::collections::BTreeSet;

use mesh_model::row::ConfigMapFact;
use mesh_model::{Certificate, CertificateBundle, Digest, FieldPath, Row, Table, path};

use crate::{Cause, Gate, Truth, View};

/// Name of the ConfigMap that istiod writes into every namespace.
pub const NAME: &str = "istio-ca-root-cert";

/// `istio-ca-root-cert` of one cluster.
#[derive(Clone, Copy, Debug)]
pub struct Roots<'m> {
    /// The ConfigMap of the system namespace.
    pub row: &'m Row<ConfigMapFact>,
    /// Its certificates; at least one.
    pub certificates: &'m [Certificate],
    /// A sentence for each block beside them that is no certificate.
    pub broken: &'m [String],
}

/// What is known of the roots of a cluster.
#[derive(Clone, Copy, Debug)]
pub enum Known<'m> {
    /// The ConfigMap was not seen.
    Missing,
    /// The ConfigMap holds no certificate that can be read.
    Unreadable(&'m Row<ConfigMapFact>, &'m CertificateBundle),
    /// At least one certificate.
    Roots(Roots<'m>),
}

impl<'m> Known<'m> {
    /// The roots of a cluster: the ConfigMap as it is in the namespace of its control plane.
    #[must_use]
    pub fn of(config_maps: &'m Table<ConfigMapFact>, system_namespace: &str) -> Self {
        let row = config_maps.find(system_namespace, NAME);
        match row.map(|row| (row, &row.fact)) {
            Some((row, ConfigMapFact::RootCertificates(bundle))) if bundle.certificates.is_empty() => {
                Self::Unreadable(row, bundle)
            }
            Some((row, ConfigMapFact::RootCertificates(bundle))) => {
                Self::Roots(Roots { row, certificates: &bundle.certificates, broken: &bundle.broken })
            }
            _ => Self::Missing,
        }
    }
}

impl Roots<'_> {
    /// Path of the certificates in the ConfigMap.
    #[must_use]
    pub fn path() -> FieldPath {
        path!["data", "root-cert.pem"]
    }

    /// Their keys: a root that was renewed keeps its key, and what it signed.
    pub fn keys(&self) -> impl Iterator<Item = Digest> + '_ {
        self.certificates.iter().map(|certificate| certificate.key)
    }

    fn cause(&self) -> Cause {
        Cause::field(&self.row.obj, Self::path())
    }

    fn short(&self) -> String {
        let each = self.certificates.iter().map(|certificate| certificate.fingerprint.short());
        each.collect::<Vec<_>>().join(", ")
    }
}

/// Whether a handshake between proxies of two clusters succeeds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// `Yes` when both sides verify the other.
    pub holds: Truth,
    /// What was compared.
    pub text: String,
    /// What decided.
    pub cause: Cause,
    /// Roots decided, not trust domains.
    pub by_roots: bool,
}

/// Whether proxies of the istiods of two views verify each other's certificates.
#[must_use]
pub fn between(client: &View<'_, '_>, server: &View<'_, '_>) -> Trust {
    if client.config_cluster() == server.config_cluster() {
        let cause = Cause::Default("one istiod signs for both");
        return Trust {
            holds: Truth::Yes,
            text: "one istiod signs for both".to_owned(),
            cause,
            by_roots: false,
        };
    }
    let roots = of_roots(client, server);
    if roots.holds == Truth::No {
        return roots;
    }
    let domains = of_domains(client, server);
    match (&roots.holds, &domains.holds) {
        (_, Truth::No) | (Truth::Yes, Truth::Unknown(_)) => domains,
        _ => roots,
    }
}

fn known<'m>(view: &View<'_, 'm>) -> Known<'m> {
    let cluster = view.config().cluster;
    Known::of(&cluster.config_maps, cluster.control_plane.system_namespace())
}

fn of_roots(client: &View<'_, '_>, server: &View<'_, '_>) -> Trust {
    let (own, other) = (known(client), known(server));
    let (Known::Roots(own), Known::Roots(other)) = (own, other) else {
        let view_of_client = !matches!(own, Known::Roots(_));
        let cluster = if view_of_client { client.config().cluster } else { server.config().cluster };
        let name = &cluster.name;
        let text = format!("the root of cluster {name} is not known");
        let cause = Cause::Default("no ConfigMap istio-ca-root-cert with a certificate");
        return Trust { holds: Truth::Unknown(text.clone()), text, cause, by_roots: true };
    };
    let verifies = |view: &View<'_, '_>, roots: Roots<'_>, signer: Roots<'_>| {
        let exchanged = &view.mesh_config().0.ca_certificates.certificates;
        let trusted: BTreeSet<Digest> =
            roots.keys().chain(exchanged.iter().map(|certificate| certificate.key)).collect();
        signer.keys().any(|key| trusted.contains(&key))
    };
    let trust = |holds, text, cause| Trust { holds, text, cause, by_roots: true };
    match (verifies(client, own, other), verifies(server, other, own)) {
        (true, true) => trust(Truth::Yes, format!("roots agree: {}", own.short()), own.cause()),
        (_, false) => {
            let text = format!("client root {}; server trusts {} only", own.short(), other.short());
            trust(Truth::No, text, other.cause())
        }
        (false, true) => {
            let text = format!("server root {}; client trusts {} only", other.short(), own.short());
            trust(Truth::No, text, own.cause())
        }
    }
}

/// The trust domain of an istiod's workloads.
#[must_use]
pub fn domain<'m>(view: &View<'_, 'm>) -> &'m str {
    let domain = &view.mesh_config().0.trust_domain;
    if domain.is_empty() { "cluster.local" } else { domain }
}

/// The server takes clients of its own trust domain and its aliases. The client expects the trust domain that the
/// server's mesh config names; before 1.29 its own, or one of its aliases.
fn of_domains(client: &View<'_, '_>, server: &View<'_, '_>) -> Trust {
    let (of_client, of_server) = (domain(client), domain(server));
    let takes = |view: &View<'_, '_>, name: &str| {
        let aliases = &view.mesh_config().0.trust_domain_aliases;
        domain(view) == name || aliases.iter().any(|alias| **alias == *name)
    };
    let mesh_config = |view: &View<'_, '_>| crate::Config::of(view).mesh_field("trustDomain");
    if !server.features().skips_trust_domains && !takes(server, of_client) {
        let text =
            format!("client of trust domain {of_client}; server takes {of_server} and its aliases only");
        return Trust { holds: Truth::No, text, cause: mesh_config(server), by_roots: false };
    }
    if !client.rules().has(Gate::RemoteMeshConfig) && !takes(client, of_server) {
        let text =
            format!("server of trust domain {of_server}; client takes {of_client} and its aliases only");
        return Trust { holds: Truth::No, text, cause: mesh_config(client), by_roots: false };
    }
    let text = format!("trust domains {of_client} and {of_server}");
    Trust { holds: Truth::Yes, text, cause: mesh_config(server), by_roots: false }
}
