//! The kubeconfig: which files, and one merged whole.
//!
//! kube's parser and merge rules are used; the search is ours, because kube fails on a file of `KUBECONFIG` that
//! does not exist, which kubectl passes over, and because an error must name its file without quoting the
//! content, which holds tokens.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use kube::config::{Kubeconfig, KubeconfigError};

use crate::LiveError;

/// Where contexts are defined.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KubeconfigSource {
    /// One file, which must exist (`--kubeconfig`).
    File(PathBuf),
    /// kubectl's search: the list in `KUBECONFIG`, else `.kube/config` in the home directory.
    Search {
        /// Content of `KUBECONFIG`.
        variable: Option<OsString>,
        /// Home directory.
        home: Option<PathBuf>,
    },
}

impl Default for KubeconfigSource {
    fn default() -> Self {
        Self::Search { variable: env::var_os("KUBECONFIG"), home: env::home_dir() }
    }
}

impl KubeconfigSource {
    /// The file that was typed, else kubectl's search in this process's environment.
    #[must_use]
    pub fn new(typed: Option<PathBuf>) -> Self {
        typed.map_or_else(Self::default, Self::File)
    }

    fn files(&self) -> Vec<PathBuf> {
        match self {
            Self::File(path) => vec![path.clone()],
            Self::Search { variable, home } => {
                let listed: Vec<_> = variable
                    .iter()
                    .flat_map(|variable| env::split_paths(variable).collect::<Vec<_>>())
                    .filter(|path| !path.as_os_str().is_empty())
                    .collect();
                if listed.is_empty() {
                    home.iter().map(|home| home.join(".kube/config")).collect()
                } else {
                    listed
                }
            }
        }
    }

    /// Reads and merges the files.
    pub(crate) fn read(&self) -> Result<Contexts, LiveError> {
        let files = self.files();
        let mut config = Kubeconfig::default();
        for path in &files {
            if let Some(next) = self.read_file(path)? {
                config = config.merge(next).map_err(|error| broken(path, &error))?;
            }
        }
        Ok(Contexts { config, files })
    }

    fn read_file(&self, path: &Path) -> Result<Option<Kubeconfig>, LiveError> {
        match Kubeconfig::read_from(path) {
            Ok(config) => Ok(Some(config)),
            Err(KubeconfigError::ReadConfig(error, _)) if error.kind() == std::io::ErrorKind::NotFound => {
                match self {
                    Self::File(_) => Err(LiveError::KubeconfigMissing { path: path.to_owned() }),
                    Self::Search { .. } => Ok(None),
                }
            }
            Err(error) => Err(broken(path, &error)),
        }
    }
}

fn broken(path: &Path, error: &KubeconfigError) -> LiveError {
    LiveError::KubeconfigBroken { path: path.to_owned(), cause: cause(error) }
}

/// The error without the content of the file: parsers quote the line they fail on.
pub(crate) fn cause(error: &KubeconfigError) -> String {
    match error {
        KubeconfigError::Parse(error) => error.location().map_or_else(
            || "it is no valid YAML of a kubeconfig".to_owned(),
            |at| format!("it is no valid YAML of a kubeconfig at line {}, column {}", at.line(), at.column()),
        ),
        KubeconfigError::ReadConfig(error, _) => error.to_string(),
        other => other.to_string(),
    }
}

/// The merged kubeconfig.
#[derive(Clone, Debug, Default)]
pub(crate) struct Contexts {
    pub(crate) config: Kubeconfig,
    files: Vec<PathBuf>,
}

impl Contexts {
    /// Names of all contexts, in the order of the files.
    pub(crate) fn names(&self) -> Vec<String> {
        self.config.contexts.iter().map(|context| context.name.clone()).collect()
    }

    /// The namespace that the context names.
    pub(crate) fn namespace_of(&self, context: &str) -> Option<String> {
        let context = self.config.contexts.iter().find(|known| known.name == context)?;
        context.context.as_ref()?.namespace.clone().filter(|namespace| !namespace.is_empty())
    }

    /// The files that were searched, for an error.
    pub(crate) fn files(&self) -> String {
        match self.files.as_slice() {
            [] => "the kubeconfig".to_owned(),
            files => files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(", "),
        }
    }
}
