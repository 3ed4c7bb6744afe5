//! The locality setting in force for each service, as one client gets it.

use mesh_model::ObjectRef;
use mesh_traffic::envoy::{self, HostSet, LbConfig};
use mesh_traffic::{Cause, Chosen, Client, LocalityMode, Outlier, RuleSet, Service, Settings, Traffic};

use crate::order::order;

/// The setting for some ports of a service, and one subset.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) host: String,
    pub(crate) namespace: String,
    /// Ports that the same holds for.
    pub(crate) ports: Vec<u16>,
    pub(crate) subset: Option<String>,
    pub(crate) effect: Effect,
}

/// What holds for a port and subset.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Effect {
    pub(crate) settings: Settings,
    pub(crate) detection: Detection,
    pub(crate) order: String,
    /// Smallest `maxEjectionPercent` that lets every host of the first tier go; `None` where nothing comes after it.
    pub(crate) least_ejection: Option<u32>,
    /// The DestinationRules in force and the Services of the host.
    pub(crate) objects: Vec<ObjectRef>,
}

/// Whether outlier detection switches priorities on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Detection {
    /// It is there and ejects.
    On,
    /// It is not there.
    Off,
    /// It is not there, and the setting needs none.
    Forced,
    /// It is there and ejects nothing.
    Inert,
}

/// Which rows are wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'q> {
    /// Hosts, in the order of the rows.
    pub(crate) hosts: &'q [String],
    /// A row per port and subset, instead of one for all ports that agree.
    pub(crate) all_ports: bool,
}

impl Detection {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Off => "off",
            Self::Forced => "forced",
            Self::Inert => "inert",
        }
    }

    fn of(settings: &Settings) -> Self {
        match (&settings.outlier.value, settings.locality.value) {
            (Some(outlier), _) if outlier.can_eject() => Self::On,
            (Some(_), _) => Self::Inert,
            (None, LocalityMode::Prefer | LocalityMode::ZoneAware) => Self::Forced,
            (None, _) => Self::Off,
        }
    }
}

impl Row {
    /// Who gave the setting, for people.
    pub(crate) fn setting_from(&self) -> String {
        match &self.effect.settings.locality.cause {
            Cause::Default(_) => "mesh default".to_owned(),
            Cause::Field { object, .. } if object.kind == mesh_model::Kind::ConfigMap => {
                format!("mesh config {}", object.qualified_name())
            }
            Cause::Field { object, .. } => object.to_string(),
        }
    }

    /// What the setting does. One that asks for priorities and gets none does nothing.
    pub(crate) const fn mode(&self) -> &'static str {
        match self.effect.settings.locality.value {
            LocalityMode::Inert => LocalityMode::None.as_str(),
            mode => mode.as_str(),
        }
    }

    /// `maxEjectionPercent` as it counts.
    pub(crate) fn max_ejection(&self) -> Option<u32> {
        self.effect.settings.outlier.value.as_ref().map(Outlier::ejection_percent)
    }
}

/// The rows that a client gets by the rules of one version. Hosts that it does not see have none.
pub(crate) fn rows<'m>(
    traffic: &Traffic<'m>,
    client: &Client<'m>,
    rules: RuleSet,
    wanted: Wanted<'_>,
) -> Vec<Row> {
    let view = traffic.view_by(client.cluster, rules);
    let mut rows: Vec<Row> = Vec::new();
    for host in wanted.hosts {
        let Some(service) = view.service(host) else { continue };
        let mut client = client.clone();
        if client.pod.is_none() {
            client.namespace = service.namespace.into();
        }
        let Some(service) = view.service_for(host, &client.namespace) else { continue };
        let start = rows.len();
        for port in &service.ports {
            let asked = Asked { view: &view, client: &client, service: &service, port: port.number() };
            let subsets = if wanted.all_ports { asked.subsets() } else { Vec::new() };
            for subset in std::iter::once(None).chain(subsets.into_iter().map(Some)) {
                let row = asked.row(subset);
                let same =
                    rows[start..].iter_mut().find(|known| !wanted.all_ports && known.effect == row.effect);
                match same {
                    Some(known) => known.ports.extend(row.ports),
                    None => rows.push(row),
                }
            }
        }
    }
    rows
}

struct Asked<'a, 't, 'm> {
    view: &'a mesh_traffic::View<'t, 'm>,
    client: &'a Client<'m>,
    service: &'a Service<'m>,
    port: u16,
}

impl Asked<'_, '_, '_> {
    fn subsets(&self) -> Vec<String> {
        let prediction = self.view.predict(self.client, self.service, self.port, None);
        prediction.rule.iter().flat_map(Chosen::subsets).map(str::to_owned).collect()
    }

    fn row(&self, subset: Option<String>) -> Row {
        Row {
            host: self.service.host.to_owned(),
            namespace: self.service.namespace.to_owned(),
            ports: vec![self.port],
            effect: self.effect(subset.as_deref()),
            subset,
        }
    }

    fn effect(&self, subset: Option<&str>) -> Effect {
        let prediction = self.view.predict(self.client, self.service, self.port, subset);
        let settings = prediction.settings;
        let set = envoy::hosts(&prediction.assignment);
        let split = envoy::split(&set, &LbConfig::from(&settings));
        let rules = prediction.rule.iter().flat_map(Chosen::rows).map(|row| row.obj.clone());
        let services = self.service.services.iter().map(|(_, row)| row.obj.clone());
        Effect {
            detection: Detection::of(&settings),
            order: order(&prediction.assignment, &split, settings.locality.value, self.client),
            least_ejection: least_ejection(&set),
            objects: rules.chain(services).collect(),
            settings,
        }
    }
}

fn least_ejection(set: &HostSet) -> Option<u32> {
    let first = set.priorities.first()?.hosts().count();
    (set.priorities.len() > 1 && first > 0).then(|| envoy::least_percent(first, set.len()))
}
