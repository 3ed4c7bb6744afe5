//! Localities as `distribute` writes them: `region`, `region/zone`, `region/zone/subzone`, each with `*` for the
//! rest. Knows no DestinationRule.

use std::collections::BTreeMap;

/// Why Istio refuses a locality (`istio: pkg/config/validation/agent/validation.go: validateLocalities`).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A part is empty.
    EmptyPart,
    /// More than one `*`, or one that is not the last character.
    Wildcard,
}

impl Flaw {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::EmptyPart => "has an empty region, zone or subzone",
            Self::Wildcard => "may have one \"*\" only, at its end",
        }
    }
}

/// What is wrong with the text alone.
pub(super) fn flaw(text: &str) -> Option<Flaw> {
    let stars = text.matches('*').count();
    if stars > 1 || (stars == 1 && !text.ends_with('*')) {
        return Some(Flaw::Wildcard);
    }
    text.splitn(3, '/').any(str::is_empty).then_some(Flaw::EmptyPart)
}

/// A wildcard beside other characters, as in `us-*`: Istio accepts it and matches it with nothing
/// (`istio: pilot/pkg/networking/util/util.go: LocalityMatch`).
pub(super) fn is_partial_glob(text: &str) -> bool {
    text.splitn(3, '/').any(|part| part.contains('*') && part != "*")
}

/// The region of a locality, `*` or empty for any.
pub(super) fn region(text: &str) -> &str {
    text.split('/').next().unwrap_or_default()
}

/// The nearest text without a flaw: what stands before the first part that has one.
pub(super) fn without_flaw(text: &str) -> String {
    if flaw(text).is_none() {
        return text.to_owned();
    }
    let good: Vec<&str> =
        text.splitn(3, '/').take_while(|part| !part.is_empty() && !part.contains('*')).collect();
    if good.is_empty() { "*".to_owned() } else { good.join("/") }
}

/// How two localities without flaws lie to each other.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Overlap {
    /// Both stand for the same.
    Equal,
    /// The first holds all of the second and more.
    FirstIsWider,
    /// The second holds all of the first and more.
    SecondIsWider,
}

/// Whether an endpoint can match both.
pub(super) fn overlap(first: &str, second: &str) -> Option<Overlap> {
    let (first, second) = (parts(first), parts(second));
    if first == second {
        Some(Overlap::Equal)
    } else if second.starts_with(&first) {
        Some(Overlap::FirstIsWider)
    } else if first.starts_with(&second) {
        Some(Overlap::SecondIsWider)
    } else {
        None
    }
}

/// Localities of one list by their parts, so that an overlap is found without comparing each with each.
#[derive(Default)]
pub(super) struct Patterns<'a> {
    /// The first position of each.
    at: BTreeMap<Vec<&'a str>, usize>,
    /// For all that is wider than some, the first position of one that is narrower.
    within: BTreeMap<Vec<&'a str>, usize>,
}

impl<'a> Patterns<'a> {
    /// Adds a locality without flaws.
    pub(super) fn insert(&mut self, text: &'a str, position: usize) {
        let parts = parts(text);
        for length in 0..parts.len() {
            self.within.entry(parts[..length].to_vec()).or_insert(position);
        }
        self.at.entry(parts).or_insert(position);
    }

    /// The first that overlaps with `text`, and how the two lie to each other.
    pub(super) fn first_overlap(&self, text: &str) -> Option<(usize, Overlap)> {
        let narrower = self.within.get(&parts(text)).map(|position| (*position, Overlap::SecondIsWider));
        self.covering(text).chain(narrower).min_by_key(|(position, _)| *position)
    }

    /// Those that hold all of `text`, with it or more; of each width the first.
    pub(super) fn covering(&self, text: &str) -> impl Iterator<Item = (usize, Overlap)> {
        let parts = parts(text);
        (0..=parts.len()).filter_map(move |length| {
            let relation = if length == parts.len() { Overlap::Equal } else { Overlap::FirstIsWider };
            self.at.get(&parts[..length]).map(|position| (*position, relation))
        })
    }
}

/// Shares that Istio accepts and that come nearest to `to`: flaws cut off, overlapping entries joined, weights
/// scaled to 100. `None` if no entry has a weight, or if there are more entries than percents.
pub(super) fn mended_shares<'a>(to: impl Iterator<Item = (&'a str, u32)>) -> Option<BTreeMap<String, u64>> {
    let mut shares: BTreeMap<String, u64> = BTreeMap::new();
    for (text, weight) in to.filter(|(_, weight)| *weight > 0) {
        let mut name = without_flaw(text);
        let mut weight = u64::from(weight);
        while let Some((other, relation)) =
            shares.keys().find_map(|other| overlap(other, &name).map(|relation| (other.clone(), relation)))
        {
            weight += shares.remove(&other).expect("the key was found in the map just now");
            if relation != Overlap::SecondIsWider {
                name = other;
            }
        }
        shares.insert(name, weight);
        if shares.len() > 100 {
            return None;
        }
    }
    let total: u64 = shares.values().sum();
    if shares.is_empty() {
        return None;
    }
    for weight in shares.values_mut() {
        *weight = (*weight * 100 / total).max(1);
    }
    // Rounding leaves a few percent over or short; the largest share can bear them.
    let sum: u64 = shares.values().sum();
    let largest = shares.values_mut().max().expect("the map is not empty");
    *largest = (*largest + 100).saturating_sub(sum).max(1);
    Some(shares)
}

/// The parts up to a `*`, which stands for all that follows.
fn parts(text: &str) -> Vec<&str> {
    text.splitn(3, '/').take_while(|part| *part != "*").collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_parts_and_one_wildcard_at_the_end_have_no_flaw() {
        for good in ["*", "us-east", "us-east/*", "us-east/a/b", "us-*", "a/b/c/d"] {
            assert!(flaw(good).is_none(), "{good}");
        }
        for (bad, mended) in
            [("", "*"), ("us-east//b", "us-east"), ("*/a", "*"), ("a/*/c", "a"), ("a/**", "a")]
        {
            assert!(flaw(bad).is_some(), "{bad}");
            assert_eq!(without_flaw(bad), mended);
        }
    }

    #[test]
    fn a_wildcard_stands_for_a_whole_part_or_for_nothing() {
        assert!(["us-*", "us-east/a*", "us-east/a/r*"].iter().all(|text| is_partial_glob(text)));
        assert!(!["*", "us-east", "us-east/*", "us-east/a/*"].iter().any(|text| is_partial_glob(text)));
        assert_eq!(["us-east/a", "us-east", "*", ""].map(region), ["us-east", "us-east", "*", ""]);
    }

    #[test]
    fn overlap_follows_parts_not_characters() {
        assert!(overlap("us-east", "us-east1").is_none());
        assert!(overlap("us-east", "us-east/*") == Some(Overlap::Equal));
        assert!(overlap("*", "us-east/a") == Some(Overlap::FirstIsWider));
        assert!(overlap("us-east/a/b", "us-east/a") == Some(Overlap::SecondIsWider));
        assert!(overlap("us-east/a", "us-east/b").is_none());
    }

    #[test]
    fn a_list_finds_the_first_overlap_as_comparing_each_with_each_does() {
        let names = ["us/a", "eu", "*", "us", "us/a/x", "eu/*", "us/b", "us-*", "us/a"];
        for count in 0..=names.len() {
            let mut patterns = Patterns::default();
            for (position, name) in names[..count].iter().enumerate() {
                patterns.insert(name, position);
            }
            for text in names.iter().chain(&["asia", "us/c", "eu/a/b"]) {
                let each = names[..count].iter().enumerate();
                let expected =
                    each.into_iter().find_map(|(position, name)| Some((position, overlap(name, text)?)));
                assert!(patterns.first_overlap(text) == expected, "{text} among the first {count}");
            }
        }
    }

    #[test]
    fn mended_shares_add_up_and_keep_the_proportions() {
        let shares = |to: &[(&str, u32)]| {
            mended_shares(to.iter().copied()).map(|shares| shares.into_iter().collect::<Vec<_>>())
        };
        let named = |pairs: &[(&str, u64)]| {
            Some(pairs.iter().map(|(name, weight)| ((*name).to_owned(), *weight)).collect::<Vec<_>>())
        };
        assert_eq!(shares(&[("a", 1), ("b", 1), ("c", 1)]), named(&[("a", 33), ("b", 33), ("c", 34)]));
        assert_eq!(shares(&[("a", 70), ("a/x", 20), ("b", 10)]), named(&[("a", 90), ("b", 10)]));
        assert_eq!(shares(&[("a/x", 20), ("a/y", 30), ("a/*", 50)]), named(&[("a/*", 100)]));
        assert_eq!(shares(&[("a", 0), ("b", 200)]), named(&[("b", 100)]));
        assert_eq!(shares(&[("a", 0)]), None);
    }
}
