//! Brings a lab up and takes it down.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    build::Toolbox,
    certs::Authority,
    istio, kwok, namespace,
    run::say,
    servers,
    state::{self, Cluster, Roots, State},
};

/// Starts a lab with these clusters in `directory`; their istiods sign under one root or each under its own. A
/// running lab of the same kind is left as it is.
pub fn up(directory: &Path, names: &[String], roots: Roots, toolbox: Toolbox) -> Result<State> {
    ensure!(!names.is_empty() && names.len() <= 9, "name one to nine clusters, such as `west east`");
    let mut clusters = Vec::new();
    for (name, number) in names.iter().zip(1..) {
        ensure!(!clusters.iter().any(|known: &Cluster| known.name == *name), "cluster {name} is named twice");
        clusters.push(Cluster::new(state::checked_name(name)?, number));
    }
    if let Some(running) = State::read(directory)?.filter(State::is_alive) {
        if running.complete
            && running.clusters == clusters
            && running.roots == roots
            && running.toolbox.programs == toolbox.programs
        {
            say(&format!("lab: already up in {}", directory.display()));
            return Ok(running);
        }
        bail!(
            "another lab runs in {} (clusters, roots or programs differ, or its start failed): take it down with \
             `cargo xtask lab down`, or name another directory",
            directory.display()
        );
    }
    down(directory)?;
    let directory = prepare(directory)?;
    let (keeper, keeper_start) = namespace::create(&directory, &clusters)?;
    let kubeconfig = directory.join("kubeconfig");
    let mut state = State { keeper, keeper_start, clusters, kubeconfig, toolbox, roots, complete: false };
    state.write(&directory)?;
    start_servers(&directory, &state).with_context(|| {
        let logs = directory.join("logs");
        format!("the lab did not start: see {}, then run `cargo xtask lab down`", logs.display())
    })?;
    state.complete = true;
    state.write(&directory)?;
    Ok(state)
}

/// Ends a lab and removes its directory; nothing to do is no error.
pub fn down(directory: &Path) -> Result<()> {
    if let Some(state) = State::read_any(directory).filter(State::is_alive) {
        let killed = Command::new("kill").args(["-KILL", &state.keeper.to_string()]).status();
        ensure!(
            killed.is_ok_and(|status| status.success()),
            "cannot end process {} of the lab",
            state.keeper
        );
        while state.is_alive() {
            thread::sleep(Duration::from_millis(20));
        }
    }
    if directory.join(MARK).exists() {
        fs::remove_dir_all(directory).with_context(|| format!("cannot remove {}", directory.display()))?;
    }
    Ok(())
}

/// File that says that a directory belongs to a lab and may be removed as a whole.
const MARK: &str = ".mesh-lab";

fn prepare(directory: &Path) -> Result<PathBuf> {
    let fail = || format!("cannot prepare the lab's directory {}", directory.display());
    if directory.is_dir() && fs::read_dir(directory).with_context(fail)?.next().is_some() {
        bail!("{} is not empty and holds no lab: name another directory", directory.display());
    }
    fs::create_dir_all(directory).with_context(fail)?;
    fs::write(directory.join(MARK), "").with_context(fail)?;
    for part in ["logs", "pids", "charts", "clusters"] {
        fs::create_dir_all(directory.join(part)).with_context(fail)?;
    }
    directory.canonicalize().with_context(fail)
}

fn start_servers(directory: &Path, state: &State) -> Result<()> {
    let authority = Authority::root("lab")?;
    let shared_root = Authority::root("istio-root")?;
    say("lab: starting API servers");
    servers::start(directory, state, &authority)?;
    say("lab: installing Istio");
    istio::pack_charts(directory, state)?;
    state::each(&state.clusters, |cluster| {
        kwok::start(directory, state, cluster, &authority)?;
        match state.roots {
            Roots::Shared => istio::install(directory, state, cluster, &shared_root),
            Roots::Separate => {
                let own = Authority::root(&format!("istio-root-{}", cluster.name))?;
                istio::install(directory, state, cluster, &own)
            }
        }
    })?;
    say("lab: joining the clusters");
    let mut pairs: Vec<_> = state
        .clusters
        .iter()
        .flat_map(|read| {
            state.clusters.iter().filter(move |reader| *reader != read).map(move |reader| (read, reader))
        })
        .collect();
    // By name, which is the order in which an istiod finds them that starts later: the first registry of a host
    // decides about its Service.
    pairs.sort_by_key(|(read, _)| &read.name);
    for (read, reader) in &pairs {
        istio::add_remote_secret(state, read, reader)?;
    }
    pairs.iter().try_for_each(|(read, reader)| istio::wait_for_sync(state, reader, read))
}
