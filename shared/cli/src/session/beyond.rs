//! Clusters that belong to the mesh and were not read: remote secrets name them, or would have.
//!
//! They are gaps, since a rule that looks at several clusters has then not looked at all of them. Only a user who
//! names the clusters, or wants no others, may leave some out.

use mesh_live::{Reading, RemoteClusters, Unmatched};
use mesh_model::{ClusterName, Gap};
use mesh_report::ClusterGap;

/// The gaps of a mesh that was read with these `readings`, sorted by cluster.
pub(super) fn gaps(remote: &RemoteClusters, readings: &[Reading]) -> Vec<ClusterGap> {
    let read = || readings.iter().map(word_of);
    if let Some(gap) = &remote.gap {
        // Where the list fails, its own cluster is the only one that is read.
        let current = readings.first();
        let all = with(read(), ["NAME=CONTEXT".to_owned()]);
        let cause = format!(
            "remote secrets could not be listed ({gap}), so further clusters are unknown; name them with {all}, or \
             leave them out with --discover=none"
        );
        return current
            .map(|current| lost(current.cluster.clone(), Gap::Truncated { cause }))
            .into_iter()
            .collect();
    }
    let unmatched = &remote.unmatched;
    let all = with(read(), unmatched.iter().map(word_for));
    let of = |unmatched: &Unmatched| {
        let candidates = match unmatched.candidates.as_slice() {
            [] => String::new(),
            candidates => format!(" (CONTEXT is one of {})", candidates.join(", ")),
        };
        let cause = format!(
            "a remote secret names this cluster, which no one context fits; add it with {all}{candidates}, or leave it \
             out with --discover=none"
        );
        lost(unmatched.cluster_id.as_str().into(), Gap::Unreachable { cause })
    };
    unmatched.iter().map(of).collect()
}

const fn lost(cluster: ClusterName, gap: Gap) -> ClusterGap {
    ClusterGap { cluster, kind: None, namespace: None, gap }
}

/// The argument that reads all of these. What was read without it has to be named too.
fn with(read: impl Iterator<Item = String>, more: impl IntoIterator<Item = String>) -> String {
    let words: Vec<_> = read.chain(more).collect();
    let list = words.join(",");
    // Only a NUL byte cannot be quoted, and no name has one.
    format!("--contexts {}", shlex::try_quote(&list).unwrap_or_default())
}

fn word_of(reading: &Reading) -> String {
    if *reading.cluster == *reading.context {
        reading.context.clone()
    } else {
        format!("{}={}", reading.cluster, reading.context)
    }
}

fn word_for(unmatched: &Unmatched) -> String {
    format!("{}=CONTEXT", unmatched.cluster_id)
}
