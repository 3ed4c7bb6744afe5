//! What the user names as input, and what is wrong with it before anything is read.

use std::path::PathBuf;

/// Name of the cluster whose documents were given without one.
pub const DEFAULT_CLUSTER: &str = "default";

/// One `-f` argument, or text a test holds in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A directory or a file.
    Path {
        /// `CLUSTER=`; without it the directories below `path` are the clusters.
        cluster: Option<String>,
        /// The path as typed; findings name files below it the same way.
        path: PathBuf,
    },
    /// Standard input.
    Stdin {
        /// `CLUSTER=`, [`DEFAULT_CLUSTER`] without it.
        cluster: Option<String>,
    },
    /// A file that exists in memory only.
    Text {
        /// Cluster the documents belong to.
        cluster: String,
        /// Name that findings show.
        name: String,
        /// Content.
        text: String,
    },
}

impl From<&str> for Input {
    /// Reads `PATH`, `CLUSTER=PATH`, `-` and `CLUSTER=-`. A slash before the `=` makes it part of the path, so
    /// `./a=b` names a file.
    fn from(argument: &str) -> Self {
        let (cluster, path) = match argument.split_once('=') {
            Some((cluster, path)) if !cluster.is_empty() && !cluster.contains('/') => {
                (Some(cluster.to_owned()), path)
            }
            _ => (None, argument),
        };
        if path == "-" { Self::Stdin { cluster } } else { Self::Path { cluster, path: path.into() } }
    }
}

/// Why nothing could be read at all; what fails for one file or document is a note of its cluster instead.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The path names nothing.
    #[error("path \"{path}\" does not exist")]
    Missing {
        /// As typed.
        path: String,
    },
    /// The path itself cannot be opened.
    #[error("path \"{path}\" cannot be read: {cause}")]
    Unreadable {
        /// As typed.
        path: String,
        /// What the system said.
        cause: std::io::Error,
    },
    /// A directory without a manifest: most likely a wrong path.
    #[error("path \"{path}\" holds no *.yaml, *.yml or *.json file")]
    NoManifest {
        /// As typed.
        path: String,
    },
    /// `-` was named twice.
    #[error("standard input can be read once only; give one of the clusters as a file")]
    StdinTwice,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_argument_splits_into_cluster_and_path() {
        let path = |cluster: Option<&str>, path: &str| Input::Path {
            cluster: cluster.map(str::to_owned),
            path: path.into(),
        };
        assert_eq!(Input::from("tree"), path(None, "tree"));
        assert_eq!(Input::from("east=tree/a"), path(Some("east"), "tree/a"));
        assert_eq!(Input::from("./a=b"), path(None, "./a=b"));
        assert_eq!(Input::from("=b"), path(None, "=b"));
        assert_eq!(Input::from("-"), Input::Stdin { cluster: None });
        assert_eq!(Input::from("east=-"), Input::Stdin { cluster: Some("east".into()) });
    }
}
