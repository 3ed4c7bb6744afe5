//! What proxies and istiods themselves say, asked once the mesh is known (`--actual`).

use mesh_live::Clients;
use mesh_model::Gap;
use mesh_model::actual::{Actual, IstiodState, ProxyRef};
use mesh_report::ClusterGap;

use super::Loaded;
use super::runtime::Impatient;

/// The means to ask live clusters more: the clients that read them, and the runtime they live on.
pub(super) struct Asking {
    pub(super) runtime: Impatient,
    pub(super) clients: Clients,
}

impl Loaded {
    /// What the proxies of `pods` have for the services with these `hosts` (fully qualified; of all services if there
    /// are none), in the order of `pods`. They are asked at the same time, a few at once.
    ///
    /// What could not be read is among [`Self::gaps`] from then on, so that the run counts as incomplete.
    #[must_use]
    pub fn actual(&self, pods: &[ProxyRef], hosts: &[&str]) -> Vec<Result<Actual, Gap>> {
        let answers = match &self.read.asking {
            Some(Asking { runtime, clients }) => {
                runtime.block_on(mesh_live::actual(clients, self.mesh(), pods, hosts))
            }
            // Files hold no proxies.
            None => pods.iter().map(|_| Err(Gap::NotGiven)).collect(),
        };
        self.keep_gaps(pods.iter().zip(&answers));
        answers
    }

    /// What every ready istiod of the mesh says about it, sorted by cluster and pod; each speaks for itself only.
    ///
    /// What could not be read is among [`Self::gaps`] from then on, as with [`Self::actual`].
    #[must_use]
    pub fn istiods(&self) -> Vec<(ProxyRef, Result<IstiodState, Gap>)> {
        let Some(Asking { runtime, clients }) = &self.read.asking else { return Vec::new() };
        let answers = runtime.block_on(mesh_live::istiods(clients, self.mesh()));
        self.keep_gaps(answers.iter().map(|(pod, answer)| (pod, answer)));
        answers
    }

    fn keep_gaps<'a, T: 'a>(&self, answers: impl Iterator<Item = (&'a ProxyRef, &'a Result<T, Gap>)>) {
        let gaps = answers.filter_map(|(pod, answer)| {
            let gap = answer.as_ref().err()?.clone();
            let namespace = Some(pod.namespace.clone());
            Some(ClusterGap { cluster: pod.cluster.clone(), kind: None, namespace, gap })
        });
        self.unanswered.borrow_mut().extend(gaps);
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeMap;

    use jiff::Timestamp;
    use mesh_model::{KindSet, Mesh};

    use super::*;
    use crate::session::loaded::Read;

    fn loaded(asking: Option<Asking>) -> Loaded {
        let read = Read {
            mesh: Mesh::default(),
            readings: BTreeMap::new(),
            locate: Box::new(|_| None),
            namespace: None,
            beyond: Vec::new(),
            asking,
        };
        let now = Timestamp::UNIX_EPOCH;
        Loaded { read, kinds: KindSet::all(), now, started: None, unanswered: RefCell::default() }
    }

    fn pod() -> ProxyRef {
        ProxyRef { cluster: "west".into(), namespace: "shop".into(), pod: "echo-1".into() }
    }

    #[test]
    fn a_proxy_that_gives_no_answer_is_a_gap_of_the_run() {
        let asking = Asking { runtime: Impatient::start().unwrap(), clients: Clients::default() };
        let loaded = loaded(Some(asking));
        assert!(loaded.gaps().is_empty());
        let gap = loaded.actual(&[pod()], &[]).remove(0).unwrap_err();
        let told = loaded.gaps();
        assert_eq!((told.len(), &told[0].gap, told[0].namespace.as_deref()), (1, &gap, Some("shop")));
        assert!(!gap.is_not_given(), "so the run is incomplete");
    }

    #[test]
    fn files_hold_no_proxies() {
        let loaded = loaded(None);
        assert_eq!(loaded.actual(&[pod()], &[]), [Err(Gap::NotGiven)]);
        assert!(loaded.istiods().is_empty());
    }
}
