//! Follows findings of an object to where their places lie after a change: a subset or port entry that moved to
//! another position is no new one.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use mesh_model::row::DestinationRule;
use mesh_model::{FieldPath, Step};
use mesh_traffic::Policies;

use super::growth::grown;
use crate::{Code, Finding};

/// The findings of `old` with the paths that the same subsets (by name) and port entries (by number) have in
/// `new`. Findings whose place is gone are left out, and those that cover more ports, subsets or fields in `new`
/// than in `old`: at such a place the rule finds something new.
#[must_use]
pub fn follow(findings: Vec<Finding>, old: &DestinationRule, new: &DestinationRule) -> Vec<Finding> {
    let places = Places::new(old, new);
    let mut grown_of: BTreeMap<Code, BTreeSet<FieldPath>> = BTreeMap::new();
    let mut moved = |finding: Finding| {
        let path = places.after(&finding.path)?;
        let grown = grown_of.entry(finding.code).or_insert_with(|| grown(finding.code, old, new));
        (!grown.contains(&path)).then_some(Finding { path, ..finding })
    };
    findings.into_iter().filter_map(&mut moved).collect()
}

/// Where the parts of the old rule lie in the new one.
struct Places<'a> {
    old: &'a DestinationRule,
    subsets: HashMap<&'a str, usize>,
    new: Policies<'a>,
}

impl<'a> Places<'a> {
    fn new(old: &'a DestinationRule, new: &'a DestinationRule) -> Self {
        let mut subsets = HashMap::new();
        for (at, subset) in new.subsets.iter().enumerate() {
            subsets.entry(&*subset.name).or_insert(at);
        }
        Self { old, subsets, new: Policies::new(new) }
    }

    fn after(&self, path: &FieldPath) -> Option<FieldPath> {
        let mut steps = path.steps().to_vec();
        let (mut from, mut to) = (self.old.policy.as_ref(), None);
        if let Some(at) = index_after(&steps, "subsets") {
            let subset = self.old.subsets.get(at.value)?;
            let position = *self.subsets.get(&*subset.name)?;
            steps[at.step] = Step::Index(position);
            (from, to) = (subset.policy.as_ref(), Some(position));
        }
        if let Some(at) = index_after(&steps, "portLevelSettings") {
            let number = from?.ports.get(at.value)?.number;
            steps[at.step] = Step::Index(self.new.get(to)?.ports.get(&number)?.0);
        }
        Some(steps.into_iter().collect())
    }
}

struct At {
    step: usize,
    value: usize,
}

fn index_after(steps: &[Step], key: &str) -> Option<At> {
    steps.windows(2).enumerate().find_map(|(position, pair)| match pair {
        [Step::Key(name), Step::Index(value)] if name == key => {
            Some(At { step: position + 1, value: *value })
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use mesh_model::row::{PortPolicy, Subset, TrafficPolicy};
    use mesh_model::{HostPattern, path};

    use super::*;

    fn policy(ports: &[u16]) -> TrafficPolicy {
        let ports =
            ports.iter().map(|number| PortPolicy { number: *number, ..PortPolicy::default() }).collect();
        TrafficPolicy { ports, ..TrafficPolicy::default() }
    }

    fn rule(top: &[u16], subsets: &[(&str, &[u16])]) -> DestinationRule {
        let subset = |(name, ports): &(&str, &[u16])| Subset {
            name: (*name).into(),
            policy: Some(policy(ports)),
            ..Subset::default()
        };
        DestinationRule {
            host_text: "echo".into(),
            host: HostPattern::parse("echo", "shop"),
            policy: Some(policy(top)),
            subsets: subsets.iter().map(subset).collect(),
            export_to: Vec::new(),
            workload_selector: mesh_model::Labels::default(),
            created: "".into(),
            deleting: false,
        }
    }

    #[test]
    fn subsets_are_followed_by_name_and_ports_by_number() {
        let old = rule(&[80, 81], &[("v1", &[]), ("v2", &[80, 90])]);
        let new = rule(&[81, 80], &[("v2", &[70, 90]), ("v0", &[])]);
        let places = Places::new(&old, &new);
        let after = |path: FieldPath| places.after(&path);
        let same = path!["spec", "trafficPolicy"];
        assert_eq!(after(same.clone()), Some(same.clone()));
        assert_eq!(
            after(same.clone().then("portLevelSettings").then(0)),
            Some(same.then("portLevelSettings").then(1))
        );
        let of = |subset: usize| path!["spec", "subsets", subset, "trafficPolicy"];
        assert_eq!(after(of(1)), Some(of(0)));
        assert_eq!(after(of(0)), None, "v1 is gone");
        let port = |subset, port: usize| of(subset).then("portLevelSettings").then(port);
        assert_eq!(after(port(1, 1)), Some(port(0, 1)));
        assert_eq!(after(port(1, 0)), None, "port 80 of v2 is gone");
    }
}
