//! From a service as it is typed to a host of the mesh, and to one of its ports.

use std::collections::BTreeSet;

use mesh_model::{Cluster, Gap, Hostname, Kind, Mesh, Namespace};
use mesh_traffic::Traffic;

use super::Loaded;
use crate::Failure;
use crate::args::{PortWord, ServiceWord};

/// Names told as near to one that is not found.
const NEAR: usize = 3;

impl Loaded {
    /// The namespace of names that are typed without one: the typed one, else that of the context, else `default`.
    #[must_use]
    pub fn namespace(&self, typed: Option<&str>) -> Namespace {
        let of_context = self.read.namespace.as_deref();
        Namespace::from(typed.or(of_context).unwrap_or("default"))
    }

    /// The host that is meant: of a Service in any cluster, or of a ServiceEntry.
    ///
    /// # Errors
    /// If no cluster has it, or some cluster could not be searched.
    pub fn host(&self, word: &ServiceWord, namespace: &Namespace) -> Result<Hostname, Failure> {
        let mesh = self.mesh();
        let found = word.hosts(namespace).into_iter().find(|host| is_host(mesh, host));
        found.ok_or_else(|| self.no_service(word, namespace))
    }

    fn no_service(&self, word: &ServiceWord, namespace: &Namespace) -> Failure {
        let (lost, searched): (Vec<_>, Vec<_>) =
            self.mesh().clusters().iter().partition(|cluster| lost_services(cluster).is_some());
        let lost = lost
            .iter()
            .filter_map(|cluster| Some((cluster.name.to_string(), lost_services(cluster)?.cause())));
        Failure::NoService {
            name: word.name.clone(),
            namespace: (!word.name.contains('.')).then(|| namespace.to_string()),
            searched: searched.len(),
            lost: lost.collect(),
            near: near(self.mesh(), word, namespace),
        }
    }
}

/// Kinds that were merely not given hide nothing: then another kind may hold the host.
fn lost_services(cluster: &Cluster) -> Option<&Gap> {
    let gap = |kind| cluster.gaps.of(kind).filter(|gap| !gap.is_not_given());
    gap(Kind::Service).or_else(|| gap(Kind::ServiceEntry))
}

fn is_host(mesh: &Mesh, host: &Hostname) -> bool {
    mesh.host(host).is_some() || hosts_of_entries(mesh).any(|of_entry| *of_entry == **host)
}

fn hosts_of_entries(mesh: &Mesh) -> impl Iterator<Item = &str> {
    let entries = mesh.clusters().iter().flat_map(|cluster| cluster.service_entries.rows());
    entries.flat_map(|row| row.fact.hosts.iter().map(|host| &**host))
}

/// Names that may have been meant, as they are to be typed, nearest first.
fn near(mesh: &Mesh, word: &ServiceWord, namespace: &Namespace) -> Vec<String> {
    let typed = word.name.as_str();
    let with_namespace = if typed.contains('.') { typed.to_owned() } else { format!("{typed}.{namespace}") };
    let services = mesh.clusters().iter().flat_map(|cluster| cluster.services.rows());
    let services = services.map(|row| format!("{}.{}", row.obj.name, row.obj.namespace));
    let names: BTreeSet<String> = services.chain(hosts_of_entries(mesh).map(str::to_owned)).collect();
    let mut near: Vec<(f64, String)> = names
        .into_iter()
        .map(|name| (likeness(&name, typed, &with_namespace), name))
        .filter(|(likeness, _)| *likeness > 0.85)
        .collect();
    near.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    near.into_iter().take(NEAR).map(|(_, name)| name).collect()
}

/// The same name in another namespace is as near as a mistyped name in this one.
fn likeness(name: &str, typed: &str, with_namespace: &str) -> f64 {
    let head = name.split('.').next().unwrap_or_default();
    strsim::jaro_winkler(name, with_namespace).max(strsim::jaro_winkler(head, typed))
}

/// The namespace of a host: that of its Services, else of the first ServiceEntry; empty if it is none.
#[must_use]
pub fn namespace_of(mesh: &Mesh, host: &str) -> Namespace {
    if let Some(at) = mesh.host(host).and_then(|host| host.services.first()) {
        return at.row(mesh).obj.namespace.clone();
    }
    let entries = mesh.clusters().iter().flat_map(|cluster| cluster.service_entries.rows());
    let mut of_host = entries.filter(|row| row.fact.hosts.iter().any(|known| **known == *host));
    of_host.next().map(|row| row.obj.namespace.clone()).unwrap_or_default()
}

/// The port of `host` that is meant, and its name, as the first istiod has it that knows the host.
///
/// # Errors
/// If there is none of that name or number, or several and none was typed.
pub fn port_of<'m>(
    traffic: &Traffic<'m>,
    host: &str,
    word: Option<&PortWord>,
) -> Result<(u16, &'m str), Failure> {
    let clusters = 0..traffic.mesh().clusters().len();
    let service = clusters.into_iter().find_map(|cluster| traffic.view(cluster).service(host));
    let ports = service.map(|service| service.ports).unwrap_or_default();
    let ports: Vec<(u16, &'m str)> = ports.into_iter().map(|port| (port.number(), port.name())).collect();
    let number = port(host, &ports, word)?;
    let name = ports.iter().find(|(port, _)| *port == number).map_or("", |(_, name)| name);
    Ok((number, name))
}

/// The port that is meant: the typed one, or the only one.
///
/// # Errors
/// If there is none of that name or number, or several and none was typed.
fn port(host: &str, ports: &[(u16, &str)], word: Option<&PortWord>) -> Result<u16, Failure> {
    let found = match word {
        Some(PortWord::Number(number)) => ports.iter().find(|(port, _)| port == number),
        Some(PortWord::Name(name)) => ports.iter().find(|(_, port)| port == name),
        None => ports.first().filter(|_| ports.len() == 1),
    };
    let typed = word.map(|word| match word {
        PortWord::Number(number) => number.to_string(),
        PortWord::Name(name) => name.clone(),
    });
    found.map(|(number, _)| *number).ok_or_else(|| Failure::Port {
        host: host.to_owned(),
        typed,
        ports: ports.iter().map(|(number, name)| (*number, (*name).to_owned())).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_port_needs_no_name() {
        assert_eq!(port("echo", &[(80, "http")], None).ok(), Some(80));
        let two = [(80, "http"), (9000, "admin")];
        assert_eq!(port("echo", &two, Some(&PortWord::Name("admin".to_owned()))).ok(), Some(9000));
        assert_eq!(port("echo", &two, Some(&PortWord::Number(80))).ok(), Some(80));
    }

    #[test]
    fn one_of_several_ports_has_to_be_named() {
        let two = [(80, "http"), (9000, "")];
        let told = |word: Option<PortWord>, ports: &[(u16, &str)]| {
            port("echo", ports, word.as_ref()).expect_err("no port is meant").to_string()
        };
        assert_eq!(told(None, &two), "service \"echo\" has 2 ports; name one: 80 (http), 9000");
        let named = Some(PortWord::Name("grpc".to_owned()));
        assert_eq!(
            told(named, &two),
            "service \"echo\" has no port \"grpc\"; its ports are: 80 (http), 9000"
        );
        assert_eq!(told(None, &[]), "service \"echo\" has no port");
    }
}
