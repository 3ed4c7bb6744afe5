//! MESH401.

use std::collections::{BTreeMap, BTreeSet};

use mesh_model::Digest;

use super::remedy::plug_in_ca;
use crate::facts::groups::Groups;
use crate::facts::membership::Joined;
use crate::facts::roots::{Roots, judged_roots, title};
use crate::rule::declare_rule;
use crate::{Check, ClusterView, MeshView, Sink, Tags, admiral};

declare_rule! {
    "roots_differ.md",
    pub static ROOTS_DIFFER = {
        code: 401, name: "roots-differ", summary: "clusters of one mesh share a root of trust",
        severity: Error, tags: Tags::DRIFT,
        needs: [ConfigMap, Secret, ServiceEntry], closed: [ConfigMap], after: [],
        check: Check::Mesh(check),
    };
}

fn check(mesh: &MeshView<'_>, out: &mut Sink<'_>) {
    let holders: Vec<Holder<'_>> =
        mesh.clusters().iter().filter_map(|view| Some(Holder::of(view, judged_roots(view, out)?))).collect();
    let sizes = group_sizes(&holders);
    for (position, first) in holders.iter().enumerate() {
        for (distance, second) in holders[position + 1..].iter().enumerate() {
            let joined = belong_together(mesh, first, second);
            if !first.own.is_disjoint(&second.own) || !joined.is_possible() {
                continue;
            }
            let (misses_second, misses_first) = (!first.takes(second), !second.takes(first));
            // Where both miss the other, the smaller group is the odd one; of equal groups the later name.
            let first_is_odd = sizes[position] < sizes[position + 1 + distance];
            match (misses_second, misses_first) {
                (false, false) => {}
                (true, false) => report(first, second, joined, out),
                (true, true) if first_is_odd => report(first, second, joined, out),
                (_, true) => report(second, first, joined, out),
            }
        }
    }
}

/// A cluster whose roots are known, by their keys: a root that was renewed keeps its key and what it signed.
struct Holder<'a> {
    view: ClusterView<'a>,
    roots: Roots<'a>,
    own: BTreeSet<Digest>,
    exchanged: BTreeSet<Digest>,
}

impl<'a> Holder<'a> {
    fn of(view: &ClusterView<'a>, roots: Roots<'a>) -> Self {
        let config = view.control_plane().mesh_config.iter();
        let exchanged = config.flat_map(|(_, config)| &config.ca_certificates.certificates);
        Self {
            view: *view,
            roots,
            own: roots.certificates.iter().map(|certificate| certificate.key).collect(),
            exchanged: exchanged.map(|certificate| certificate.key).collect(),
        }
    }

    fn takes(&self, other: &Self) -> bool {
        !self.exchanged.is_disjoint(&other.own)
    }
}

/// For each holder the number of holders it is tied to by shared keys, directly or over others.
fn group_sizes(holders: &[Holder<'_>]) -> Vec<usize> {
    let mut groups = Groups::of(holders.len());
    let mut first_with: BTreeMap<Digest, usize> = BTreeMap::new();
    for (at, holder) in holders.iter().enumerate() {
        for key in &holder.own {
            groups.join(*first_with.entry(*key).or_insert(at), at);
        }
    }
    (0..holders.len()).map(|at| groups.size(at)).collect()
}

/// Beside what joins clusters by endpoint discovery, entries that Admiral writes join those it serves.
fn belong_together<'m>(mesh: &'m MeshView<'_>, first: &Holder<'_>, second: &Holder<'_>) -> Joined<'m> {
    let is_served = |holder: &&Holder<'_>| holder.view.service_entries().rows().iter().any(admiral::wrote);
    if [first, second].iter().all(is_served) {
        return Joined::Yes;
    }
    mesh.membership().joined(first.view.name(), second.view.name())
}

fn report(odd: &Holder<'_>, peer: &Holder<'_>, joined: Joined<'_>, out: &mut Sink<'_>) {
    let certificate = &peer.roots.certificates[0];
    let message = format!(
        "ConfigMap \"{}\" lacks the root of cluster \"{}\", {}, so mutual TLS between the two fails",
        odd.roots.row.obj.qualified_name(),
        peer.view.name(),
        title(certificate),
    );
    let list = |roots: Roots<'_>| roots.certificates.iter().map(title).collect::<Vec<_>>().join(", ");
    let draft = out
        .report(odd.roots.row, Roots::path(), message)
        .peer(peer.view.name())
        .unless_sure(joined)
        .evidence(odd.roots.row, Roots::path(), list(odd.roots))
        .evidence(peer.roots.row, Roots::path(), list(peer.roots));
    plug_in_ca(draft, &odd.view);
}
