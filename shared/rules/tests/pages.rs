//! Every case of every page: the findings are those the page names, and each remedy mends its finding.

use std::collections::{BTreeMap, BTreeSet};

use mesh_rules::{ALL, Finding, Remedy, Rule};
use mesh_testkit::pages::{Case, Page, Section};

/// Remedies that touch the world outside the documents: rule, how the command begins, and
/// why no test can apply it. Such a page shows the mended mesh below `After the remedy`, where a mesh can show
/// it. This list may only shrink: an entry that can be applied, or that no case uses, is an error.
const OUTSIDE: &[(u16, &str, &str)] = &[
    (1, "kubectl apply --dry-run", "shows the server's opinion; the document is mended by hand"),
    (1, "kubectl edit configmaps", "opens the text in an editor"),
    (2, "kubectl get", "shows which of the two is in force; the other is deleted by hand"),
    (3, "kubectl get --raw", "mends the way to an API server"),
    (4, "kubectl create clusterrole", "grants a read"),
    (4, "kubectl get", "repeats the list that was cut"),
    (4, "kubectl api-resources", "shows the versions that are served"),
    (5, "istioctl install", "installs a control plane"),
    (8, "kubectl get namespace", "shows which cluster it is"),
    (101, "istioctl create-remote-secret", "makes a token in the other cluster"),
    (112, "helm upgrade", "renders a chart"),
    (235, "kubectl get service", "shows the gateway; further addresses are the user's to give"),
    (401, "kubectl create secret generic cacerts", "needs the key of a CA"),
    (404, "kubectl create secret generic cacerts", "needs the key of a CA"),
    (405, "kubectl create secret generic cacerts", "needs the key of a CA"),
    (813, "kubectl rollout restart", "starts pods"),
    (813, "kubectl get", "shows the Service, or what stands behind it; the addresses are the user's to know"),
    (813, "kubectl scale", "starts pods"),
];

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
    let outside = |finding: &Finding| OUTSIDE.iter().any(|entry| is_of(finding, entry));
    let all = cases(&[Section::Fires]);
    pass(&all.filter_map(|(rule, case)| case.check_remedies(rule, outside).err()).collect::<Vec<_>>());
}

#[test]
fn only_remedies_that_cannot_be_applied_here_are_on_the_list_of_those() {
    for entry @ (code, begin, _) in OUTSIDE {
        let mut used = false;
        for (rule, case) in cases(&[Section::Fires]).filter(|(rule, _)| rule.code.0 == *code) {
            for finding in
                case.findings(rule).expect("the case is read").iter().filter(|finding| is_of(finding, entry))
            {
                used = true;
                assert!(!case.can_apply(finding), "MESH{code:03} can be mended here: take it off the list");
            }
        }
        assert!(used, "no case of MESH{code:03} has the remedy \"{begin}\"");
    }
}

/// Programs that take a context and are no kubectl.
const OTHERS: [&str; 5] = [
    "istioctl create-remote-secret --context=the-",
    "helm upgrade istiod istio/istiod -n istio-system --kube-context=the-",
    "istioctl tag set",
    "istioctl install --context=the-",
    "kubectl",
];

#[test]
fn a_command_leaves_the_context_of_a_cluster_to_the_renderer() {
    let mut seen = BTreeSet::new();
    for (rule, case) in cases(&[Section::Fires]) {
        for finding in case.findings(rule).expect("the case is read") {
            let Some(Remedy::Command { line, .. }) = &finding.remedy else { continue };
            let clusters: BTreeMap<String, String> =
                case.texts().map(|(name, _)| (name.to_string(), format!("the-{name}"))).collect();
            let text = line.render(|cluster| clusters.get(cluster.as_str()).map(String::as_str));
            let form = OTHERS.iter().find(|form| text.starts_with(**form));
            seen.insert(*form.unwrap_or_else(|| panic!("a new form of line: {text}")));
            let contexts = text.split("context").skip(1).filter_map(|rest| rest.strip_prefix(['=', ' ']));
            for context in contexts {
                assert!(context.starts_with("the-"), "{}: {text}", rule.code);
            }
        }
    }
    assert_eq!(seen, OTHERS.into());
}

fn is_of(finding: &Finding, (code, begin, _): &(u16, &str, &str)) -> bool {
    let Some(Remedy::Command { line, .. }) = &finding.remedy else { return false };
    finding.code.0 == *code && line.to_string().starts_with(begin)
}
