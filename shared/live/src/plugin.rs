//! Credential plugins (`exec` of a kubeconfig's user), run as `client.authentication.k8s.io` tells.
//!
//! kube can run them, but does so three times for each client, blocks the thread meanwhile, and knows no deadline: a
//! fleet of 160 clusters would start 480 processes one after the other. Here a plugin runs once, beside those
//! of other clusters, and is killed at its deadline. What it gives lives as long as the process, which a command
//! does not outlast. kube's error texts quote its output, which is where the token is; ours do not.

use std::io::{self, IsTerminal};
use std::process::{Output, Stdio};

use kube::config::{ExecConfig, ExecInteractiveMode};
use mesh_model::Gap;
use serde::{Deserialize, Serialize};
use tokio::process::Command;
use tokio::time::timeout_at;

use crate::client::{timeout, unreachable};
use crate::request::End;

/// What a plugin gives.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(crate) struct Credentials {
    pub(crate) token: Option<String>,
    /// PEM.
    pub(crate) client_certificate_data: Option<String>,
    /// PEM.
    pub(crate) client_key_data: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Request<'a> {
    api_version: &'a str,
    kind: &'static str,
    spec: Spec<'a>,
}

#[derive(Serialize)]
struct Spec<'a> {
    interactive: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<&'a kube::config::ExecAuthCluster>,
}

#[derive(Deserialize)]
struct Answer {
    status: Option<Credentials>,
}

/// Runs the plugin.
///
/// # Errors
/// The gap of the whole cluster.
pub(crate) async fn run(exec: &ExecConfig, end: End) -> Result<Credentials, Gap> {
    let name = exec.command.as_deref().unwrap_or_default();
    let failed = |what: String| unreachable(format!("credential plugin {name} {what}"));
    let terminal = io::stdin().is_terminal();
    let interactive = terminal && exec.interactive_mode != Some(ExecInteractiveMode::Never);
    if !terminal && exec.interactive_mode == Some(ExecInteractiveMode::Always) {
        return Err(failed("needs a terminal; log in beforehand".to_owned()));
    }
    let output = match timeout_at(end.at, command(exec, interactive).output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => return Err(failed(format!("cannot be started: {error}; install it"))),
        Err(_) => return Err(timeout(end.after)),
    };
    if !output.status.success() {
        return Err(failed(format!("failed with {}{}", output.status, last_words(&output))));
    }
    // Clients of Kubernetes take YAML here as well.
    let answer: Option<Answer> = serde_yaml::from_slice(&output.stdout).ok();
    answer
        .and_then(|answer| answer.status)
        .filter(|status| status.token.is_some() || status.client_certificate_data.is_some())
        .ok_or_else(|| failed("did not print an ExecCredential with a token or a certificate".to_owned()))
}

fn command(exec: &ExecConfig, interactive: bool) -> Command {
    let mut command = Command::new(exec.command.as_deref().unwrap_or_default());
    command.args(exec.args.iter().flatten());
    for variable in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (variable.get("name"), variable.get("value")) {
            command.env(name, value);
        }
    }
    let request = Request {
        api_version: exec.api_version.as_deref().unwrap_or("client.authentication.k8s.io/v1"),
        kind: "ExecCredential",
        spec: Spec { interactive, cluster: exec.cluster.as_ref() },
    };
    let request = serde_json::to_string(&request).expect("texts and flags make JSON");
    command.env("KUBERNETES_EXEC_INFO", request);
    // Who is asked something must see the question; else its last line explains a failure.
    let (stdin, stderr) =
        if interactive { (Stdio::inherit(), Stdio::inherit()) } else { (Stdio::null(), Stdio::piped()) };
    command.stdin(stdin).stderr(stderr).stdout(Stdio::piped()).kill_on_drop(true);
    command
}

/// `: LINE`, the last line of stderr, if there is one.
fn last_words(output: &Output) -> String {
    const LONGEST: usize = 200;
    let said = String::from_utf8_lossy(&output.stderr);
    let line = said.lines().map(str::trim).rfind(|line| !line.is_empty());
    line.map(|line| format!(": {}", line.chars().take(LONGEST).collect::<String>())).unwrap_or_default()
}
