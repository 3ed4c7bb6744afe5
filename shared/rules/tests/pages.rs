//! Every case of every page: the findings are those the page names, and each remedy mends its finding.

use mesh_rules::{ALL, Rule};
use mesh_testkit::pages::{Case, Page, Section};

/// Rules whose remedy touches the world outside the documents. Such a page shows the mended mesh below
/// `After the remedy`, where a mesh can show it. This list may only shrink: an entry whose remedy can be
/// applied here is an error.
const OUTSIDE: &[(u16, &str)] = &[(3, "mends the way to an API server")];

fn cases(sections: &'static [Section]) -> impl Iterator<Item = (&'static Rule, Case)> {
    ALL.iter().flat_map(move |rule| {
        let page = Page::parse(rule.docs).unwrap_or_else(|error| panic!("{}: {error}", rule.code));
        let chosen = page.cases.into_iter().filter(|case| sections.contains(&case.section));
        chosen.map(move |case| (*rule, case))
    })
}

fn pass(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

#[test]
fn every_case_gives_the_findings_its_page_names_and_no_other() {
    let all = &[Section::Fires, Section::DoesNotFire, Section::AfterTheRemedy];
    pass(&cases(all).filter_map(|(rule, case)| case.check(rule).err()).collect::<Vec<_>>());
}

#[test]
fn every_remedy_clears_its_finding_and_causes_no_other() {
    let inside = cases(&[Section::Fires]).filter(|(rule, _)| !is_outside(rule));
    pass(&inside.filter_map(|(rule, case)| case.check_remedies(rule).err()).collect::<Vec<_>>());
}

#[test]
fn only_remedies_that_cannot_be_applied_here_are_on_the_list_of_those() {
    for (code, _) in OUTSIDE {
        let mut known = cases(&[Section::Fires]).filter(|(rule, _)| rule.code.0 == *code).peekable();
        assert!(known.peek().is_some(), "MESH{code:03} is no rule");
        assert!(
            known.any(|(rule, case)| case.check_remedies(rule).is_err()),
            "MESH{code:03} can be mended here: take it off the list"
        );
    }
}

fn is_outside(rule: &Rule) -> bool {
    OUTSIDE.iter().any(|(code, _)| *code == rule.code.0)
}
