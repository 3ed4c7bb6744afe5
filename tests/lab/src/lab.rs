//! A running lab as tests and commands use it.

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    forward::PortForward,
    kubectl::{self, Kubectl},
    mesh::AppliedMesh,
    namespace::{self, Server},
    proxy::Proxy,
    run,
    second::SecondIstiod,
    state::{self, Cluster, LAB_VARIABLE, State},
};

/// Handle to a running lab.
#[derive(Clone, Debug)]
pub struct Lab {
    directory: PathBuf,
    pub(crate) state: State,
}

impl Lab {
    /// The lab that `$MESH_LAB` names. For tests.
    ///
    /// # Panics
    /// When there is none, or it does not run: a test of the lab never counts as passed without it.
    #[must_use]
    pub fn connect() -> Self {
        let directory = std::env::var_os(LAB_VARIABLE).filter(|value| !value.is_empty()).unwrap_or_else(|| {
            panic!("this test needs the lab: run `cargo xtask test`, or `cargo xtask lab shell` and the test in it")
        });
        let lab = match Self::open(Path::new(&directory)) {
            Ok(lab) => lab,
            Err(error) => panic!("this test needs the lab: {error:#}"),
        };
        assert!(
            namespace::is_inside(lab.state.keeper),
            "this test must run in the lab's network: run `cargo xtask test`, or the test in `cargo xtask lab shell`"
        );
        lab
    }

    /// The running lab in a state directory.
    pub fn open(directory: &Path) -> Result<Self> {
        let state = State::read(directory)?.with_context(|| {
            format!("no lab in {}: run `cargo xtask lab up west east`", directory.display())
        })?;
        ensure!(
            state.is_alive(),
            "the lab in {} has ended: run `cargo xtask lab up west east` again",
            directory.display()
        );
        ensure!(
            state.complete,
            "the lab in {} is not complete: wait for its start, or run `cargo xtask lab down` when it failed",
            directory.display()
        );
        for name in state.toolbox.programs.keys() {
            state.toolbox.program(name)?;
        }
        Ok(Self { directory: directory.to_owned(), state })
    }

    /// The running lab of this checkout.
    pub fn open_default() -> Result<Self> {
        Self::open(&state::default_directory()?)
    }

    /// State directory: logs, keys, kubeconfig.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The clusters, in the order in which `up` named them.
    #[must_use]
    pub fn clusters(&self) -> &[Cluster] {
        &self.state.clusters
    }

    /// One cluster by its name.
    pub fn cluster(&self, name: &str) -> Result<&Cluster> {
        let found = self.state.clusters.iter().find(|cluster| cluster.name == name);
        found.with_context(|| format!("the lab has no cluster {name}: `cargo xtask lab up` names them"))
    }

    /// Address of a cluster's API server and nodes.
    pub fn address(&self, cluster: &str) -> Result<String> {
        Ok(self.cluster(cluster)?.address())
    }

    /// Kubeconfig with one context per cluster, named after it.
    #[must_use]
    pub fn kubeconfig(&self) -> &Path {
        &self.state.kubeconfig
    }

    /// Path of a program of the lab.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        self.state.toolbox.program(name).map(Path::to_owned)
    }

    /// Path of a file that came with a group of programs, such as `("istio", "samples/multicluster")`.
    pub fn share(&self, group: &str, file: &str) -> Result<PathBuf> {
        self.state.toolbox.share(group, file)
    }

    /// A command that runs in the lab's network, with `KUBECONFIG`, `MESH_LAB` and the lab's programs on `PATH`.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Result<Command> {
        let mut command = namespace::command(self.state.keeper, Path::new(program.as_ref()));
        run::forget_package(&mut command);
        command.env("PATH", self.path_variable()?);
        command.env("KUBECONFIG", &self.state.kubeconfig).env(LAB_VARIABLE, &self.directory);
        Ok(command)
    }

    /// `PATH` with the lab's programs before those of this process.
    fn path_variable(&self) -> Result<OsString> {
        let mut path: Vec<PathBuf> = Vec::new();
        for program in self.state.toolbox.programs.values() {
            let Some(directory) = program.parent() else { continue };
            if !path.iter().any(|known| known == directory) {
                path.push(directory.to_owned());
            }
        }
        path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        std::env::join_paths(path).context("the lab's cache lies in a directory that PATH cannot name")
    }

    /// Runs kubectl against one cluster, whatever its exit code.
    pub fn kubectl<S: AsRef<OsStr>>(
        &self,
        cluster: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Output> {
        self.kubectl_command(cluster)?.args(arguments).output().context("cannot run kubectl")
    }

    /// Runs istioctl against one cluster, whatever its exit code.
    pub fn istioctl<S: AsRef<OsStr>>(
        &self,
        cluster: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<Output> {
        self.cluster(cluster)?;
        let program = self.state.toolbox.program("istioctl")?;
        let mut command = kubectl::in_context(self.state.keeper, program, &self.state.kubeconfig, cluster);
        command.args(arguments).output().context("cannot run istioctl")
    }

    /// Applies YAML as it is, by `kubectl apply --server-side`, whatever the outcome: refusals are results too.
    pub fn apply(&self, cluster: &str, yaml: &str) -> Result<Output> {
        self.kubectl_with_input(cluster, ["apply", "--server-side", "--force-conflicts", "-f", "-"], yaml)
    }

    /// kubectl bound to one cluster, without further arguments.
    pub fn kubectl_command(&self, cluster: &str) -> Result<Command> {
        self.cluster(cluster)?;
        Ok(Kubectl::new(&self.state, cluster)?.command())
    }

    /// Forwards a local port to a pod's, as long as the returned value lives.
    pub fn port_forward(&self, cluster: &str, namespace: &str, pod: &str, port: u16) -> Result<PortForward> {
        PortForward::start(self, cluster, namespace, pod, port)
    }

    /// Starts a program of the lab that ends with the lab at the latest; what it says goes to `logs/<name>.log`.
    pub(crate) fn start_server(
        &self,
        name: &str,
        program: &str,
        set: impl FnOnce(&mut Command),
    ) -> Result<Server> {
        Server::start(&self.directory, self.state.keeper, name, self.state.toolbox.program(program)?, set)
    }

    /// Starts the real proxy of a pod, a sidecar or a gateway, as long as the returned value lives.
    pub fn start_proxy(&self, cluster: &str, namespace: &str, pod: &str) -> Result<Proxy> {
        Proxy::start(self, cluster, namespace, pod)
    }

    /// Starts an istiod that behaves like 1.30 beside the cluster's own, as long as the returned value lives. It must
    /// have been built before: the lab's network reaches no Go modules.
    pub fn start_istiod_130(&self, cluster: &str) -> Result<SecondIstiod> {
        SecondIstiod::start(self, self.cluster(cluster)?)
    }

    /// Runs kubectl with `input` on standard input, whatever its exit code.
    pub fn kubectl_with_input<S: AsRef<OsStr>>(
        &self,
        cluster: &str,
        arguments: impl IntoIterator<Item = S>,
        input: &str,
    ) -> Result<Output> {
        run::with_input(self.kubectl_command(cluster)?.args(arguments), input)
    }

    /// Standard output of a kubectl call that must succeed.
    pub fn kubectl_output<S: AsRef<OsStr>>(
        &self,
        cluster: &str,
        arguments: impl IntoIterator<Item = S>,
    ) -> Result<String> {
        run::output(self.kubectl_command(cluster)?.args(arguments))
    }

    /// Waits until no other test has a mesh in the lab, and keeps them waiting as long as the returned file is open.
    pub fn exclusive(&self) -> Result<File> {
        let path = self.directory.join("mesh.lock");
        let lock = File::create(&path).with_context(|| format!("cannot write {}", path.display()))?;
        lock.lock().with_context(|| format!("cannot lock {}", path.display()))?;
        Ok(lock)
    }

    /// Applies the fixture mesh `tests/lab/meshes/<name>` and waits until its pods are endpoints. It is taken away
    /// when the returned value is dropped; until then others that apply a mesh wait.
    pub fn apply_mesh(&self, name: &str) -> Result<AppliedMesh> {
        self.apply_tree(&crate::source_directory().join("meshes").join(name))
    }

    /// Like [`Self::apply_mesh`], for any directory with one directory per cluster.
    pub fn apply_tree(&self, tree: &Path) -> Result<AppliedMesh> {
        AppliedMesh::apply(self, tree)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(directory: &Path) -> String {
        format!("{:#}", Lab::open(directory).unwrap_err())
    }

    fn state(keeper: u32, keeper_start: u64, complete: bool) -> State {
        State {
            keeper,
            keeper_start,
            clusters: vec![Cluster::new("west", 1)],
            kubeconfig: PathBuf::from("/nowhere"),
            toolbox: crate::build::Toolbox {
                programs: [("kubectl".to_owned(), PathBuf::from("/nowhere/kubectl"))].into(),
                ..Default::default()
            },
            roots: state::Roots::Shared,
            complete,
        }
    }

    #[test]
    fn a_directory_without_a_lab_is_refused_with_the_command_to_run() {
        let directory = tempfile::tempdir().unwrap();
        assert!(refusal(directory.path()).contains("run `cargo xtask lab up west east`"));
    }

    #[test]
    fn a_lab_whose_first_process_has_ended_is_refused_even_when_its_number_is_used_again() {
        let directory = tempfile::tempdir().unwrap();
        state(std::process::id(), 1, true).write(directory.path()).unwrap();
        assert!(refusal(directory.path()).contains("has ended"));
    }

    #[test]
    fn a_lab_that_is_not_complete_or_misses_a_program_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let (own, start) = (std::process::id(), state::start_time(std::process::id()).unwrap());
        state(own, start, false).write(directory.path()).unwrap();
        assert!(refusal(directory.path()).contains("not complete"));
        state(own, start, true).write(directory.path()).unwrap();
        assert!(refusal(directory.path()).contains("program kubectl is missing"));
    }
}
