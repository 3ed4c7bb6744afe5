//! What admission makes of findings: mode per rule, ratchet, and leniency towards what Admiral writes.
//!
//! Pure, so that the webhook and an offline check give one verdict. Messages and replies are the caller's.

mod follow;
mod growth;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

pub use follow::follow;

use crate::{ALL, Code, Finding, Rule, RuleStatus, Tags, find};

/// What a finding of a rule leads to. Ordered from mildest to hardest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Mode {
    /// The rule does not run.
    Off,
    /// Only the audit log and the metrics tell of it.
    Audit,
    /// The user is warned, the object is admitted.
    Warn,
    /// The object is refused.
    Deny,
}

impl Mode {
    /// Every mode, mildest first.
    pub const ALL: [Self; 4] = [Self::Off, Self::Audit, Self::Warn, Self::Deny];

    /// As written in options.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Audit => "audit",
            Self::Warn => "warn",
            Self::Deny => "deny",
        }
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// An option that names no mode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ModeError {
    /// Neither off, audit, warn nor deny.
    UnknownMode {
        /// The word.
        word: String,
    },
    /// No code or name of a rule.
    UnknownRule {
        /// The word.
        word: String,
    },
    /// A rule that looks at more than the object under review.
    NotAdmitting {
        /// The rule.
        code: Code,
    },
    /// No `RULE=MODE`.
    Form {
        /// The text.
        text: String,
    },
}

impl fmt::Display for ModeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownMode { word } => {
                write!(f, "unknown mode \"{}\": use off, audit, warn or deny", word.escape_default())
            }
            Self::UnknownRule { word } => {
                write!(f, "unknown rule \"{}\"; see 'kubectl mesh rules'", word.escape_default())
            }
            Self::NotAdmitting { code } => {
                write!(f, "{code} does not judge objects at admission; see 'kubectl mesh rules'")
            }
            Self::Form { text } => {
                write!(f, "\"{}\" is not RULE=MODE, for example MESH238=warn", text.escape_default())
            }
        }
    }
}
impl std::error::Error for ModeError {}

impl FromStr for Mode {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<Self, ModeError> {
        let named = Self::ALL.into_iter().find(|mode| mode.as_str() == text);
        named.ok_or_else(|| ModeError::UnknownMode { word: text.to_owned() })
    }
}

/// The mode of one rule, as an option sets it: `MESH238=warn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RuleMode {
    /// The rule.
    pub code: Code,
    /// Its mode.
    pub mode: Mode,
}

impl FromStr for RuleMode {
    type Err = ModeError;

    fn from_str(text: &str) -> Result<Self, ModeError> {
        let (rule, mode) = text.split_once('=').ok_or_else(|| ModeError::Form { text: text.to_owned() })?;
        let found = find(rule).ok_or_else(|| ModeError::UnknownRule { word: rule.to_owned() })?;
        if !found.tags.contains(Tags::ADMISSION) {
            return Err(ModeError::NotAdmitting { code: found.code });
        }
        Ok(Self { code: found.code, mode: mode.parse()? })
    }
}

/// The modes in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modes {
    set: BTreeMap<Code, Mode>,
    admiral: Mode,
}

impl Default for Modes {
    /// Each rule's own mode, and no more than a warning on what Admiral writes: a refusal would stop a fleet's
    /// controller, not the person who can mend its policy.
    fn default() -> Self {
        Self { set: BTreeMap::new(), admiral: Mode::Warn }
    }
}

impl Modes {
    /// Sets the mode of one rule.
    #[must_use]
    pub fn with(mut self, rule: RuleMode) -> Self {
        self.set.insert(rule.code, rule.mode);
        self
    }

    /// Sets the hardest mode for objects that Admiral writes.
    #[must_use]
    pub fn with_admiral(mut self, hardest: Mode) -> Self {
        self.admiral = hardest;
        self
    }

    /// The mode of a rule.
    #[must_use]
    pub fn of(&self, code: Code) -> Mode {
        self.set.get(&code).copied().unwrap_or_else(|| default_mode(code))
    }

    /// The hardest mode for objects that Admiral writes.
    #[must_use]
    pub const fn of_admiral(&self) -> Mode {
        self.admiral
    }

    /// The rules that run at admission, in order of their codes.
    #[must_use]
    pub fn rules(&self) -> Vec<&'static Rule> {
        let runs = |rule: &&'static Rule| {
            let wanted = rule.status != RuleStatus::Preview || self.set.contains_key(&rule.code);
            wanted && rule.tags.contains(Tags::ADMISSION) && self.of(rule.code) != Mode::Off
        };
        ALL.iter().copied().filter(runs).collect()
    }

    /// The hardest mode of the rules that run; what an object that cannot be read deserves.
    #[must_use]
    pub fn hardest(&self) -> Mode {
        self.rules().iter().map(|rule| self.of(rule.code)).max().unwrap_or(Mode::Off)
    }
}

/// Why a finding only warns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leniency {
    /// The rule's mode.
    Mode,
    /// The object had the finding before this change.
    Existing,
    /// Admiral wrote the object.
    Admiral,
}

/// Findings sorted by what they lead to, each list in the order of all output.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Admission {
    /// Reasons to refuse the object.
    pub denied: Vec<Finding>,
    /// What the user is warned of.
    pub warnings: Vec<(Finding, Leniency)>,
    /// What only the audit log tells.
    pub audited: Vec<Finding>,
}

impl Admission {
    /// True unless something denies.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        self.denied.is_empty()
    }
}

/// An object under review.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Findings of the object as it would be stored.
    pub after: Vec<Finding>,
    /// Findings of the object as it is stored, with their paths in the changed one and without those that cover
    /// more there ([`follow`]); empty when it is created.
    pub before: Vec<Finding>,
    /// Admiral wrote the object.
    pub by_admiral: bool,
}

/// Decides about each finding. One that was there before never denies: else nobody could mend a broken mesh
/// step by step, and installing the webhook would block unrelated edits.
#[must_use]
pub fn decide(modes: &Modes, change: Change) -> Admission {
    let known: BTreeSet<_> = change.before.iter().map(Finding::fingerprint).collect();
    let mut admission = Admission::default();
    for finding in change.after {
        let own = modes.of(finding.code);
        let mode = if change.by_admiral { own.min(modes.admiral) } else { own };
        match mode {
            Mode::Off => {}
            Mode::Audit => admission.audited.push(finding),
            Mode::Warn if own == Mode::Deny => admission.warnings.push((finding, Leniency::Admiral)),
            Mode::Warn => admission.warnings.push((finding, Leniency::Mode)),
            Mode::Deny if known.contains(&finding.fingerprint()) => {
                admission.warnings.push((finding, Leniency::Existing));
            }
            Mode::Deny => admission.denied.push(finding),
        }
    }
    admission.denied.sort_by(Finding::order);
    admission.warnings.sort_by(|a, b| a.0.order(&b.0));
    admission.audited.sort_by(Finding::order);
    admission
}

/// Deny for the two rules this webhook exists for, nothing for what Istio's own webhook refuses, else a warning.
const fn default_mode(code: Code) -> Mode {
    match code.0 {
        201 | 238 => Mode::Deny,
        209 | 628..=633 => Mode::Off,
        _ => Mode::Warn,
    }
}

#[cfg(test)]
mod tests {
    use mesh_model::{FieldPath, Kind, ObjectRef, Origin, path};

    use super::*;
    use crate::{FindingStatus, Severity, Subject};

    const DENIED: u16 = 201;
    const WARNED: u16 = 206;

    fn finding(code: u16, path: FieldPath) -> Finding {
        Finding {
            code: Code(code),
            severity: Severity::Error,
            subject: Subject::Object(ObjectRef::new("west", Kind::DestinationRule, "shop", "payments")),
            origin: Origin::Live,
            peer: None,
            path,
            message: "wrong".into(),
            evidence: Vec::new(),
            remedy: None,
            status: FindingStatus::Fail,
        }
    }

    fn top(code: u16) -> Finding {
        finding(code, path!["spec", "trafficPolicy"])
    }

    fn creates(after: Vec<Finding>) -> Change {
        Change { after, ..Change::default() }
    }

    #[test]
    fn the_two_headline_rules_deny_and_others_warn() {
        let admission = decide(&Modes::default(), creates(vec![top(238), top(WARNED), top(DENIED)]));
        assert!(!admission.is_allowed());
        let codes: Vec<u16> = admission.denied.iter().map(|finding| finding.code.0).collect();
        assert_eq!(codes, [201, 238]);
        assert_eq!(admission.warnings, [(top(WARNED), Leniency::Mode)]);
    }

    #[test]
    fn each_mode_puts_a_finding_into_its_own_list() {
        for mode in Mode::ALL {
            let modes = Modes::default().with(RuleMode { code: Code(DENIED), mode });
            let admission = decide(&modes, creates(vec![top(DENIED)]));
            let counts = (admission.denied.len(), admission.warnings.len(), admission.audited.len());
            let expected = match mode {
                Mode::Off => (0, 0, 0),
                Mode::Audit => (0, 0, 1),
                Mode::Warn => (0, 1, 0),
                Mode::Deny => (1, 0, 0),
            };
            assert_eq!(counts, expected, "{mode}");
        }
    }

    #[test]
    fn a_finding_that_was_there_before_only_warns() {
        let change = Change { after: vec![top(DENIED)], before: vec![top(DENIED)], by_admiral: false };
        let admission = decide(&Modes::default(), change);
        assert!(admission.is_allowed());
        assert_eq!(admission.warnings, [(top(DENIED), Leniency::Existing)]);
    }

    #[test]
    fn another_place_or_another_rule_is_a_new_finding() {
        let elsewhere = finding(DENIED, path!["spec", "subsets", 0, "trafficPolicy"]);
        for after in [elsewhere, top(238)] {
            let change = Change {
                after: vec![top(DENIED), after.clone()],
                before: vec![top(DENIED)],
                by_admiral: false,
            };
            assert_eq!(decide(&Modes::default(), change).denied, [after]);
        }
    }

    #[test]
    fn a_changed_wording_is_no_new_finding() {
        let after = Finding { message: "wrong on port 80".into(), ..top(DENIED) };
        let change = Change { after: vec![after], before: vec![top(DENIED)], by_admiral: false };
        assert!(decide(&Modes::default(), change).is_allowed());
    }

    #[test]
    fn admiral_is_warned_and_denied_only_on_demand() {
        let change = Change { after: vec![top(DENIED)], before: Vec::new(), by_admiral: true };
        let lenient = decide(&Modes::default(), change.clone());
        assert_eq!(lenient.warnings, [(top(DENIED), Leniency::Admiral)]);
        assert!(!decide(&Modes::default().with_admiral(Mode::Deny), change).is_allowed());
    }

    #[test]
    fn the_ceiling_for_admiral_makes_no_mode_harder() {
        let modes = Modes::default()
            .with(RuleMode { code: Code(DENIED), mode: Mode::Audit })
            .with_admiral(Mode::Deny);
        let change = Change { after: vec![top(DENIED)], before: Vec::new(), by_admiral: true };
        assert_eq!(decide(&modes, change).audited, [top(DENIED)]);
    }

    #[test]
    fn rules_that_are_off_do_not_run() {
        let codes = |modes: &Modes| modes.rules().iter().map(|rule| rule.code.0).collect::<Vec<_>>();
        let all = codes(&Modes::default());
        assert!(all.contains(&201) && all.contains(&238), "{all:?}");
        let without = Modes::default().with("MESH238=off".parse().unwrap());
        assert!(!codes(&without).contains(&238));
        assert_eq!(Modes::default().hardest(), Mode::Deny);
    }

    #[test]
    fn options_are_read_by_code_or_name_and_wrong_ones_are_explained() {
        let read = |text: &str| text.parse::<RuleMode>();
        let by_name = read("distribute-without-outlier-detection=warn");
        assert_eq!(by_name, Ok(RuleMode { code: Code(238), mode: Mode::Warn }));
        assert_eq!(read("mesh238=warn"), by_name);
        for (text, part) in [
            ("MESH238", "RULE=MODE"),
            ("MESH999=warn", "unknown rule"),
            ("MESH238=block", "off, audit, warn or deny"),
            ("MESH003=warn", "does not judge"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
