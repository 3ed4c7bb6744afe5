//! MESH303.

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh_model::row::{ServiceFact, ServicePort};
use mesh_model::{HostServices, Row, path};
use serde_json::{Value, json};

use crate::facts::services::protocol;
use crate::facts::shared_service::{Member, merged, usual};
use crate::rule::declare_rule;
use crate::{Check, MeshView, Sink, Tags};

declare_rule! {
    "port_differs.md",
    pub static PORT_DIFFERS = {
        code: 303, name: "port-differs", summary: "a port of a service has one number and protocol in all clusters",
        severity: Error, tags: Tags::DRIFT,
        needs: [Service, Pod, Secret, ServiceEntry], closed: [ConfigMap], after: [],
        check: Check::Host(check),
    };
}

fn check(mesh: &MeshView<'_>, host: &HostServices, out: &mut Sink<'_>) {
    for group in merged(mesh, host) {
        let names: BTreeSet<Arc<str>> = group
            .iter()
            .flat_map(|(_, service)| &service.fact.ports)
            .map(|port| Arc::clone(&port.name))
            .collect();
        for name in names {
            for field in [Field::Number, Field::Protocol, Field::AppProtocol] {
                judge(mesh, &group, &name, field, out);
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Field {
    Number,
    Protocol,
    AppProtocol,
}

impl Field {
    const fn key(self) -> &'static str {
        match self {
            Self::Number => "port",
            Self::Protocol => "protocol",
            Self::AppProtocol => "appProtocol",
        }
    }

    /// What is compared: for `appProtocol` what Istio makes of it and of the name.
    fn meaning(self, port: &ServicePort) -> String {
        match self {
            Self::Number => port.number.to_string(),
            Self::Protocol => port.protocol.to_string(),
            Self::AppProtocol => protocol(port),
        }
    }

    /// What stands in the object.
    fn text(self, port: &ServicePort) -> String {
        match self {
            Self::Number => port.number.to_string(),
            Self::Protocol => port.protocol.to_string(),
            Self::AppProtocol => port.app_protocol.as_deref().unwrap_or("none").to_owned(),
        }
    }

    fn value(self, port: &ServicePort) -> Option<Value> {
        match self {
            Self::Number => Some(json!(port.number)),
            Self::Protocol => Some(json!(&*port.protocol)),
            Self::AppProtocol => port.app_protocol.as_deref().map(|text| json!(text)),
        }
    }
}

fn judge(mesh: &MeshView<'_>, group: &[Member<'_>], name: &str, field: Field, out: &mut Sink<'_>) {
    let meaning = |(_, service): &Member<'_>| find(service, name).map(|(_, port)| field.meaning(port));
    let Some((usual, (reference, other))) = usual(group, meaning) else { return };
    let (there, model) = find(other, name).expect("the reference has the port, or it had nothing to compare");
    for (view, service) in group {
        let Some((at, port)) = find(service, name) else { continue };
        if field.meaning(port) == usual {
            continue;
        }
        let path = path!["spec", "ports", at, field.key()];
        let message = format!(
            "Service \"{}\" has {} {} on port \"{name}\" here and {} in cluster \"{}\"",
            service.obj.qualified_name(),
            field.key(),
            field.text(port),
            field.text(model),
            reference.name(),
        );
        let pointer = path.to_pointer();
        let mend = match field.value(model) {
            Some(value) => json!([{"op": "add", "path": pointer, "value": value}]),
            None => json!([{"op": "remove", "path": pointer}]),
        };
        let _ = out
            .report(service, path, message)
            .peer(reference.name())
            .unless_sure(mesh.membership().joined(view.name(), reference.name()))
            .evidence(other, path!["spec", "ports", there, field.key()], field.text(model))
            .json_patch(mend, false);
    }
}

fn find<'a>(service: &'a Row<ServiceFact>, name: &str) -> Option<(usize, &'a ServicePort)> {
    service.fact.ports.iter().enumerate().find(|(_, port)| &*port.name == name)
}
