//! What is lost, as it is typed: `KIND=VALUE`, and `KIND=VALUE:PERCENT` for a part.

use std::fmt;
use std::str::FromStr;

use mesh_traffic::scenario::{Loss, Target};

/// Kind of thing that can be lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Region,
    Zone,
    Cluster,
    Network,
    Gateway,
    Node,
    Pod,
    Workload,
}

impl Key {
    const ALL: [Self; 8] = [
        Self::Region,
        Self::Zone,
        Self::Cluster,
        Self::Network,
        Self::Gateway,
        Self::Node,
        Self::Pod,
        Self::Workload,
    ];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::Zone => "zone",
            Self::Cluster => "cluster",
            Self::Network => "network",
            Self::Gateway => "gateway",
            Self::Node => "node",
            Self::Pod => "pod",
            Self::Workload => "workload",
        }
    }

    /// How a value is written.
    const fn form(self) -> &'static str {
        match self {
            Self::Gateway => "ADDRESS",
            Self::Node => "NAME or CLUSTER/NAME",
            Self::Pod | Self::Workload => "CLUSTER/NAMESPACE/NAME",
            Self::Region | Self::Zone | Self::Cluster | Self::Network => "NAME",
        }
    }
}

/// Something that is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LossWord {
    pub(crate) key: Key,
    pub(crate) value: String,
    /// Percent.
    pub(crate) part: u32,
}

/// Something that is lost in part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PartWord(pub(crate) LossWord);

impl FromStr for LossWord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        let kinds = || Key::ALL.map(Key::as_str).join(", ");
        let key = Key::ALL.into_iter().find(|known| known.as_str() == key);
        let key = key.ok_or_else(|| format!("write KIND=VALUE; kinds are: {}", kinds()))?;
        let word = Self { key, value: value.to_owned(), part: 100 };
        let is_whole = !value.is_empty() && word.target().is_some();
        is_whole.then_some(word).ok_or_else(|| format!("write {}={}", key.as_str(), key.form()))
    }
}

impl FromStr for PartWord {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (loss, percent) =
            text.rsplit_once(':').ok_or_else(|| "write KIND=VALUE:PERCENT, such as zone=a:50%".to_owned())?;
        let part = percent.strip_suffix('%').unwrap_or(percent).parse().ok();
        let part = part.filter(|percent| (1..=100).contains(percent));
        let part = part.ok_or_else(|| "a part is a whole percent from 1% to 100%".to_owned())?;
        let loss = LossWord { part, ..loss.parse()? };
        if loss.key == Key::Gateway {
            return Err("an address of a gateway is lost or not; use --lose".to_owned());
        }
        Ok(Self(loss))
    }
}

impl LossWord {
    /// What is meant; `None` where the value has not the parts that it needs.
    pub(crate) fn target(&self) -> Option<Target> {
        let value = self.value.clone();
        let parts: Vec<&str> = self.value.split('/').collect();
        let three = || match parts[..] {
            [cluster, namespace, name] if parts.iter().all(|part| !part.is_empty()) => {
                Some((cluster.to_owned(), namespace.to_owned(), name.to_owned()))
            }
            _ => None,
        };
        match self.key {
            Key::Region => Some(Target::Region(value)),
            Key::Zone => Some(Target::Zone(value)),
            Key::Cluster => Some(Target::Cluster(value)),
            Key::Network => Some(Target::Network(value)),
            Key::Gateway => Some(Target::Gateway(value)),
            Key::Node => match value.rsplit_once('/') {
                None => Some(Target::Node(None, value)),
                Some((cluster, name)) if !name.is_empty() => {
                    Some(Target::Node(Some(cluster.to_owned()), name.to_owned()))
                }
                Some(_) => None,
            },
            Key::Pod => three().map(|(cluster, namespace, name)| Target::Pod(cluster, namespace, name)),
            Key::Workload => {
                three().map(|(cluster, namespace, name)| Target::Workload(cluster, namespace, name))
            }
        }
    }

    /// The loss.
    pub(crate) fn loss(&self) -> Option<Loss> {
        Some(Loss { target: self.target()?, percent: self.part })
    }
}

impl fmt::Display for LossWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.part {
            100 => write!(f, "{} {}", self.key.as_str(), self.value),
            part => write!(f, "{part}% of {} {}", self.key.as_str(), self.value),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_is_a_kind_and_a_value() {
        let text = |text: &str| text.parse::<LossWord>().map(|word| word.to_string());
        assert_eq!(text("region=eu"), Ok("region eu".to_owned()));
        assert_eq!(text("gateway=2001:db8::1"), Ok("gateway 2001:db8::1".to_owned()));
        assert_eq!(text("pod=west/shop/echo-1"), Ok("pod west/shop/echo-1".to_owned()));
        assert_eq!(text("node=west/n1"), Ok("node west/n1".to_owned()));
        for wrong in
            ["", "region", "region=", "rack=1", "pod=echo", "pod=west//x", "workload=a/b", "node=west/"]
        {
            assert!(text(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_part_is_a_loss_with_a_percent() {
        let text = |text: &str| text.parse::<PartWord>().map(|word| word.0.to_string());
        assert_eq!(text("zone=a:50%"), Ok("50% of zone a".to_owned()));
        assert_eq!(text("zone=a:7"), Ok("7% of zone a".to_owned()));
        for wrong in ["zone=a", "zone=a:0%", "zone=a:101%", "zone=a:x", "gateway=192.0.2.1:50%", ":50%"] {
            assert!(text(wrong).is_err(), "{wrong:?}");
        }
    }
}
