//! The page of a rule as its test: fences become a mesh, comments in them become expected findings.
//!
//! A page has the sections of [`SECTIONS`]. Below `Fires`, `Does not fire` and `After the remedy` each `###`
//! heading starts a case (without one the section is one case), and all fences of a case form one mesh:
//!
//! - the info string of a fence is `yaml cluster=NAME`, with `file=NAME` where the name matters, and words about
//!   the whole case: `now=TIME istio=VERSION gap=CLUSTER[/RESOURCE]:CAUSE notgiven=CLUSTER/RESOURCE given=ASK`;
//! - `# error: [MESH201]` (`warning`, `info`) at the end of the line a finding's path resolves to expects that
//!   finding; several codes in brackets expect several. In comments above the content of a fence it expects a
//!   finding about its cluster, or about an object the cluster does not hold;
//! - kinds that are not mentioned are known to be empty.
//!
//! A case is read by `mesh-source`, as `check -f` reads a tree, and runs with its rule and the rules named in `after`. The remedy of each finding is applied to the
//! documents: the finding must go and no finding of any rule may come.

mod documents;
mod kubectl;
mod parse;
mod run;
mod settings;
mod world;

use std::fmt;

use mesh_model::ClusterName;

/// Headings that every page has, in this order; `After the remedy` may follow.
pub const SECTIONS: [&str; 6] =
    ["What it finds", "Why it bites", "How it is seen", "How to mend", "Fires", "Does not fire"];

/// A page that was read.
pub struct Page {
    /// The heading of the page, for example `MESH201 failover-without-outlier-detection`.
    pub title: String,
    /// The second-level headings in order.
    pub headings: Vec<String>,
    /// The cases of all sections in order.
    pub cases: Vec<Case>,
}

impl Page {
    /// Reads a page.
    pub fn parse(docs: &str) -> Result<Self, PageError> {
        let parse::Parsed { title, headings, cases } = parse::parse(docs)?;
        Ok(Self { title, headings, cases })
    }
}

/// A page that cannot be used as a test.
#[derive(Debug)]
pub struct PageError {
    /// Line of the page, from 1.
    pub line: usize,
    /// What is wrong.
    pub reason: String,
}

impl fmt::Display for PageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "page line {}: {}", self.line, self.reason)
    }
}
impl std::error::Error for PageError {}

/// The sections that hold cases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    /// Every case has findings.
    Fires,
    /// No case has a finding.
    DoesNotFire,
    /// What the first section looks like once mended, for remedies that no test can apply; no finding.
    AfterTheRemedy,
}

impl Section {
    const fn heading(self) -> &'static str {
        match self {
            Self::Fires => "Fires",
            Self::DoesNotFire => "Does not fire",
            Self::AfterTheRemedy => "After the remedy",
        }
    }

    fn of(heading: &str) -> Option<Self> {
        [Self::Fires, Self::DoesNotFire, Self::AfterTheRemedy].into_iter().find(|s| s.heading() == heading)
    }
}

/// One mesh with its expected findings.
pub struct Case {
    /// Its heading.
    pub title: String,
    /// The section it stands in.
    pub section: Section,
    settings: settings::Settings,
    fences: Vec<Fence>,
}

impl Case {
    /// The cluster and YAML text of each fence, in order.
    pub fn texts(&self) -> impl Iterator<Item = (&ClusterName, &str)> {
        self.fences.iter().map(|fence| (&fence.cluster, fence.text.as_str()))
    }
}

struct Fence {
    cluster: ClusterName,
    file: String,
    /// Line of the page, from 1, on which the text starts.
    line: usize,
    text: String,
    expected: Vec<Expected>,
}

struct Expected {
    /// Line of the fence, from 1; `None` for the cluster.
    line: Option<usize>,
    severity: String,
    code: String,
}
