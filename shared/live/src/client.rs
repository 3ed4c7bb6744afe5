//! From a context to a client that suits a command line.
//!
//! kube's defaults that are overridden, and why:
//!
//! | default of kube 5 | what it would do | here |
//! |---|---|---|
//! | `connect_timeout` 30 s | a dead address costs 30 s | 2 s, TLS handshake included |
//! | `read_timeout` none | a server that accepts and stays silent holds the caller for ever | left as it is: each request has a deadline over all of its tries and its body (`request`), which a read timeout, started anew by each byte, cannot give |
//! | `default_retry` true | 15 tries with pauses that double up to 1000 s: a server that answers 503 holds the caller for minutes | false; `request` tries three times |
//! | TCP_NODELAY off | the end of the TLS handshake is acknowledged late, and the first request waits 40 ms for that | on; through a proxy as kube has it |
//! | proxy of the environment | `NO_PROXY` is compared with the wrong address | `proxy` |
//! | `Client::request` | logs a body that it cannot decode, Secrets too | `Client::send`, and decoding by `mesh-wire` |
//!
//! What is left as kube has it: HTTP/1.1, so that parallel requests of a cluster are connections of their own; gzip,
//! which costs the client no more than the TLS of the bytes it saves, and which `disable-compression` of the
//! kubeconfig switches off. Credential plugins are run by `plugin`.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hyper_timeout::TimeoutConnector;
use hyper_util::client::legacy::{self, connect::HttpConnector};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::TokioExecutor;
use kube::client::{AuthError, ClientBuilder, ConfigExt as _};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use mesh_model::Gap;
use secrecy::SecretString;
use tower::{BoxError, ServiceBuilder};
use tower_http::decompression::DecompressionLayer;

use crate::Plan;
use crate::request::End;
use crate::{kubeconfig, plugin, proxy};

pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// A credential plugin may ask its user to log in, so it gets longer than a request does.
const PLUGIN_TIMEOUT: Duration = Duration::from_mins(1);

/// A client of one cluster.
pub(crate) struct Connection {
    pub(crate) client: Client,
    /// Scheme, host and port, those of its proxy too, for messages.
    pub(crate) server: String,
}

/// Makes the client of a context; sends nothing, but may run a credential plugin.
///
/// # Errors
/// The gap of the whole cluster, if its part of the kubeconfig cannot be used.
pub(crate) async fn connect(
    kubeconfig: &Kubeconfig,
    context: &str,
    plan: &Plan,
    end: Option<End>,
) -> Result<Connection, Gap> {
    let mut config = config(kubeconfig, context, plan).await?;
    let server = match &config.proxy_url {
        Some(proxy) => format!("{} through proxy {}", address(&config.cluster_url), address(proxy)),
        None => address(&config.cluster_url),
    };
    if let Some(exec) = config.auth_info.exec.take() {
        let own = End::in_time(PLUGIN_TIMEOUT);
        let end = end.filter(|end| end.at < own.at).unwrap_or(own);
        let given = plugin::run(&exec, end).await?;
        let user = &mut config.auth_info;
        user.token = given.token.map(SecretString::from);
        user.client_certificate_data = given.client_certificate_data.map(|pem| BASE64.encode(pem));
        user.client_key_data = given.client_key_data.map(|pem| BASE64.encode(pem).into());
    }
    let built = if config.proxy_url.is_some() {
        ClientBuilder::try_from(config).map(ClientBuilder::build)
    } else {
        direct(config)
    };
    let client = built.map_err(|error| match &error {
        kube::Error::Auth(error) => unreachable(credentials_cause(error)),
        other => unreachable(other.to_string()),
    })?;
    Ok(Connection { client, server })
}

/// The client that kube would build, with small writes sent at once.
fn direct(config: Config) -> Result<Client, kube::Error> {
    let mut tcp = HttpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let mut connector = TimeoutConnector::new(config.rustls_https_connector_with_connector(tcp)?);
    connector.set_connect_timeout(config.connect_timeout);
    let client = legacy::Client::builder(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .layer(config.base_uri_layer())
        .layer(DecompressionLayer::new().gzip(!config.disable_compression))
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(BoxError::from)
        .service(client);
    Ok(Client::new(service, config.default_namespace))
}

/// The gap of a deadline that passed.
pub(crate) fn timeout(after: Duration) -> Gap {
    Gap::Timeout { after_ms: u64::try_from(after.as_millis()).unwrap_or(u64::MAX) }
}

pub(crate) const fn unreachable(cause: String) -> Gap {
    Gap::Unreachable { cause }
}

async fn config(kubeconfig: &Kubeconfig, context: &str, plan: &Plan) -> Result<Config, Gap> {
    let options = KubeConfigOptions { context: Some(context.to_owned()), ..KubeConfigOptions::default() };
    let mut config = Config::from_custom_kubeconfig(kubeconfig.clone(), &options)
        .await
        .map_err(|error| unreachable(format!("context \"{context}\": {}", kubeconfig::cause(&error))))?;
    config.connect_timeout = Some(CONNECT_TIMEOUT.min(plan.request_timeout));
    config.default_retry = false;
    let proxy = proxy::choose(
        &config.cluster_url,
        config.proxy_url,
        named_proxy(kubeconfig, context),
        &Matcher::from_env(),
    );
    config.proxy_url = proxy;
    if let Some(user) = &plan.impersonate.user {
        config.auth_info.impersonate = Some(user.clone());
    }
    if !plan.impersonate.groups.is_empty() {
        config.auth_info.impersonate_groups = Some(plan.impersonate.groups.clone());
    }
    Ok(config)
}

/// `proxy-url` of the context's cluster.
fn named_proxy<'a>(kubeconfig: &'a Kubeconfig, context: &str) -> Option<&'a str> {
    let context = kubeconfig.contexts.iter().find(|known| known.name == context)?.context.as_ref()?;
    let cluster = kubeconfig.clusters.iter().find(|known| known.name == context.cluster)?;
    cluster.cluster.as_ref()?.proxy_url.as_deref()
}

/// Without what may hold a password: user information, path and query.
fn address(url: &http::Uri) -> String {
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}://{}{port}", url.scheme_str().unwrap_or("https"), url.host().unwrap_or_default())
}

/// What is wrong with credentials of a kubeconfig, without their content.
pub(crate) fn credentials_cause(error: &AuthError) -> String {
    match error {
        AuthError::ReadTokenFile(error, path) => format!("token file \"{}\": {error}", path.display()),
        _ => "the credentials of its context cannot be used; 'kubectl get --raw /version' tells more"
            .to_owned(),
    }
}
