//! Findings: what is wrong, where, why, and how to mend it.

use std::fmt;

use mesh_model::{ClusterName, FieldPath, ObjectRef, Origin};

use crate::{Area, Code, Remedy, Severity};

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Subject {
    /// A cluster as a whole.
    Cluster(ClusterName),
    /// An object, present or missing.
    Object(ObjectRef),
    /// A document that could not be read as an object.
    Document {
        /// Cluster it was given for.
        cluster: ClusterName,
        /// File, or `stdin`.
        file: String,
        /// Line and column from 1, where known.
        position: Option<(u32, u32)>,
    },
}

impl Subject {
    /// The cluster.
    #[must_use]
    pub const fn cluster(&self) -> &ClusterName {
        match self {
            Self::Cluster(cluster) | Self::Document { cluster, .. } => cluster,
            Self::Object(object) => &object.cluster,
        }
    }

    /// The object, if it is one.
    #[must_use]
    pub const fn object(&self) -> Option<&ObjectRef> {
        match self {
            Self::Object(object) => Some(object),
            Self::Cluster(_) | Self::Document { .. } => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cluster(cluster) => write!(f, "cluster {cluster}"),
            Self::Object(object) => object.fmt(f),
            Self::Document { file, position: Some((line, column)), .. } => {
                write!(f, "{file}:{line}:{column}")
            }
            Self::Document { file, .. } => f.write_str(file),
        }
    }
}

/// Another object, field or fact that made the verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Where it stands.
    pub subject: Subject,
    /// Field in it.
    pub path: FieldPath,
    /// What stands there, or what follows from it.
    pub value: String,
}

/// Whether a finding counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FindingStatus {
    /// It counts.
    #[default]
    Fail,
    /// An annotation, file or option excuses it.
    Suppressed,
    /// It was there when the baseline was written.
    Baseline,
}

/// Identity of a finding that survives a change of its wording: a hash of (code, subject, path). Never changes
/// between versions: baselines and code scanning keep it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Fingerprint(u64);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Rule.
    pub code: Code,
    /// Severity; mostly the rule's own.
    pub severity: Severity,
    /// What it is about.
    pub subject: Subject,
    /// Where the subject was read.
    pub origin: Origin,
    /// The other cluster of a finding with two sides.
    pub peer: Option<ClusterName>,
    /// Field of the subject; it or its parent exists.
    pub path: FieldPath,
    /// Lower case, no full stop, names the object in quotes.
    pub message: String,
    /// What made the verdict.
    pub evidence: Vec<Evidence>,
    /// What mends it.
    pub remedy: Option<Remedy>,
    /// Whether it counts.
    pub status: FindingStatus,
}

impl Finding {
    /// Area, by the hundred of the code.
    #[must_use]
    pub fn area(&self) -> Area {
        Area::ALL[usize::from(self.code.0 / 100).min(Area::ALL.len() - 1)]
    }

    /// Identity that survives a change of wording. For a subject without an object the file or peer counts.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Fnv::new();
        hash.part(&self.code.to_string());
        hash.part(self.subject.cluster());
        match &self.subject {
            Subject::Cluster(_) => {}
            Subject::Object(object) => {
                for part in [object.kind.group(), object.kind.as_str(), &object.namespace, &object.name] {
                    hash.part(part);
                }
            }
            Subject::Document { file, position, .. } => {
                hash.part(file);
                hash.part(&position.map_or_else(String::new, |(line, column)| format!("{line}:{column}")));
            }
        }
        hash.part(self.peer.as_deref().unwrap_or_default());
        hash.part(&self.path.to_string());
        Fingerprint(hash.0)
    }

    /// Order of all output: severity, code, subject, peer, path.
    #[must_use]
    pub fn order(&self, other: &Self) -> std::cmp::Ordering {
        (self.severity, self.code, &self.subject, &self.peer, &self.path, &self.message).cmp(&(
            other.severity,
            other.code,
            &other.subject,
            &other.peer,
            &other.path,
            &other.message,
        ))
    }
}

/// FNV-1a with 64 bits, parts ended by a byte that no text holds. Spelled out because std's hasher may change
/// between versions.
struct Fnv(u64);

impl Fnv {
    const fn new() -> Self {
        Self(0xcbf2_9ce4_8422_2325)
    }

    fn part(&mut self, text: &str) {
        for byte in text.bytes().chain([0xff]) {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }
}
