//! Traffic distribution: how near the endpoints shall be that a service is answered by
//! (`istio: pilot/pkg/model/service.go: GetTrafficDistribution`).

use mesh_model::{Labels, ObjectRef, path};

use crate::client::labels;
use crate::{Cause, Caused, Gate, RuleSet};

/// Annotation of Services, ServiceEntries and namespaces.
const ANNOTATION: &str = "networking.istio.io/traffic-distribution";

/// Traffic distribution of a service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Distribution {
    /// Any endpoint.
    #[default]
    Any,
    /// `PreferSameZone`, and its older name `PreferClose`.
    PreferSameZone,
    /// `PreferSameNode`.
    PreferSameNode,
}

impl Distribution {
    /// What a service asks for. The field of a Service, spelled exactly, counts before its annotation, and that
    /// before the annotation of its namespace; an annotation that says nothing known ends the search.
    #[must_use]
    pub fn of(
        field: Option<&str>,
        service: (&ObjectRef, &Labels),
        namespace: Option<(&ObjectRef, &Labels)>,
        rules: RuleSet,
    ) -> Caused<Self> {
        let none = Caused { value: Self::Any, cause: Cause::Default("default of traffic distribution") };
        if !rules.has(Gate::TrafficDistribution) {
            return none;
        }
        if let Some(value) = field.and_then(|text| Self::parse(text, rules)) {
            return Caused { value, cause: Cause::field(service.0, path!["spec", "trafficDistribution"]) };
        }
        let namespace = namespace.filter(|_| rules.has(Gate::TrafficDistributionOfNamespace));
        for (object, annotations) in std::iter::once(service).chain(namespace) {
            if let Some(text) = annotations.get(ANNOTATION).filter(|text| !text.is_empty()) {
                let value = Self::parse_annotation(text, rules);
                return Caused {
                    value,
                    cause: Cause::field(object, path!["metadata", "annotations", ANNOTATION]),
                };
            }
        }
        none
    }

    fn parse(text: &str, rules: RuleSet) -> Option<Self> {
        match text {
            "PreferClose" => Some(Self::PreferSameZone),
            "PreferSameZone" if rules.has(Gate::PreferSameZone) => Some(Self::PreferSameZone),
            "PreferSameNode" if rules.has(Gate::PreferSameZone) => Some(Self::PreferSameNode),
            _ => None,
        }
    }

    fn parse_annotation(text: &str, rules: RuleSet) -> Self {
        let known = ["PreferClose", "PreferSameZone", "PreferSameNode"];
        let spelled = known.into_iter().find(|name| name.eq_ignore_ascii_case(text));
        spelled.and_then(|name| Self::parse(name, rules)).unwrap_or_default()
    }

    /// The labels that it prefers endpoints by, as `failoverPriority` would name them
    /// (`istio: pilot/pkg/networking/core/loadbalancer/loadbalancer.go: GetEffectiveLbSetting`).
    #[must_use]
    pub fn labels(self, rules: RuleSet) -> &'static [&'static str] {
        const ALL: [&str; 5] =
            [labels::NETWORK, labels::REGION, labels::ZONE, labels::SUBZONE, labels::HOSTNAME];
        match self {
            Self::Any => &[],
            Self::PreferSameZone if rules.has(Gate::PreferSameZone) => &ALL[..3],
            Self::PreferSameZone => &ALL[..4],
            Self::PreferSameNode => &ALL,
        }
    }
}

#[cfg(test)]
mod tests {
    use mesh_model::Kind;

    use super::*;

    fn of(
        field: Option<&str>,
        service: Option<&str>,
        namespace: Option<&str>,
        version: &str,
    ) -> Distribution {
        let rules = RuleSet::of(version.parse().expect("a version"));
        let object = ObjectRef::new("west", Kind::Service, "shop", "echo");
        let space = ObjectRef::new("west", Kind::Namespace, "", "shop");
        let annotated =
            |text: Option<&str>| text.map(|text| (ANNOTATION, text)).into_iter().collect::<Labels>();
        let (service, namespace) = (annotated(service), annotated(namespace));
        Distribution::of(field, (&object, &service), Some((&space, &namespace)), rules).value
    }

    #[test]
    fn the_field_counts_before_the_annotation_and_that_before_the_namespace() {
        use Distribution::{Any, PreferSameNode, PreferSameZone};
        assert_eq!(of(Some("PreferClose"), Some("PreferSameNode"), None, "1.31"), PreferSameZone);
        assert_eq!(of(Some("preferclose"), Some("prefersamenode"), None, "1.31"), PreferSameNode);
        assert_eq!(of(None, Some("no such"), Some("PreferSameNode"), "1.31"), Any);
        assert_eq!(of(None, None, Some("PreferSameNode"), "1.31"), PreferSameNode);
        assert_eq!(of(None, Some(""), Some("PreferSameNode"), "1.31"), PreferSameNode);
        assert_eq!(of(None, None, None, "1.31"), Any);
    }

    #[test]
    fn older_versions_know_less_of_it() {
        use Distribution::{Any, PreferSameZone};
        assert_eq!(of(None, None, Some("PreferSameNode"), "1.29"), Any);
        assert_eq!(of(Some("PreferSameZone"), None, None, "1.26"), Any);
        assert_eq!(of(Some("PreferClose"), None, None, "1.26"), PreferSameZone);
        assert_eq!(of(Some("PreferClose"), None, None, "1.24"), Any);
        let rules = |version: &str| RuleSet::of(version.parse().expect("a version"));
        assert_eq!(PreferSameZone.labels(rules("1.26")).len(), 4);
        assert_eq!(PreferSameZone.labels(rules("1.27")).len(), 3);
    }
}
