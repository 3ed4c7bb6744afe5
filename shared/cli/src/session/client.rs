//! From a client as it is typed to proxies of the mesh.

use mesh_model::row::PodFact;
use mesh_model::{KindSet, Locality, Mesh, Namespace, Row};
use mesh_rules::FRAME;
use mesh_traffic::{Client, Traffic};

use crate::Failure;

/// What decides about the traffic of a client.
pub const READS: KindSet = FRAME
    .union(KindSet::Node)
    .union(KindSet::Service)
    .union(KindSet::EndpointSlice)
    .union(KindSet::Pod)
    .union(KindSet::Secret)
    .union(KindSet::DestinationRule)
    .union(KindSet::ServiceEntry)
    .union(KindSet::WorkloadEntry)
    .union(KindSet::PeerAuthentication)
    .union(KindSet::Sidecar)
    .union(KindSet::VirtualService)
    .union(KindSet::Gateway);

/// A client, and how many pods of the mesh it stands for.
#[derive(Clone, Debug)]
pub struct Caller<'m> {
    /// The client.
    pub client: Client<'m>,
    /// Pods with a proxy in its place; 0 for a locality that only nodes have.
    pub pods: usize,
}

/// The clients that `from` names, those that stand for most pods first.
///
/// A cluster alone stands for the locality where most of its pods run, and a workload for each locality it runs in.
/// Clients that are only a place are of `namespace`.
///
/// # Errors
/// If it names nothing, or can be read in two ways.
pub fn clients<'m>(
    traffic: &Traffic<'m>,
    from: &str,
    namespace: &Namespace,
) -> Result<Vec<Caller<'m>>, Failure> {
    let fail = |why: String| Failure::From { typed: from.to_owned(), why };
    let search = Search { traffic, namespace };
    let (mut forms, known) = search.forms(from);
    match forms.len() {
        1 => Ok(forms.remove(0).1),
        0 => Err(fail(search.nothing(from, &known))),
        _ => {
            let forms: Vec<_> = forms.into_iter().map(|(what, _)| what).collect();
            Err(fail(format!("may be {}; name one more exactly", forms.join(" or "))))
        }
    }
}

/// The usual clients: of each cluster the locality where most pods run, or, with `all`, every one. Clusters without a
/// pod of the mesh have none.
///
/// # Errors
/// If there is none at all.
pub fn usual_clients<'m>(
    traffic: &Traffic<'m>,
    all: bool,
    namespace: &Namespace,
) -> Result<Vec<Caller<'m>>, Failure> {
    let search = Search { traffic, namespace };
    let clusters = 0..traffic.mesh().clusters().len();
    let wanted = if all { usize::MAX } else { 1 };
    let of_cluster = |cluster| search.callers(cluster, &search.of_pods(cluster)).into_iter().take(wanted);
    let callers: Vec<_> = clusters.flat_map(of_cluster).collect();
    if callers.is_empty() { Err(Failure::NoClient) } else { Ok(callers) }
}

/// A client on one line: its cluster, its pod if it is one, its locality and network.
#[must_use]
pub fn describe(mesh: &Mesh, client: &Client<'_>) -> String {
    let mut parts = vec![mesh.clusters()[client.cluster].name.to_string()];
    parts.extend(client.pod.map(|pod| format!("pod {}", pod.obj.qualified_name())));
    let place = client.locality.short();
    parts.push(if place.is_empty() { "without locality".to_owned() } else { place });
    if !client.network.is_empty() {
        parts.push(format!("network {}", client.network));
    }
    parts.join("  ")
}

struct Search<'a, 'm> {
    traffic: &'a Traffic<'m>,
    namespace: &'a Namespace,
}

/// One way to read what was typed.
type Form<'m> = (String, Vec<Caller<'m>>);

impl<'m> Search<'_, 'm> {
    fn mesh(&self) -> &'m Mesh {
        self.traffic.mesh()
    }

    /// Every way to read `from`, and the clusters it begins with.
    fn forms(&self, from: &str) -> (Vec<Form<'m>>, Vec<usize>) {
        let (mut forms, mut known) = (Vec::new(), Vec::new());
        for (at, cluster) in self.mesh().clusters().iter().enumerate() {
            let Some(rest) = from.strip_prefix(cluster.name.as_str()) else { continue };
            if rest.is_empty() {
                known.push(at);
                let callers = self.callers(at, &self.of_pods(at));
                forms.extend(first(callers).map(|first| (format!("cluster {from}"), vec![first])));
            } else if let Some(rest) = rest.strip_prefix('/') {
                known.push(at);
                self.forms_in(at, rest, &mut forms);
            }
        }
        if let Some((pod, namespace)) = from.rsplit_once('.').filter(|_| !from.contains('/')) {
            for (at, cluster) in self.mesh().clusters().iter().enumerate() {
                if let Some(row) = cluster.pods.find(namespace, pod) {
                    let what = format!("pod {namespace}/{pod} of cluster {}", cluster.name);
                    forms.push((what, vec![self.of_pod(at, row, 1)]));
                }
            }
        }
        (forms, known)
    }

    /// Ways to read what stands behind the name of a cluster.
    fn forms_in(&self, cluster: usize, rest: &str, forms: &mut Vec<Form<'m>>) {
        let name = &self.mesh().clusters()[cluster].name;
        let within: Vec<_> =
            self.known(cluster).into_iter().filter(|(place, _)| is_within(place, rest)).collect();
        let callers = self.callers(cluster, &within);
        forms.extend(first(callers).map(|first| (format!("locality {rest} of cluster {name}"), vec![first])));
        if let Some((namespace, workload)) = rest.split_once('/') {
            let callers = self.of_workload(cluster, namespace, workload);
            if !callers.is_empty() {
                forms.push((format!("workload {namespace}/{workload} of cluster {name}"), callers));
            }
        }
    }

    /// The clients of a workload, one per locality.
    fn of_workload(&self, cluster: usize, namespace: &str, workload: &str) -> Vec<Caller<'m>> {
        let pods = self.mesh().clusters()[cluster].pods.in_namespace(namespace);
        let mut callers: Vec<Caller<'m>> = Vec::new();
        for row in pods.iter().filter(|row| !row.fact.finished && is_of(row, workload)) {
            let caller = self.of_pod(cluster, row, 1);
            match callers.iter_mut().find(|known| known.client.locality == caller.client.locality) {
                Some(known) => known.pods += 1,
                None => callers.push(caller),
            }
        }
        callers.sort_by_key(|caller| (usize::MAX - caller.pods, caller.client.locality.clone()));
        callers
    }

    fn of_pod(&self, cluster: usize, row: &'m Row<PodFact>, pods: usize) -> Caller<'m> {
        Caller { client: self.traffic.view(cluster).client_of(row), pods }
    }

    fn callers(&self, cluster: usize, places: &[(Locality, usize)]) -> Vec<Caller<'m>> {
        let view = self.traffic.view(cluster);
        let caller = |(place, pods): &(Locality, usize)| Caller {
            client: view.client_at(place.clone(), self.namespace),
            pods: *pods,
        };
        places.iter().map(caller).collect()
    }

    /// Localities of pods with a proxy, the most common first.
    fn of_pods(&self, cluster: usize) -> Vec<(Locality, usize)> {
        let mut places = self.traffic.view(cluster).localities();
        places.sort_by(|(a, many), (b, few)| few.cmp(many).then_with(|| a.cmp(b)));
        places
    }

    /// The same, and those that only nodes have.
    fn known(&self, cluster: usize) -> Vec<(Locality, usize)> {
        let mut places = self.of_pods(cluster);
        for row in self.mesh().clusters()[cluster].nodes.rows() {
            if !places.iter().any(|(place, _)| *place == row.fact.locality) {
                places.push((row.fact.locality.clone(), 0));
            }
        }
        places
    }

    fn nothing(&self, from: &str, clusters: &[usize]) -> String {
        let names = || self.mesh().clusters().iter().map(|cluster| cluster.name.as_str());
        let Some(cluster) = clusters.first() else {
            let known = names().collect::<Vec<_>>().join(", ");
            let head = from.split('/').next().unwrap_or_default();
            return if from.contains('/') || !from.contains('.') {
                format!("no cluster \"{head}\"; clusters are: {known}")
            } else {
                format!("no such pod and no such cluster; clusters are: {known}")
            };
        };
        let places: Vec<String> = self.known(*cluster).iter().map(|(place, _)| place.short()).collect();
        let known = if places.is_empty() { "none".to_owned() } else { places.join(", ") };
        match from[self.mesh().clusters()[*cluster].name.len()..].matches('/').count() {
            0 => format!("no pod of the mesh runs there; name a locality, known: {known}"),
            2 => format!("no such locality and no such workload; known localities: {known}"),
            _ => format!("no such locality; known: {known}"),
        }
    }
}

fn first<T>(all: Vec<T>) -> Option<T> {
    all.into_iter().next()
}

/// `typed` names the place, or its region, or its region and zone.
fn is_within(place: &Locality, typed: &str) -> bool {
    let parts = [place.region.as_str(), place.zone.as_str(), place.subzone.as_str()];
    let mut typed = typed.split('/');
    let fits = parts.iter().all(|part| typed.next().is_none_or(|typed| typed == *part));
    fits && typed.next().is_none()
}

/// The pod itself is named, or its Deployment, by the hash that its ReplicaSet adds, or its StatefulSet.
fn is_of(row: &Row<PodFact>, workload: &str) -> bool {
    let name = row.obj.name.as_str();
    let Some((head, _)) = name.rsplit_once('-') else { return name == workload };
    let of_deployment =
        row.labels.get("pod-template-hash").and_then(|hash| head.strip_suffix(hash)?.strip_suffix('-'));
    let of_set = Some(head).filter(|_| row.labels.is("statefulset.kubernetes.io/pod-name", name));
    name == workload || of_deployment == Some(workload) || of_set == Some(workload)
}
