//! Runs a case: findings against comments, and remedies against findings.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use mesh_model::{KindSet, Mesh, Step};
use mesh_rules::engine::{self, Options};
use mesh_rules::{ALL, Finding, Patch, Remedy, Rule, Subject};
use mesh_source::Places;

use super::documents::Documents;
use super::world::World;
use super::{Case, kubectl};

/// Place of a finding in a case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// The cluster as a whole: the comments above the content of one of its fences.
    Head(String),
    /// A line, from 1, of the fence of that number.
    Line(usize, usize),
}

impl Case {
    /// The findings of `rule` over this case.
    pub fn findings(&self, rule: &'static Rule) -> Result<Vec<Finding>, String> {
        Ok(self.run(&self.world()?.mesh, &with_causes(rule)))
    }

    /// The kinds that `rule` reads in this case.
    pub fn kinds_read(&self, rule: &'static Rule) -> Result<KindSet, String> {
        Ok(engine::kinds_read(&self.world()?.mesh, rule, &self.options()))
    }

    /// Compares findings with the comments of the fences. The error is a list of differences.
    pub fn check(&self, rule: &'static Rule) -> Result<(), String> {
        let World { mesh, places } = self.world()?;
        let named: BTreeSet<&str> = self.expected().map(|(_, expected)| expected.code.as_str()).collect();
        let own = rule.code.to_string();
        let mut unexpected: Vec<(Place, String, String, Finding)> = self
            .run(&mesh, &with_causes(rule))
            .into_iter()
            .filter(|finding| finding.code == rule.code || named.contains(&*finding.code.to_string()))
            .map(|finding| {
                let place = self.place(&finding, &places);
                (place, finding.severity.to_string(), finding.code.to_string(), finding)
            })
            .collect();
        let mut missing = Vec::new();
        for (place, expected) in self.expected() {
            let same = |(at, severity, code, _): &(Place, String, String, Finding)| {
                (at, severity, code) == (&place, &expected.severity, &expected.code)
            };
            match unexpected.iter().position(same) {
                Some(at) => drop(unexpected.swap_remove(at)),
                None => missing.push((place, expected)),
            }
        }
        if missing.is_empty() && unexpected.is_empty() {
            return Ok(());
        }
        let mut text = format!("{own} \"{}\":", self.title);
        for (place, expected) in missing {
            let _ = write!(
                text,
                "\n  missing:    {}: {} [{}]",
                self.show(&place),
                expected.severity,
                expected.code
            );
        }
        unexpected.sort_by(|a, b| a.0.cmp(&b.0));
        for (place, severity, code, finding) in unexpected {
            let Finding { subject, path, message, .. } = finding;
            let place = self.show(&place);
            let _ = write!(text, "\n  unexpected: {place}: {severity} [{code}] {subject} {path}: {message}");
        }
        Err(text)
    }

    /// Applies the remedy of each finding, one at a time: that finding must be gone, and no finding of any rule
    /// may have come. Findings that `outside` takes are left out.
    pub fn check_remedies(
        &self,
        rule: &'static Rule,
        outside: impl Fn(&Finding) -> bool,
    ) -> Result<(), String> {
        let documents = Documents::read(&self.fences);
        let mesh = self.world()?.mesh;
        let before = tally(&self.run(&mesh, ALL));
        let mut wrong = Vec::new();
        let own = |finding: &&Finding| finding.code == rule.code && !outside(finding);
        for finding in self.run(&mesh, &with_causes(rule)).iter().filter(own) {
            let told = || format!("{} \"{}\": {}", rule.code, self.title, finding.message);
            match self.mended(finding, documents.clone()) {
                Err(reason) => wrong.push(format!("{}\n  {reason}", told())),
                Ok(after) => {
                    let after = tally(&after);
                    let own = identity(finding);
                    if after.get(&own) >= before.get(&own) {
                        wrong.push(format!("{}\n  is still there after its remedy", told()));
                    }
                    let fresh = after.iter().filter(|(what, count)| before.get(*what) < Some(*count));
                    for (fresh, _) in fresh.filter(|(what, _)| **what != own) {
                        wrong.push(format!("{}\n  its remedy causes {fresh}", told()));
                    }
                }
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
    }

    /// True when the remedy can be applied to the documents.
    #[must_use]
    pub fn can_apply(&self, finding: &Finding) -> bool {
        self.mended(finding, Documents::read(&self.fences)).is_ok()
    }

    fn mended(&self, finding: &Finding, mut documents: Documents) -> Result<Vec<Finding>, String> {
        match finding.remedy.as_ref().ok_or("has no remedy")? {
            Remedy::Patch { target, patch: Patch::Merge(merge), .. } => {
                json_patch::merge(documents.find_mut(target)?, merge);
            }
            Remedy::Patch { target, patch: Patch::Json(operations), .. } => {
                let operations: json_patch::Patch =
                    serde_json::from_value(operations.clone()).map_err(|error| error.to_string())?;
                let object = documents.find_mut(target)?;
                json_patch::patch(object, &operations).map_err(|error| error.to_string())?;
            }
            Remedy::Manifest { cluster, objects, .. } => {
                for object in objects {
                    documents.put(cluster, object.clone());
                }
            }
            Remedy::Command { cluster, line, .. } => {
                kubectl::play(&line.to_string(), cluster, &mut documents)?;
            }
        }
        Ok(self.run(&World::read(&documents.inputs(&self.fences), &self.settings)?.mesh, ALL))
    }

    fn world(&self) -> Result<World, String> {
        World::of_fences(&self.fences, &self.settings)
    }

    fn run(&self, mesh: &Mesh, rules: &[&'static Rule]) -> Vec<Finding> {
        engine::run(mesh, rules, &self.options()).findings
    }

    fn options(&self) -> Options {
        Options { now: self.settings.now, given: self.settings.given, ..Options::default() }
    }

    fn expected(&self) -> impl Iterator<Item = (Place, &super::Expected)> {
        self.fences.iter().enumerate().flat_map(|(number, fence)| {
            fence.expected.iter().map(move |expected| {
                let head = || Place::Head(fence.cluster.to_string());
                (expected.line.map_or_else(head, |line| Place::Line(number, line)), expected)
            })
        })
    }

    fn place(&self, finding: &Finding, places: &Places) -> Place {
        let read = places.locate(&finding.origin, &finding.path).map(|at| (at.file, at.line));
        // An object that could not be read is no row; its evidence names the document.
        let subjects = std::iter::once(&finding.subject).chain(finding.evidence.iter().map(|e| &e.subject));
        let noted = subjects.filter_map(|subject| match subject {
            Subject::Document { file, position: Some((line, _)), .. } => Some((file.clone(), *line)),
            _ => None,
        });
        let in_fence = |(file, line): (String, u32)| {
            let fence = self.fences.iter().position(|fence| fence.file == file)?;
            Some(Place::Line(fence, line as usize))
        };
        let head = || Place::Head(finding.subject.cluster().to_string());
        read.into_iter().chain(noted).find_map(in_fence).unwrap_or_else(head)
    }

    fn show(&self, place: &Place) -> String {
        match place {
            Place::Head(cluster) => format!("cluster {cluster}"),
            Place::Line(fence, line) => format!("page line {}", self.fences[*fence].line + line - 1),
        }
    }
}

/// The rule behind those whose failure would silence it.
fn with_causes(rule: &'static Rule) -> Vec<&'static Rule> {
    ALL.iter().copied().filter(|other| other.code == rule.code || rule.after.contains(&other.code)).collect()
}

/// How often each finding is there.
fn tally(findings: &[Finding]) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for finding in findings {
        *counts.entry(identity(finding)).or_insert(0) += 1;
    }
    counts
}

/// What a finding is, without the positions of array elements: a remedy that takes one out moves the others.
fn identity(finding: &Finding) -> String {
    let Finding { code, subject, peer, path, .. } = finding;
    let peer = peer.as_ref().map_or_else(String::new, |peer| format!(" (with {peer})"));
    let keys = path.steps().iter().map(|step| match step {
        Step::Key(key) => key,
        Step::Index(_) => "[]",
    });
    format!("{code} {}/{subject}{peer} {}", subject.cluster(), keys.collect::<Vec<_>>().join("."))
}
