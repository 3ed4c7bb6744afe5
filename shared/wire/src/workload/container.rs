//! Containers of pods and pod templates.

use mesh_model::Labels;
use mesh_model::row::Container as Fact;
use serde::Deserialize;

use crate::Lower;
use crate::lenient::null;

/// Containers whose environment and arguments rules read; of all others they may hold anything, secrets too.
const READ: [&str; 2] = ["discovery", "istio-proxy"];

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Container {
    #[serde(deserialize_with = "null")]
    pub(super) name: String,
    #[serde(deserialize_with = "null")]
    image: String,
    #[serde(deserialize_with = "null")]
    env: Vec<EnvVar>,
    #[serde(deserialize_with = "null")]
    args: Vec<String>,
    #[serde(deserialize_with = "null")]
    ports: Vec<Port>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct EnvVar {
    #[serde(deserialize_with = "null")]
    name: String,
    value: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Port {
    #[serde(deserialize_with = "null")]
    name: String,
    #[serde(deserialize_with = "null")]
    container_port: u16,
}

impl Container {
    pub(super) fn lower(&self, into: &mut Lower<'_>) -> Fact {
        let read = READ.contains(&self.name.as_str());
        let env = self.env.iter().filter(|_| read);
        let literal =
            env.filter_map(|var| var.value.as_deref().map(|value| (into.text(&var.name), into.text(value))));
        let env = Labels::new(literal.collect());
        Fact {
            name: into.text(&self.name),
            image: into.text(&self.image),
            env,
            args: if read { into.texts(&self.args) } else { Vec::new() },
            ports: self.ports.iter().map(|port| (into.text(&port.name), port.container_port)).collect(),
        }
    }
}
