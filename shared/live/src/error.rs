//! What the user must mend before any cluster can be read.

use std::path::PathBuf;

/// Nothing can be read, because of what was typed or of the kubeconfig as a whole.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// A context that was typed is not in the kubeconfig.
    #[error("context \"{context}\" does not exist in {files}; {known}")]
    NoSuchContext {
        /// As typed.
        context: String,
        /// Files that were searched.
        files: String,
        /// What there is instead.
        known: KnownContexts,
    },
    /// A glob fits no context.
    #[error("no context matches \"{glob}\" in {files}; {known}")]
    NoMatch {
        /// As typed.
        glob: String,
        /// Files that were searched.
        files: String,
        /// What there is instead.
        known: KnownContexts,
    },
    /// `NAME=GLOB` fits several contexts.
    #[error(
        "\"{name}={glob}\" names {count} contexts, but a name can be given to one only; write its full name"
    )]
    AmbiguousRename {
        /// Name to give.
        name: String,
        /// Glob as typed.
        glob: String,
        /// How many contexts it fits.
        count: usize,
    },
    /// Two contexts under one name.
    #[error(
        "contexts \"{first}\" and \"{second}\" would both be called \"{name}\"; rename one: --contexts NAME={second}"
    )]
    NameTwice {
        /// The name.
        name: String,
        /// Context that has it.
        first: String,
        /// Context that wants it too.
        second: String,
    },
    /// No context is typed and none is current.
    #[error("no cluster to read: no current context in {files}; use --contexts or -f")]
    NoCurrentContext {
        /// Files that were searched.
        files: String,
    },
    /// `--all-contexts` without any context.
    #[error("no cluster to read: no context in {files}; use -f")]
    NoContexts {
        /// Files that were searched.
        files: String,
    },
    /// The current context is none that is defined.
    #[error("current context \"{context}\" does not exist in {files}; {known}; use --contexts")]
    NoSuchCurrentContext {
        /// `current-context`.
        context: String,
        /// Files that were searched.
        files: String,
        /// What there is instead.
        known: KnownContexts,
    },
    /// The file named by `--kubeconfig` is not there.
    #[error("kubeconfig \"{}\" does not exist; check --kubeconfig", path.display())]
    KubeconfigMissing {
        /// The file.
        path: PathBuf,
    },
    /// A kubeconfig that cannot be read or parsed.
    #[error("kubeconfig \"{}\" cannot be used: {cause}; 'kubectl config view' must be able to read it", path.display())]
    KubeconfigBroken {
        /// The file.
        path: PathBuf,
        /// What is wrong, without the file's content.
        cause: String,
    },
}

/// The contexts of the kubeconfig, printed as far as they help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownContexts(pub Vec<String>);

impl std::fmt::Display for KnownContexts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const SHOWN: usize = 8;
        if self.0.is_empty() {
            return f.write_str("it has no contexts");
        }
        write!(f, "contexts are: {}", self.0[..self.0.len().min(SHOWN)].join(", "))?;
        match self.0.len().saturating_sub(SHOWN) {
            0 => Ok(()),
            more => write!(f, " and {more} more"),
        }
    }
}
