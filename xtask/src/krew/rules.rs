//! What krew and the reviewers of its index ask of a manifest
//! (`krew: internal/index/validation/validate.go`, `krew-index: docs`).

use std::path::Path;

use super::{Manifest, MatchLabels, Platform};

/// Device names of Windows, which cannot be file names there.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul"];

/// Platforms that krew knows.
const KNOWN: &[(&str, &str)] = &[
    ("linux", "amd64"),
    ("linux", "arm64"),
    ("linux", "arm"),
    ("linux", "386"),
    ("darwin", "amd64"),
    ("darwin", "arm64"),
    ("windows", "amd64"),
    ("windows", "arm64"),
    ("windows", "386"),
];

/// One sentence for each rule that `manifest`, kept in `<file_stem>.yaml`, breaks.
pub(super) fn violations(file_stem: &str, manifest: &Manifest) -> Vec<String> {
    let spec = &manifest.spec;
    let mut broken = Vec::new();
    let mut rule = |holds: bool, sentence: &str| {
        if !holds {
            broken.push(sentence.to_owned());
        }
    };
    let name = &manifest.metadata.name;
    rule(manifest.api_version == "krew.googlecontainertools.github.com/v1alpha2", "apiVersion is krew's");
    rule(manifest.kind == "Plugin", "kind is Plugin");
    rule(
        !name.is_empty() && name.chars().all(is_name),
        "the name holds letters, digits, dashes and underscores",
    );
    rule(name == file_stem, "the name is that of the file");
    rule(!is_device(name), "the name is no device name of Windows");
    rule(is_semver(&spec.version), "the version is v and a semantic version");
    rule(is_line(&spec.short_description), "the short description is one line of at most 50 characters");
    rule(spec.description.lines().all(|line| line.chars().count() <= 80), "the description is wrapped at 80");
    let lower = spec.description.to_lowercase();
    rule(
        !lower.contains("a kubectl plugin that"),
        "the description does not say that it is a kubectl plugin",
    );
    rule(!lower.contains("usage:"), "the description holds no usage");
    rule(spec.homepage.starts_with("https://"), "the homepage is a https address");
    rule(!spec.platforms.is_empty(), "there is a platform");
    for platform in &spec.platforms {
        platform_rules(platform, &mut rule);
    }
    let selectors: Vec<&MatchLabels> =
        spec.platforms.iter().map(|platform| &platform.selector.match_labels).collect();
    let twice = selectors.iter().enumerate().any(|(at, one)| selectors[..at].contains(one));
    rule(!twice, "no two platforms overlap");
    broken
}

fn platform_rules(platform: &Platform, rule: &mut dyn FnMut(bool, &str)) {
    let MatchLabels { os, arch } = &platform.selector.match_labels;
    rule(KNOWN.contains(&(os.as_str(), arch.as_str())), "each platform is one krew knows");
    rule(platform.uri.starts_with("https://"), "each platform has an address");
    rule(is_sum(&platform.sha256), "each sum has 64 lower-case hexadecimal digits");
    let inside = !platform.bin.is_empty() && !platform.bin.contains("..") && !platform.bin.starts_with('/');
    rule(inside, "the binary stays inside the install directory");
    rule(
        (os == "windows") == Path::new(&platform.bin).extension().is_some_and(|end| end == "exe"),
        "the binary ends in .exe on Windows and only there",
    );
}

fn is_name(character: char) -> bool {
    character.is_ascii_alphanumeric() || character == '-' || character == '_'
}

fn is_device(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let numbered = ["com", "lpt"].iter().any(|device| {
        lower
            .strip_prefix(device)
            .is_some_and(|rest| rest.len() == 1 && rest.chars().all(|c| c.is_ascii_digit()))
    });
    numbered || DEVICES.contains(&lower.as_str())
}

fn is_semver(version: &str) -> bool {
    let Some(bare) = version.strip_prefix('v') else { return false };
    let core = bare.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<&str> = core.split('.').collect();
    let number = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    parts.len() == 3
        && parts.iter().all(number)
        && parts.iter().all(|part| *part == "0" || !part.starts_with('0'))
}

fn is_line(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= 50 && !text.contains('\n')
}

fn is_sum(sum: &str) -> bool {
    sum.len() == 64 && sum.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::krew::{self, MatchLabels};

    fn good() -> Manifest {
        let platform = |os: &str| {
            let labels = MatchLabels { os: os.to_owned(), arch: "amd64".to_owned() };
            (labels, format!("kubectl-mesh-{os}.tar.gz"), "0a".repeat(32))
        };
        krew::manifest(
            "mesh",
            "Diagnose meshes",
            "Checks meshes.\n",
            &[platform("linux"), platform("windows")],
        )
    }

    fn broken_by(change: impl FnOnce(&mut Manifest)) -> Vec<String> {
        let mut manifest = good();
        change(&mut manifest);
        violations("mesh", &manifest)
    }

    #[test]
    fn a_good_manifest_breaks_no_rule() {
        assert_eq!(violations("mesh", &good()), Vec::<String>::new());
    }

    #[test]
    fn every_rule_is_broken_by_one_change() {
        type Change = fn(&mut Manifest);
        let changes: &[(&str, Change)] = &[
            ("apiVersion", |m| m.api_version = "v1".to_owned()),
            ("kind is", |m| m.kind = "plugin".to_owned()),
            ("the name holds", |m| m.metadata.name = "me sh".to_owned()),
            ("the name is that", |m| m.metadata.name = "other".to_owned()),
            ("device", |m| m.metadata.name = "COM1".to_owned()),
            ("version", |m| m.spec.version = "0.1.0".to_owned()),
            ("version", |m| m.spec.version = "v01.1.0".to_owned()),
            ("short", |m| m.spec.short_description = "a\nb".to_owned()),
            ("wrapped", |m| m.spec.description = "x".repeat(81)),
            ("kubectl plugin", |m| m.spec.description = "A kubectl plugin that works".to_owned()),
            ("usage", |m| m.spec.description = "Usage: kubectl mesh".to_owned()),
            ("homepage", |m| m.spec.homepage = String::new()),
            ("there is a platform", |m| m.spec.platforms.clear()),
            ("krew knows", |m| m.spec.platforms[0].selector.match_labels.os = "plan9".to_owned()),
            ("address", |m| m.spec.platforms[0].uri = String::new()),
            ("sum", |m| m.spec.platforms[0].sha256 = "A".repeat(64)),
            ("inside", |m| m.spec.platforms[0].bin = "../kubectl-mesh".to_owned()),
            (".exe", |m| m.spec.platforms[1].bin = "kubectl-mesh".to_owned()),
            ("overlap", |m| m.spec.platforms[1].selector.match_labels.os = "linux".to_owned()),
        ];
        for (sentence, change) in changes {
            let broken = broken_by(change);
            assert!(broken.iter().any(|found| found.contains(sentence)), "{sentence}: {broken:?}");
        }
    }
}
