//! From a context to a client that suits a command line.
//!
//! kube's defaults that are overridden, and why:
//!
//! | default of kube 5 | what it would do | here |
//! |---|---|---|
//! | `connect_timeout` 30 s | a dead address costs 30 s | 2 s, TLS handshake included |
//! | `read_timeout` none | a server that accepts and stays silent holds the caller for ever | left as it is: each request has a deadline over all of its tries and its body (`request`), which a read timeout, started anew by each byte, cannot give |
//! | `default_retry` true | 15 tries with pauses that double up to 1000 s: a server that answers 503 holds the caller for minutes | false; `request` tries three times |
//! | proxy of the environment | `NO_PROXY` is compared with the wrong address | `proxy` |
//! | `Client::request` | logs a body that it cannot decode, Secrets too | `Client::send`, and decoding by `mesh-wire` |
//!
//! What is left as kube has it: HTTP/1.1, so that parallel requests of a cluster are connections of their own; gzip,
//! which costs the client no more than the TLS of the bytes it saves, and which `disable-compression` of the
//! kubeconfig switches off; credential plugins, which kube runs three times for each client, for a certificate and
//! for a token.

use std::time::Duration;

use hyper_util::client::proxy::matcher::Matcher;
use kube::client::{AuthError, ClientBuilder};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use mesh_model::Gap;

use crate::Plan;
use crate::request::End;
use crate::{kubeconfig, proxy};

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
    let config = config(kubeconfig, context, plan).await?;
    let server = match &config.proxy_url {
        Some(proxy) => format!("{} through proxy {}", address(&config.cluster_url), address(proxy)),
        None => address(&config.cluster_url),
    };
    let plugin = config.auth_info.exec.as_ref().and_then(|exec| exec.command.clone());
    let runs_plugin = config.auth_info.exec.is_some() || config.auth_info.auth_provider.is_some();
    let make = move || ClientBuilder::try_from(config).map(ClientBuilder::build);
    let built = if runs_plugin {
        let own = End::in_time(PLUGIN_TIMEOUT);
        let end = end.filter(|end| end.at < own.at).unwrap_or(own);
        match tokio::time::timeout_at(end.at, tokio::task::spawn_blocking(make)).await {
            Ok(joined) => joined.map_err(|error| unreachable(format!("credential plugin: {error}")))?,
            Err(_) => return Err(timeout(end.after)),
        }
    } else {
        make()
    };
    let client = built.map_err(|error| unreachable(client_cause(&error, plugin.as_deref())))?;
    Ok(Connection { client, server })
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

fn client_cause(error: &kube::Error, plugin: Option<&str>) -> String {
    match error {
        kube::Error::Auth(error) => credentials_cause(error, plugin),
        other => other.to_string(),
    }
}

/// What is wrong with credentials. Nothing that a plugin printed to stdout is shown: that is where the token is.
pub(crate) fn credentials_cause(error: &AuthError, plugin: Option<&str>) -> String {
    let plugin = plugin.unwrap_or("of the kubeconfig");
    match error {
        AuthError::AuthExecStart(error) => {
            format!("credential plugin {plugin} cannot be started: {error}; install it")
        }
        AuthError::AuthExecRun { out, .. } => {
            let said = String::from_utf8_lossy(&out.stderr);
            let said = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
            let said: String = said.chars().take(200).collect();
            let colon = if said.is_empty() { "" } else { ": " };
            format!("credential plugin {plugin} failed with {}{colon}{said}", out.status)
        }
        AuthError::AuthExecParse(_) | AuthError::ExecPluginFailed => {
            format!("credential plugin {plugin} did not print an ExecCredential with a status")
        }
        AuthError::ReadTokenFile(error, path) => format!("token file \"{}\": {error}", path.display()),
        _ => "the credentials of its context cannot be used; 'kubectl get --raw /version' tells more"
            .to_owned(),
    }
}
