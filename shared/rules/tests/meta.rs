//! What all rules have in common: codes, names, pages, messages, and declarations that say what is true.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use mesh_model::{Kind, KindSet};
use mesh_rules::{ALL, Area, FRAME, Finding, Rule};
use mesh_testkit::pages::{Page, SECTIONS, Section};

/// Codes that users may have in suppressions and baselines. Lines are added, never taken away.
const RELEASED: &str = include_str!("released-codes.txt");

fn page(rule: &Rule) -> Page {
    Page::parse(rule.docs).unwrap_or_else(|error| panic!("{}: {error}", rule.code))
}

fn findings() -> Vec<Finding> {
    let cases = ALL.iter().flat_map(|rule| page(rule).cases.into_iter().map(move |case| (*rule, case)));
    cases
        .flat_map(|(rule, case)| case.findings(rule).unwrap_or_else(|error| panic!("{}: {error}", rule.code)))
        .collect()
}

#[test]
fn codes_are_sorted_and_unique_and_so_are_names() {
    let codes: Vec<_> = ALL.iter().map(|rule| rule.code).collect();
    assert!(codes.is_sorted_by(|a, b| a < b), "{codes:?}");
    let names: BTreeSet<_> = ALL.iter().map(|rule| rule.name).collect();
    assert_eq!(names.len(), ALL.len());
    for name in names {
        let parts_are_words = name.split('-').all(|part| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        });
        assert!(parts_are_words, "{name} is not in kebab case");
    }
}

#[test]
fn a_rule_runs_behind_rules_of_smaller_codes_only() {
    for rule in ALL {
        for cause in rule.after {
            assert!(cause < &rule.code, "{} runs after {cause}", rule.code);
            assert!(
                ALL.iter().any(|other| other.code == *cause),
                "{} names {cause}, which is no rule",
                rule.code
            );
        }
    }
}

#[test]
fn every_page_has_its_headings_a_firing_and_a_silent_case() {
    for rule in ALL {
        let Page { title, headings, cases } = page(rule);
        assert_eq!(title, format!("{} {}", rule.code, rule.name));
        let (fixed, rest) = headings.split_at(SECTIONS.len().min(headings.len()));
        assert_eq!(fixed, SECTIONS, "{}", rule.code);
        assert!(rest.is_empty() || rest == ["After the remedy"], "{}: {rest:?}", rule.code);
        for section in [Section::Fires, Section::DoesNotFire] {
            assert!(
                cases.iter().any(|case| case.section == section),
                "{} has no case of {section:?}",
                rule.code
            );
        }
    }
}

#[test]
fn every_file_below_rules_belongs_to_a_registered_rule() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/rules"));
    let stem = |rule: &Rule| {
        let area = rule.area().as_str().replace('-', "_");
        root.join(area).join(rule.name.replace('-', "_"))
    };
    let registered: BTreeSet<PathBuf> = ALL.iter().map(|rule| stem(rule).with_extension("md")).collect();
    let mut pages = BTreeSet::new();
    for area in Area::ALL {
        let folder = root.join(area.as_str().replace('-', "_"));
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("md") => drop(pages.insert(path)),
                Some("rs") if declares_a_rule(&path) => drop(pages.insert(path.with_extension("md"))),
                Some("rs") => {}
                _ => panic!("{} is neither code nor a page", path.display()),
            }
        }
    }
    assert_eq!(pages, registered);
}

#[expect(clippy::disallowed_methods, reason = "the test looks at the sources of its own crate")]
fn declares_a_rule(path: &Path) -> bool {
    std::fs::read_to_string(path).expect("the directory named it just now").contains("declare_rule! {")
}

#[test]
fn messages_begin_small_or_with_a_kind_end_bare_and_quote_what_they_name() {
    for Finding { code, message, .. } in findings() {
        let word = message.split(' ').next().unwrap_or_default();
        let is_kind = Kind::ALL.iter().any(|kind| kind.as_str() == word);
        assert!(is_kind || message.starts_with(char::is_lowercase), "{code}: {message}");
        assert!(!message.ends_with(['.', '!', ':']), "{code}: {message}");
        assert!(message.matches('"').count() >= 2, "{code} names nothing in quotes: {message}");
        assert!(!message.contains('\n'), "{code}: {message}");
    }
}

#[test]
fn a_rule_declares_exactly_the_kinds_it_reads() {
    for rule in ALL {
        let mut read = KindSet::empty();
        for case in page(rule).cases {
            read |= case.kinds_read(rule).unwrap_or_else(|error| panic!("{}: {error}", rule.code));
        }
        let names = |kinds: KindSet| (kinds - FRAME).kinds().map(Kind::as_str).collect::<Vec<_>>();
        assert_eq!(names(rule.needs), names(read), "{}: declared against read", rule.code);
        let unread: Vec<_> = names(rule.closed - rule.needs);
        assert!(
            unread.is_empty(),
            "{} reasons about the absence of {unread:?}, which it does not need",
            rule.code
        );
    }
}

#[test]
fn a_code_that_was_released_stays() {
    let released: Vec<_> = RELEASED.lines().filter(|line| !line.starts_with('#')).collect();
    assert!(!released.is_empty(), "version 0.1.0 has codes");
    let known: Vec<_> = ALL.iter().map(|rule| format!("{} {}", rule.code, rule.name)).collect();
    for line in &released {
        assert!(known.iter().any(|rule| rule == line), "{line} is gone or has another name");
    }
    assert!(released.is_sorted());
}
