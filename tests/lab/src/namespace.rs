//! The namespace in which the lab's servers live: a network of its own, made without root. When its first
//! process dies the kernel kills every server, so nothing of a lab can be left behind.

use std::{
    fs::{self, File},
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail, ensure};

use crate::{
    run,
    state::{self, Cluster},
};

const KEEPER: &str = include_str!("keeper.py");
/// Address and prefix of the interface from which clients in the namespace come.
const CLIENTS: &str = "172.30.0.1/24";

/// Starts the namespace with one /24 per cluster on its loopback device; returns number and start time of its
/// first process.
pub(crate) fn create(directory: &Path, clusters: &[Cluster]) -> Result<(u32, u64)> {
    let script = directory.join("keeper.py");
    fs::write(&script, KEEPER).with_context(|| format!("cannot write {}", script.display()))?;
    let (pid_file, log_file) = (directory.join("keeper.pid"), directory.join("logs/keeper.log"));
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--net", "--pid", "--fork", "--kill-child"]);
    command.arg("python3").arg(&script).arg(&pid_file).arg(CLIENTS);
    command.args(clusters.iter().map(|cluster| format!("{}/24", cluster.address())));
    let mut child = detached(&mut command, &log_file)?;
    loop {
        if let Ok(text) = fs::read_to_string(&pid_file) {
            let pid =
                text.trim().parse().with_context(|| format!("{} holds no number", pid_file.display()))?;
            let start = state::start_time(pid).context("the lab's namespace died at once")?;
            return Ok((pid, start));
        }
        if let Some(status) = child.try_wait()? {
            bail!(
                "cannot make a network namespace ({status}): {}\nThe lab needs user namespaces for everyone \
                 (sysctl kernel.unprivileged_userns_clone=1, on Ubuntu also \
                 kernel.apparmor_restrict_unprivileged_userns=0), python3 and util-linux",
                run::log_tail(&log_file)
            );
        }
        thread::sleep(Duration::from_millis(20));
    }
}

/// A command that runs `program` inside the network of the namespace, seen and killed like any child.
pub(crate) fn command(keeper: u32, program: &Path) -> Command {
    // The kernel refuses to enter the user namespace that one is in.
    if is_inside(keeper) {
        return Command::new(program);
    }
    let mut command = Command::new("nsenter");
    command.args(["--user", "--net", "--preserve-credentials", "-t", &keeper.to_string(), "--"]).arg(program);
    command
}

/// Whether this process is in the namespace's network.
pub(crate) fn is_inside(keeper: u32) -> bool {
    let network = |process: &str| fs::read_link(format!("/proc/{process}/ns/net")).ok();
    network("self").is_some_and(|own| network(&keeper.to_string()) == Some(own))
}

/// A server inside the namespace that dies with it.
#[derive(Debug)]
pub(crate) struct Server {
    name: String,
    child: Child,
    log: PathBuf,
}

impl Server {
    /// Starts `program`; its number goes to `pids/<name>`, what it says to `logs/<name>.log`.
    pub(crate) fn start(
        directory: &Path,
        keeper: u32,
        name: &str,
        program: &Path,
        set: impl FnOnce(&mut Command),
    ) -> Result<Self> {
        let mut command = Command::new("nsenter");
        if !is_inside(keeper) {
            command.args(["--user", "--net", "--preserve-credentials"]);
        }
        command.args(["--pid", "-t", &keeper.to_string(), "--"]);
        // The shell reports the number by which the host knows the server, then becomes the server.
        command.args(["sh", "-c", r#"read -r pid rest </proc/self/stat; echo "$pid" >"$0"; exec "$@""#]);
        command.arg(directory.join("pids").join(name)).arg(program);
        command.env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", directory);
        command.current_dir(directory);
        set(&mut command);
        let log = directory.join("logs").join(format!("{name}.log"));
        let child = detached(&mut command, &log).with_context(|| format!("cannot start {name}"))?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    /// Waits until `ready` says so; fails as soon as the server has ended.
    pub(crate) fn wait_until(&mut self, what: &str, mut ready: impl FnMut() -> bool) -> Result<()> {
        loop {
            if ready() {
                return Ok(());
            }
            self.check(what)?;
            thread::sleep(Duration::from_millis(100));
        }
    }

    /// Ends the server and what it started.
    pub(crate) fn kill(&mut self) -> Result<()> {
        let group = format!("-{}", self.child.id());
        let status =
            Command::new("kill").args(["-KILL", "--", &group]).status().context("cannot run kill")?;
        ensure!(status.success(), "cannot end {}, process group {}", self.name, self.child.id());
        self.child.wait().with_context(|| format!("cannot wait for the end of {}", self.name))?;
        Ok(())
    }

    /// Whether the server still runs; an error says how it ended.
    pub(crate) fn check(&mut self, before: &str) -> Result<()> {
        let Some(status) = self.child.try_wait()? else { return Ok(()) };
        let said = run::log_tail(&self.log);
        bail!(
            "{} ended before {before} ({status}); its last words in {}:\n{said}",
            self.name,
            self.log.display()
        )
    }
}

/// Starts a process that outlives this one and gets no signals of its terminal.
fn detached(command: &mut Command, log: &Path) -> Result<Child> {
    let file = File::options()
        .create(true)
        .append(true)
        .open(log)
        .with_context(|| format!("cannot write {}", log.display()))?;
    let errors = file.try_clone()?;
    command.stdin(Stdio::null()).stdout(file).stderr(errors).process_group(0);
    command.spawn().context("cannot start a process of the lab (unshare, nsenter: package util-linux)")
}
