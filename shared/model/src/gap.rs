//! Gaps: what could not be read. Absence is three-valued (present, absent, unknown), and this is the third.

use std::collections::BTreeMap;
use std::fmt;

use crate::{Kind, KindSet};

/// Why a kind of a cluster is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// The API server refused, failed TLS, or answered 401.
    Unreachable {
        /// What failed, without secrets.
        cause: String,
    },
    /// 403 on the kind.
    Forbidden {
        /// The server's own sentence, without secrets.
        message: String,
    },
    /// No answer within the deadline.
    Timeout {
        /// Deadline in milliseconds.
        after_ms: u64,
    },
    /// Served only in versions that are not read.
    NotServed,
    /// Files: neither an object nor a typed empty list of the kind was given.
    NotGiven,
    /// The list ended early, or an object of it could not be read.
    Truncated {
        /// What was lost.
        cause: String,
    },
}

impl Gap {
    /// The cause as one word of the report schema.
    #[must_use]
    pub const fn cause(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Forbidden { .. } => "forbidden",
            Self::Timeout { .. } => "timeout",
            Self::NotServed => "notServed",
            Self::NotGiven => "notGiven",
            Self::Truncated { .. } => "truncated",
        }
    }

    /// True for a kind that files did not hold.
    #[must_use]
    pub const fn is_not_given(&self) -> bool {
        matches!(self, Self::NotGiven)
    }

    /// True when something was read and only a part is missing.
    #[must_use]
    pub const fn is_partial(&self) -> bool {
        matches!(self, Self::Truncated { .. })
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { cause } => write!(f, "unreachable: {cause}"),
            Self::Forbidden { message } => write!(f, "forbidden: {message}"),
            Self::Timeout { after_ms } => {
                write!(f, "no answer within {}.{:03} s", after_ms / 1000, after_ms % 1000)
            }
            Self::NotServed => f.write_str("served only in versions that are not read"),
            Self::NotGiven => f.write_str("not given"),
            Self::Truncated { cause } => write!(f, "read in part: {cause}"),
        }
    }
}

/// The gaps of one cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    cluster: Option<Gap>,
    kinds: BTreeMap<Kind, Gap>,
}

impl Gaps {
    /// Nothing of the cluster is known.
    pub fn lose_cluster(&mut self, gap: Gap) {
        self.cluster = Some(gap);
    }

    /// `kind` is not known. The first cause stays: it is the one that explains the rest.
    pub fn lose(&mut self, kind: Kind, gap: Gap) {
        self.kinds.entry(kind).or_insert(gap);
    }

    /// `kind` is to be read anew.
    pub fn regain(&mut self, kind: Kind) {
        self.kinds.remove(&kind);
    }

    /// Why nothing of the cluster is known, if so.
    #[must_use]
    pub const fn of_cluster(&self) -> Option<&Gap> {
        self.cluster.as_ref()
    }

    /// Why `kind` is not known, if so; the cluster's own gap covers every kind.
    #[must_use]
    pub fn of(&self, kind: Kind) -> Option<&Gap> {
        self.cluster.as_ref().or_else(|| self.kinds.get(&kind))
    }

    /// The first gap among `kinds`, in table order.
    #[must_use]
    pub fn first_of(&self, kinds: KindSet) -> Option<(Kind, &Gap)> {
        kinds.kinds().find_map(|kind| self.of(kind).map(|gap| (kind, gap)))
    }

    /// Gaps of single kinds, in table order; empty when the whole cluster is lost.
    pub fn iter(&self) -> impl Iterator<Item = (Kind, &Gap)> {
        self.kinds.iter().map(|(kind, gap)| (*kind, gap)).filter(|_| self.cluster.is_none())
    }
}
