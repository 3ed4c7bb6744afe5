//! The Services of one host that istiod merges into one service, and what most of them say.

use std::collections::BTreeMap;

use mesh_model::row::{ServiceFact, ServiceType};
use mesh_model::{HostServices, Kind, Row};

use super::pods;
use super::services::is_visible;
use crate::{ClusterView, MeshView};

/// A Service and the cluster it is in.
pub(crate) type Member<'a> = (ClusterView<'a>, &'a Row<ServiceFact>);

/// The Services of `host` in groups of clusters that belong to one mesh or may do so, each group of two and more. None for
/// hosts that stay within their cluster, for `ExternalName`, and for Services whose pods are all outside the mesh.
pub(crate) fn merged<'a>(mesh: &MeshView<'a>, host: &HostServices) -> Vec<Vec<Member<'a>>> {
    if host.services.len() < 2 || mesh.local_hosts().contain(&host.name) {
        return Vec::new();
    }
    let members: Vec<Member<'a>> = mesh
        .services_of(host)
        .filter(|(_, service)| service.fact.service_type != ServiceType::ExternalName && is_visible(service))
        .collect();
    if is_outside_the_mesh(&members) {
        return Vec::new();
    }
    let mut groups: Vec<Vec<Member<'a>>> = Vec::new();
    for member in members {
        let joins = |group: &&mut Vec<Member<'a>>| {
            group.iter().any(|(view, _)| mesh.membership().joined(view.name(), member.0.name()).is_possible())
        };
        match groups.iter_mut().find(joins) {
            Some(group) => group.push(member),
            None => groups.push(vec![member]),
        }
    }
    groups.retain(|group| group.len() > 1);
    groups
}

/// Pods are there and none of them is in the mesh. A Service without pods proves nothing.
fn is_outside_the_mesh(members: &[Member<'_>]) -> bool {
    let mut pods = members
        .iter()
        .filter(|(view, _)| view.knows(Kind::Pod))
        .flat_map(|(view, service)| pods::of_service(view, service))
        .peekable();
    pods.peek().is_some() && !pods.any(pods::is_in_mesh)
}

/// The value that most members have, and the first member that has it; of equally frequent ones that of the
/// first member.
pub(crate) fn usual<'m, 'a, T: Ord + Clone>(
    members: &'m [Member<'a>],
    value: impl Fn(&Member<'a>) -> Option<T>,
) -> Option<(T, &'m Member<'a>)> {
    let values: Vec<(T, &Member<'a>)> =
        members.iter().filter_map(|member| Some((value(member)?, member))).collect();
    let mut counts: BTreeMap<&T, usize> = BTreeMap::new();
    for (value, _) in &values {
        *counts.entry(value).or_default() += 1;
    }
    let most = counts.values().max().copied()?;
    let first = values.iter().find(|(value, _)| counts.get(value) == Some(&most))?;
    Some((first.0.clone(), first.1))
}
