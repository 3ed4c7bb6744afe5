//! What a running lab is: the file `lab.json` in its state directory, read by everything that uses the lab.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
};

use anyhow::{Context as _, Result, anyhow, ensure};
use serde::{Deserialize, Serialize};

use crate::{build::Toolbox, cache};

/// Variable that names the state directory of the lab to use.
pub const LAB_VARIABLE: &str = "MESH_LAB";

/// One cluster of the lab.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Cluster ID, and name of the kubeconfig context.
    pub name: String,
    /// Number of the cluster from 1: `172.30.<number>.0/24` is its pod and node network.
    pub number: u8,
    /// Istio network of the cluster.
    pub network: String,
}

impl Cluster {
    pub(crate) fn new(name: &str, number: u8) -> Self {
        Self { name: name.to_owned(), number, network: format!("network-{name}") }
    }

    /// Address of API server and nodes.
    #[must_use]
    pub fn address(&self) -> String {
        self.host(1)
    }

    /// Address of the istiod pod.
    #[must_use]
    pub fn istiod_address(&self) -> String {
        self.host(2)
    }

    /// Loopback address that stands for the inside of the istiod pod: what a port-forward reaches.
    #[must_use]
    pub fn istiod_loopback(&self) -> String {
        format!("127.30.{}.2", self.number)
    }

    /// Address of an istiod of another version beside it.
    #[must_use]
    pub fn second_istiod_address(&self) -> String {
        self.host(127)
    }

    /// Loopback address that stands for the inside of that istiod's pod.
    pub(crate) fn second_istiod_loopback(&self) -> String {
        format!("127.30.{}.127", self.number)
    }

    /// URL of the API server.
    #[must_use]
    pub fn server(&self) -> String {
        format!("https://{}:6443", self.address())
    }

    fn host(&self, host: u8) -> String {
        format!("172.30.{}.{host}", self.number)
    }
}

/// Who signs the authorities of the clusters' istiods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Roots {
    /// One root for all: workloads of all clusters trust each other.
    Shared,
    /// A root for each cluster, as when nobody plugged any in.
    Separate,
}

/// Contents of `lab.json`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct State {
    /// Number of the namespace's first process, as the host counts.
    pub keeper: u32,
    /// Start time of that process in clock ticks since boot: numbers are used again, both together are not.
    pub keeper_start: u64,
    /// The clusters, in the order of their numbers.
    pub clusters: Vec<Cluster>,
    /// Kubeconfig with one context per cluster.
    pub kubeconfig: PathBuf,
    /// Programs and their files.
    pub toolbox: Toolbox,
    /// Who signs the authorities of the istiods.
    pub roots: Roots,
    /// False while `up` still works, and for ever when it failed.
    pub complete: bool,
}

impl State {
    /// Reads the state of a lab; `None` when there is none.
    pub fn read(directory: &Path) -> Result<Option<Self>> {
        let path = directory.join("lab.json");
        if !path.exists() {
            return Ok(None);
        }
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let state = serde_json::from_str(&text).with_context(|| {
            format!("{} is no state of this lab: run `cargo xtask lab down`", path.display())
        })?;
        Ok(Some(state))
    }

    /// Reads what `down` needs; a state that cannot be read counts as none.
    pub(crate) fn read_any(directory: &Path) -> Option<Self> {
        Self::read(directory).ok().flatten()
    }

    pub(crate) fn write(&self, directory: &Path) -> Result<()> {
        let (path, new) = (directory.join("lab.json"), directory.join("lab.json.new"));
        let text = serde_json::to_string_pretty(self)?;
        fs::write(&new, text)
            .and_then(|()| fs::rename(&new, &path))
            .with_context(|| format!("cannot write {}", path.display()))
    }

    /// Whether the namespace still exists.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        start_time(self.keeper) == Some(self.keeper_start)
    }
}

/// State directory of this checkout's lab: `$MESH_LAB`, else a directory of the cache named after the checkout,
/// so that two checkouts do not share a lab.
pub fn default_directory() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(LAB_VARIABLE).filter(|value| !value.is_empty()) {
        return Ok(PathBuf::from(path));
    }
    let checkout = crate::source_directory();
    let name = cache::digest([checkout.as_os_str().as_encoded_bytes()]);
    Ok(cache::directory()?.join("labs").join(name))
}

/// Start time of a process in clock ticks since boot: field 22 of its `stat` (proc_pid_stat(5)).
pub(crate) fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the program's name in parentheses and may hold spaces.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    // A dead process that nobody has waited for keeps its number.
    if fields.next()? == "Z" {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

/// Checks a cluster name before it becomes file names, etcd prefixes and context names.
pub(crate) fn checked_name(name: &str) -> Result<&str> {
    let fits = !name.is_empty()
        && name.len() <= 20
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
    ensure!(fits, "{name:?} cannot name a cluster of the lab: use up to 20 lower-case letters and digits");
    Ok(name)
}

/// Does the same for all at once and returns the first failure.
pub(crate) fn each<T: Sync>(all: &[T], work: impl Fn(&T) -> Result<()> + Sync) -> Result<()> {
    thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = all.iter().map(|one| scope.spawn(move || work(one))).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, Result<()>>| {
            thread.join().map_err(|_| anyhow!("a thread of the lab panicked"))?
        };
        threads.into_iter().map(join).fold(Ok(()), Result::and)
    })
}

#[cfg(test)]
mod tests {
    use super::{checked_name, start_time};

    #[test]
    fn a_live_process_has_a_start_time_and_a_free_number_has_none() {
        assert!(start_time(std::process::id()).is_some());
        assert_eq!(start_time(u32::MAX), None);
    }

    #[test]
    fn names_that_could_leave_the_state_directory_are_refused() {
        assert!(checked_name("west").is_ok());
        for name in ["", "../west", "West", "a b", "abcdefghijklmnopqrstu"] {
            assert!(checked_name(name).is_err(), "{name}");
        }
    }
}
