//! The words behind the language of a fence: `cluster=west file=dr.yaml now=... istio=1.29 gap=west/nodes:forbidden`.

use mesh_model::{ClusterName, Gap, IstioVersion, Kind};
use mesh_rules::Asks;

/// What a case sets beside its documents.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    /// Seconds since 1970 UTC.
    pub(super) now: i64,
    pub(super) istio: Option<IstioVersion>,
    pub(super) given: Asks,
    pub(super) gaps: Vec<(ClusterName, Option<Kind>, Gap)>,
}

impl Default for Settings {
    fn default() -> Self {
        // 2026-06-01T00:00:00Z; a case that depends on time says its own.
        Self { now: 1_780_272_000, istio: None, given: Asks::empty(), gaps: Vec::new() }
    }
}

/// What one fence says about itself.
#[derive(Debug)]
pub(super) struct FenceWords {
    pub(super) cluster: ClusterName,
    pub(super) file: Option<String>,
}

impl FenceWords {
    /// Reads an info string; words about the whole case go into `settings`.
    pub(super) fn parse(info: &str, settings: &mut Settings) -> Result<Self, String> {
        let mut words = info.split_whitespace();
        match words.next() {
            Some("yaml" | "json") => {}
            other => return Err(format!("a fence of a case is yaml or json, not {other:?}")),
        }
        let (mut cluster, mut file) = (None, None);
        for word in words {
            let (key, value) = word.split_once('=').ok_or_else(|| format!("\"{word}\" is no key=value"))?;
            match key {
                "cluster" => cluster = Some(ClusterName::from(value)),
                "file" => file = Some(value.to_owned()),
                "now" => settings.now = timestamp(value)?,
                "istio" => settings.istio = Some(value.parse().map_err(|error| format!("{error}"))?),
                "given" => settings.given |= ask(value)?,
                "gap" => settings.gaps.push(gap(value)?),
                "notgiven" => {
                    let (cluster, kind) = scope(value)?;
                    settings.gaps.push((cluster, kind, Gap::NotGiven));
                }
                _ => return Err(format!("\"{key}\" is not known; see the page format")),
            }
        }
        let cluster = cluster.ok_or("a fence of a case names its cluster=")?;
        Ok(Self { cluster, file })
    }
}

fn timestamp(text: &str) -> Result<i64, String> {
    let time: jiff::Timestamp = text.parse().map_err(|error| format!("now={text}: {error}"))?;
    Ok(time.as_second())
}

fn ask(text: &str) -> Result<Asks, String> {
    match text {
        "remote-secrets" => Ok(Asks::REMOTE_SECRETS),
        "cacerts" => Ok(Asks::CACERTS),
        "actual" => Ok(Asks::ACTUAL),
        "probe" => Ok(Asks::PROBE),
        _ => Err(format!("given={text}: one of remote-secrets, cacerts, actual, probe")),
    }
}

/// `west:unreachable` or `west/nodes:forbidden`.
fn gap(text: &str) -> Result<(ClusterName, Option<Kind>, Gap), String> {
    let (place, cause) = text.rsplit_once(':').ok_or_else(|| format!("gap={text}: no cause"))?;
    let (cluster, kind) = scope(place)?;
    let gap = match cause {
        "unreachable" => Gap::Unreachable { cause: "connection refused".to_owned() },
        "forbidden" => Gap::Forbidden { message: "User \"ci\" cannot list the resource".to_owned() },
        "timeout" => Gap::Timeout { after_ms: 10_000 },
        "notserved" => Gap::NotServed,
        "notgiven" => Gap::NotGiven,
        "truncated" => Gap::Truncated { cause: "the list ended early".to_owned() },
        _ => return Err(format!("gap={text}: \"{cause}\" is no cause")),
    };
    Ok((cluster, kind, gap))
}

fn scope(text: &str) -> Result<(ClusterName, Option<Kind>), String> {
    let Some((cluster, resource)) = text.split_once('/') else { return Ok((text.into(), None)) };
    let kind =
        Kind::ALL.iter().copied().find(|kind| kind.plural() == resource || kind.resource() == resource);
    match kind {
        Some(kind) => Ok((cluster.into(), Some(kind))),
        None => Err(format!("\"{resource}\" is no resource that is read")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_a_fence_set_cluster_gaps_time_and_version() {
        let mut settings = Settings::default();
        let info = "yaml cluster=west now=1970-01-01T00:01:00Z istio=1.24 gap=east/nodes:forbidden notgiven=west/secrets";
        let words = FenceWords::parse(info, &mut settings).unwrap();
        assert_eq!(words.cluster, "west");
        assert_eq!((settings.now, settings.gaps.len()), (60, 2));
        assert_eq!(settings.gaps[0].1, Some(Kind::Node));
        assert_eq!(settings.gaps[1].2, Gap::NotGiven);
        assert_eq!(settings.istio.map(|version| version.minor), Some(24));
    }

    #[test]
    fn a_word_that_means_nothing_is_refused() {
        for info in [
            "yaml",
            "text cluster=a",
            "yaml cluster=a x=y",
            "yaml cluster=a gap=a/dogs:forbidden",
            "yaml cluster=a word",
        ] {
            assert!(FenceWords::parse(info, &mut Settings::default()).is_err(), "{info}");
        }
    }
}
