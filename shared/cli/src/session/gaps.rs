//! What a session could not read, as far as it concerns the run.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::{Cluster, Gap, Note};
use mesh_report::{ClusterGap, Remark};

use super::{Loaded, Session};
use crate::args::NoteArgs;

impl Loaded {
    /// What could not be read: by cluster and kind, the clusters that nobody read, and proxies that gave no answer.
    /// Kinds that no rule of the run wants are left out.
    #[must_use]
    pub fn gaps(&self) -> Vec<ClusterGap> {
        let read = self.mesh().clusters().iter().flat_map(|cluster| self.gaps_of(cluster));
        let unanswered = self.unanswered.borrow();
        read.chain(self.read.beyond.iter().cloned()).chain(unanswered.iter().cloned()).collect()
    }

    /// What to tell of kinds that files do not hold: a prediction takes them for empty.
    #[must_use]
    pub fn taken_for_empty(&self) -> Option<Remark> {
        let gaps = self.mesh().clusters().iter().flat_map(|cluster| self.gaps_of(cluster));
        let not_given = gaps.filter(|gap| gap.gap.is_not_given()).filter_map(|gap| gap.kind);
        let kinds: BTreeSet<String> = not_given.map(mesh_model::Kind::resource).collect();
        let kinds: Vec<_> = kinds.into_iter().collect();
        (!kinds.is_empty()).then(|| {
            Remark::plain(format!("Not given by every cluster, and taken for empty: {}.", kinds.join(", ")))
        })
    }

    fn gaps_of(&self, cluster: &Cluster) -> Vec<ClusterGap> {
        let gap = |kind, gap: &Gap| ClusterGap {
            cluster: cluster.name.clone(),
            kind,
            namespace: None,
            gap: gap.clone(),
        };
        let whole = cluster.gaps.of_cluster().map(|of_cluster| gap(None, of_cluster));
        let of_kinds = cluster.gaps.iter().filter(|(kind, _)| self.kinds.has(*kind));
        let documents = self.lost_documents(cluster).map(|lost| gap(None, &lost));
        let of_kinds = of_kinds.map(|(kind, of_kind)| gap(Some(kind), of_kind));
        whole.into_iter().chain(of_kinds).chain(documents).collect()
    }

    /// Documents that could have been anything: their kind could not be read.
    fn lost_documents(&self, cluster: &Cluster) -> Option<Gap> {
        let is_lost = |note: &&Note| matches!(note, Note::Unreadable { cluster: of, object: None, .. } if *of == cluster.name);
        let lost = self.mesh().notes().iter().filter(is_lost).count();
        let plural = if lost == 1 { "" } else { "s" };
        (lost > 0).then(|| Gap::Truncated { cause: format!("{lost} document{plural} could not be read") })
    }

    /// Tells on standard error what could not be read: one line per cluster and cause. Formats for `grep` do not
    /// show it, and it explains the exit code.
    pub fn tell_gaps(&self, session: &Session, args: &NoteArgs) {
        for line in lines(&self.gaps()) {
            session.note(args, &line);
        }
    }
}

fn lines(gaps: &[ClusterGap]) -> Vec<String> {
    let mut lines = Vec::new();
    let mut kinds: BTreeMap<_, Vec<String>> = BTreeMap::new();
    for gap in gaps.iter().filter(|gap| !gap.gap.is_not_given()) {
        match gap.kind {
            None => lines.push(format!("cluster \"{}\": {}", gap.cluster, gap.gap)),
            Some(kind) => {
                kinds.entry((&gap.cluster, gap.gap.cause())).or_default().push(kind.resource());
            }
        }
    }
    for ((cluster, cause), kinds) in kinds {
        let what = if cause == "truncated" { "listed in part" } else { "not listed" };
        lines.push(format!("cluster \"{cluster}\": {what} ({cause}): {}", kinds.join(", ")));
    }
    lines
}

#[cfg(test)]
mod tests {
    use mesh_model::{ClusterName, Kind};

    use super::*;

    fn gap(cluster: &str, kind: Option<Kind>, gap: Gap) -> ClusterGap {
        ClusterGap { cluster: ClusterName::from(cluster), kind, namespace: None, gap }
    }

    #[test]
    fn forbidden_kinds_of_a_cluster_are_one_line_and_what_was_not_given_is_none() {
        let forbidden = || Gap::Forbidden { message: "no".to_owned() };
        let told = lines(&[
            gap("east", Some(Kind::Pod), forbidden()),
            gap("east", Some(Kind::Gateway), forbidden()),
            gap("east", Some(Kind::Node), Gap::NotGiven),
            gap("west", None, Gap::Timeout { after_ms: 2000 }),
        ]);
        assert_eq!(
            told,
            [
                "cluster \"west\": no answer within 2.000 s",
                "cluster \"east\": not listed (forbidden): pods, gateways.networking.istio.io",
            ]
        );
    }
}
