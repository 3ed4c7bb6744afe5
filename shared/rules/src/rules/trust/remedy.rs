//! What mends trust: another CA, plugged in. Its keys are known to its owner alone, so this is a command with
//! file names and no patch.

use crate::sink::Draft;
use crate::{ClusterView, shell};

/// Plugs in a CA from the four files that istiod reads (`istio: pilot/pkg/bootstrap/istio_ca.go`).
pub(super) fn plug_in_ca(draft: Draft<'_>, view: &ClusterView<'_>) {
    let namespace = shell::name(view.control_plane().system_namespace());
    let files = ["ca-cert.pem", "ca-key.pem", "root-cert.pem", "cert-chain.pem"]
        .map(|file| format!(" --from-file={file}"));
    let _ = draft
        .command(format!("kubectl create secret generic cacerts -n {namespace}{}", files.concat()), false);
}
