//! `cargo xtask lab`: the command line of the lab.

use std::{ffi::OsString, path::PathBuf, process::ExitCode};

use anyhow::{Context as _, Result};
use clap::{Args, Subcommand};
use mesh_lab::{
    Lab, build, mesh,
    run::say,
    state::{self, Roots},
    up,
};

use crate::prove;

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Build the lab's programs into the cache
    Build,
    /// Start a lab with the named clusters
    Up {
        #[command(flatten)]
        place: Place,
        /// Give each cluster's istiod a root of its own
        #[arg(long)]
        separate_roots: bool,
        /// Names of the clusters
        #[arg(default_values = ["west", "east"])]
        clusters: Vec<String>,
    },
    /// Run a command (default: your shell) in the lab's network, with its programs and kubeconfig
    Shell {
        #[command(flatten)]
        place: Place,
        /// Command and its arguments
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        command: Vec<OsString>,
    },
    /// Apply a mesh: a tree with one directory of YAML files per cluster
    Apply {
        #[command(flatten)]
        place: Place,
        /// Directory, or name of a mesh of tests/lab/meshes
        mesh: PathBuf,
    },
    /// Delete what `apply` created
    Reset {
        #[command(flatten)]
        place: Place,
        /// Directory, or name of a mesh of tests/lab/meshes
        mesh: PathBuf,
    },
    /// Compare mesh-traffic with real istiods on random meshes, in a lab of its own
    Prove(prove::Arguments),
    /// End the lab and remove its state
    Down {
        #[command(flatten)]
        place: Place,
    },
}

/// Where the lab keeps its state.
#[derive(Args)]
pub(crate) struct Place {
    /// State directory [default: $MESH_LAB, else one of this checkout in the cache]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
}

impl Place {
    fn directory(&self) -> Result<PathBuf> {
        self.state.clone().map_or_else(state::default_directory, |path| Ok(std::path::absolute(path)?))
    }
}

pub(crate) fn run(command: Command) -> Result<ExitCode> {
    match command {
        Command::Build => {
            build::all()?;
        }
        Command::Up { place, separate_roots, clusters } => {
            let directory = place.directory()?;
            let roots = if separate_roots { Roots::Separate } else { Roots::Shared };
            let state = up::up(&directory, &clusters, roots, build::all()?)?;
            say(&format!(
                "lab: up in {}\nlab: enter it with `cargo xtask lab shell`, outside use `nsenter --user --net \
                 --preserve-credentials -t {}` and KUBECONFIG={}",
                directory.display(),
                state.keeper,
                state.kubeconfig.display()
            ));
        }
        Command::Shell { place, command } => return shell(&Lab::open(&place.directory()?)?, command),
        Command::Apply { place, mesh } => Lab::open(&place.directory()?)?.apply_tree(&tree(mesh))?.keep(),
        Command::Reset { place, mesh } => mesh::reset(&Lab::open(&place.directory()?)?, &tree(mesh))?,
        Command::Prove(arguments) => return prove::run(&arguments),
        Command::Down { place } => up::down(&place.directory()?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn tree(mesh: PathBuf) -> PathBuf {
    if mesh.is_dir() { mesh } else { mesh_lab::source_directory().join("meshes").join(mesh) }
}

fn shell(lab: &Lab, command: Vec<OsString>) -> Result<ExitCode> {
    let mut words = command.into_iter();
    let program = words.next().or_else(|| std::env::var_os("SHELL")).unwrap_or_else(|| "sh".into());
    let status = lab.command(&program)?.args(words).status().context("cannot enter the lab")?;
    Ok(code(status))
}

/// The child's exit code; 128 + n, as shells say it, when signal n ended it.
pub(crate) fn code(status: std::process::ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt as _;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}
