//! Which rules run: codes, prefixes, areas, tags, names.

use std::fmt;

use crate::registry::ALL;
use crate::{Area, Rule, RuleStatus, Tags};

/// The rules of a run, in order of their codes.
#[derive(Clone, Debug)]
pub struct Selection(Vec<&'static Rule>);

/// A selection that cannot be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectError {
    /// A word that is no code, prefix, name, area or tag.
    Unknown {
        /// The word.
        word: String,
    },
    /// Select and ignore leave no rule.
    Nothing {
        /// What was selected, joined by commas; empty for everything.
        select: String,
        /// What was ignored, joined by commas.
        ignore: String,
    },
}

impl fmt::Display for SelectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown { word } => {
                write!(f, "unknown rule, area or tag \"{}\"; see 'kubectl mesh rules'", word.escape_default())
            }
            Self::Nothing { select, ignore } => {
                let select = if select.is_empty() { "all rules" } else { select };
                write!(f, "nothing selected: \"{select}\" without \"{ignore}\"")
            }
        }
    }
}
impl std::error::Error for SelectError {}

impl Selection {
    /// All rules that run by default.
    #[must_use]
    pub fn default_rules() -> Self {
        Self(ALL.iter().copied().filter(|rule| rule.status != RuleStatus::Preview).collect())
    }

    /// The rules named by `select` (all default ones if empty) without those named by `ignore`.
    pub fn new<S: AsRef<str>>(select: &[S], ignore: &[S]) -> Result<Self, SelectError> {
        let mut chosen = if select.is_empty() { Self::default_rules().0 } else { union(select)? };
        let ignored = union(ignore)?;
        chosen.retain(|rule| !ignored.iter().any(|other| other.code == rule.code));
        if chosen.is_empty() {
            let join = |words: &[S]| words.iter().map(AsRef::as_ref).collect::<Vec<_>>().join(",");
            return Err(SelectError::Nothing { select: join(select), ignore: join(ignore) });
        }
        Ok(Self(chosen))
    }

    /// The rules in order of their codes.
    #[must_use]
    pub fn rules(&self) -> &[&'static Rule] {
        &self.0
    }
}

fn union<S: AsRef<str>>(words: &[S]) -> Result<Vec<&'static Rule>, SelectError> {
    let mut chosen = Vec::new();
    for word in words.iter().map(AsRef::as_ref) {
        let matching: Vec<_> = ALL.iter().copied().filter(|rule| matches(rule, word)).collect();
        if matching.is_empty() && !is_area_or_tag(word) {
            return Err(SelectError::Unknown { word: word.to_owned() });
        }
        chosen.extend(matching);
    }
    chosen.sort_by_key(|rule| rule.code);
    chosen.dedup_by_key(|rule| rule.code);
    Ok(chosen)
}

fn matches(rule: &Rule, word: &str) -> bool {
    let code = rule.code.to_string();
    let is_prefix = word.len() > 4
        && code.as_bytes().get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word.as_bytes()));
    is_prefix
        || rule.name == word
        || rule.area().as_str() == word
        || tag(word).is_some_and(|tag| rule.tags.contains(tag))
}

fn is_area_or_tag(word: &str) -> bool {
    tag(word).is_some() || Area::ALL.iter().any(|area| area.as_str() == word)
}

fn tag(word: &str) -> Option<Tags> {
    match word {
        "failover" => Some(Tags::FAILOVER),
        "drift" => Some(Tags::DRIFT),
        "webhook" => Some(Tags::WEBHOOK),
        "admission" => Some(Tags::ADMISSION),
        "secrets" => Some(Tags::SECRETS),
        _ => None,
    }
}
