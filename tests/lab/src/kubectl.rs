//! The real kubectl, run inside the namespace against one cluster.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use crate::{namespace, run, state::State};

/// kubectl bound to one cluster.
#[derive(Clone, Debug)]
pub(crate) struct Kubectl {
    keeper: u32,
    program: PathBuf,
    kubeconfig: PathBuf,
    context: String,
}

impl Kubectl {
    pub(crate) fn new(state: &State, context: &str) -> Result<Self> {
        Ok(Self {
            keeper: state.keeper,
            program: state.toolbox.program("kubectl")?.to_owned(),
            kubeconfig: state.kubeconfig.clone(),
            context: context.to_owned(),
        })
    }

    /// The command without its arguments.
    pub(crate) fn command(&self) -> Command {
        in_context(self.keeper, &self.program, &self.kubeconfig, &self.context)
    }

    /// Standard output of a call that must succeed.
    pub(crate) fn output(&self, arguments: &[&str]) -> Result<String> {
        run::output(self.command().args(arguments))
    }

    /// Like [`Self::output`], with `input` on standard input.
    pub(crate) fn output_with_input(&self, arguments: &[&str], input: &str) -> Result<String> {
        run::output_with_input(self.command().args(arguments), input)
    }
}

/// Any program that takes `--kubeconfig` and `--context`, inside the namespace.
pub(crate) fn in_context(keeper: u32, program: &Path, kubeconfig: &Path, context: &str) -> Command {
    let mut command = namespace::command(keeper, program);
    command.arg("--kubeconfig").arg(kubeconfig).args(["--context", context]);
    command
}
