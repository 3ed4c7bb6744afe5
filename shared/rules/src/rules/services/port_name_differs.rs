//! MESH302.

use std::collections::BTreeSet;
use std::sync::Arc;

use mesh_model::row::{ServiceFact, ServicePort};
use mesh_model::{HostServices, Row, path};
use serde_json::json;

use crate::facts::shared_service::{Member, merged, usual};
use crate::rule::declare_rule;
use crate::{Check, MeshView, Sink, Tags};

declare_rule! {
    "port_name_differs.md",
    pub static PORT_NAME_DIFFERS = {
        code: 302, name: "port-name-differs", summary: "a port of a service has one name in all clusters",
        severity: Error, tags: Tags::DRIFT,
        needs: [Service, Pod, Secret, ServiceEntry], closed: [ConfigMap], after: [],
        check: Check::Host(check),
    };
}

fn check(mesh: &MeshView<'_>, host: &HostServices, out: &mut Sink<'_>) {
    for group in merged(mesh, host) {
        let keys: BTreeSet<Key> =
            group.iter().flat_map(|(_, service)| &service.fact.ports).map(Key::of).collect();
        for key in keys {
            judge(mesh, &group, &key, out);
        }
    }
}

/// One number may carry TCP and UDP.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    number: u16,
    protocol: Arc<str>,
}

impl Key {
    fn of(port: &ServicePort) -> Self {
        Self { number: port.number, protocol: Arc::clone(&port.protocol) }
    }

    fn find<'a>(&self, service: &'a Row<ServiceFact>) -> Option<(usize, &'a ServicePort)> {
        service.fact.ports.iter().enumerate().find(|(_, port)| Self::of(port) == *self)
    }
}

fn judge(mesh: &MeshView<'_>, group: &[Member<'_>], key: &Key, out: &mut Sink<'_>) {
    let name = |(_, service): &Member<'_>| key.find(service).map(|(_, port)| Arc::clone(&port.name));
    let Some((usual, (reference, other))) = usual(group, name) else { return };
    for (view, service) in group {
        let Some((at, port)) = key.find(service).filter(|(_, port)| port.name != usual) else { continue };
        let path = path!["spec", "ports", at, "name"];
        let message = format!(
            "Service \"{}\" calls port {} \"{}\" here and \"{usual}\" in cluster \"{}\", so endpoints are dropped between them",
            service.obj.qualified_name(),
            port.number,
            port.name,
            reference.name(),
        );
        let mend = if usual.is_empty() {
            json!([{"op": "remove", "path": path.to_pointer()}])
        } else {
            json!([{"op": "add", "path": path.to_pointer(), "value": &*usual}])
        };
        let (there, _) = key.find(other).expect("the reference has the port, or it had no name to compare");
        let _ = out
            .report(service, path, message)
            .peer(reference.name())
            .unless_sure(mesh.membership().joined(view.name(), reference.name()))
            .evidence(other, path!["spec", "ports", there, "name"], &*usual)
            .json_patch(mend, false);
    }
}
