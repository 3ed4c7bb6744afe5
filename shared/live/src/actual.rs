//! What proxies and istiods themselves say, read through port-forwards.
//!
//! A client's own Envoy is asked first: its config dump tells localities, priorities, weights and clusters, its list of
//! clusters the state of each host and its counters. Where it cannot be asked, an istiod to which it is connected
//! tells what it would send. Each istiod knows only its own proxies, so the ready ones are asked one after the other.

use futures_util::future::join_all;
use futures_util::{StreamExt, stream};
use mesh_model::actual::{
    Actual, ActualSource, Assignment, IstiodState, ProxyRef, ProxySync, envoy_cluster_host,
};
use mesh_model::{ClusterName, Gap, Mesh};
use mesh_wire::admin;

use crate::client::unreachable;
use crate::clients::Clients;
use crate::forward::{Forward, PodPort};

/// Envoy's admin port (`istio: istioctl/pkg/util/constants.go: DefaultProxyAdminPort`).
const ADMIN_PORT: u16 = 15000;

/// Port of istiod's debug pages (`istio: pilot/cmd/pilot-discovery/app/cmd.go: monitoringAddr`).
const MONITORING_PORT: u16 = 15014;

/// Proxies that are asked at the same time. Each has a page in memory meanwhile.
const PARALLEL_PROXIES: usize = 8;

/// What these proxies have for the services with these `hosts` (fully qualified; of all services if there are none), in
/// the order of `proxies`; a few are asked at the same time. An error says why a proxy cannot be read, where no istiod
/// can speak for it either.
pub async fn actual(
    clients: &Clients,
    mesh: &Mesh,
    proxies: &[ProxyRef],
    hosts: &[&str],
) -> Vec<Result<Actual, Gap>> {
    let asked = stream::iter(proxies).map(|of| ask(clients, mesh, of, Wanted(hosts)));
    asked.buffered(PARALLEL_PROXIES).collect().await
}

/// What every ready istiod of the mesh says about it, sorted by cluster and pod; all are asked at the same time.
///
/// A cluster whose pods are not known has none here; that is a gap of the mesh already.
pub async fn istiods(clients: &Clients, mesh: &Mesh) -> Vec<(ProxyRef, Result<IstiodState, Gap>)> {
    let pods = mesh.clusters().iter().flat_map(|cluster| ready_istiods(mesh, &cluster.name));
    join_all(pods.map(|pod| async {
        let state = state_of(clients, &pod).await;
        (pod, state)
    }))
    .await
}

/// Services that are asked for.
#[derive(Clone, Copy)]
struct Wanted<'a>(&'a [&'a str]);

impl Wanted<'_> {
    fn has(self, envoy_cluster: &str) -> bool {
        self.0.is_empty() || envoy_cluster_host(envoy_cluster).is_some_and(|host| self.0.contains(&host))
    }

    /// A parameter that lets Envoy leave out the rest, as long as it is short. It may be ignored, so what comes is
    /// looked through as well.
    fn filter(self, name: &str) -> String {
        const MOST: usize = 16;
        if self.0.is_empty() || self.0.len() > MOST {
            return String::new();
        }
        let hosts: Vec<_> = self.0.iter().map(|host| literal(host)).collect();
        let regex = format!("outbound.*[|.]({})", hosts.join("|"));
        format!("&{name}={}", form_urlencoded::byte_serialize(regex.as_bytes()).collect::<String>())
    }
}

/// A regular expression of RE2 for just this text.
fn literal(text: &str) -> String {
    let mut regex = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if letter.is_ascii_punctuation() && !matches!(letter, '-' | '_') {
            regex.push('\\');
        }
        regex.push(letter);
    }
    regex
}

/// Asks the proxy, else istiods.
async fn ask(clients: &Clients, mesh: &Mesh, of: &ProxyRef, wanted: Wanted<'_>) -> Result<Actual, Gap> {
    let instead = match of_proxy(clients, of, wanted).await {
        Ok(actual) => return Ok(actual),
        Err(gap) => gap,
    };
    for istiod in istiods_for(mesh, &of.cluster) {
        let Ok(Some(assignments)) = of_istiod(clients, mesh, &istiod, of, wanted).await else { continue };
        let source = ActualSource::Istiod { cluster: istiod.cluster, pod: istiod.pod, instead };
        return Ok(Actual { source, assignments, hosts: Vec::new() });
    }
    Err(instead)
}

async fn of_proxy(clients: &Clients, of: &ProxyRef, wanted: Wanted<'_>) -> Result<Actual, Gap> {
    let mut proxy = Forward::open(clients.of(&of.cluster)?, port_of(of, ADMIN_PORT)).await?;
    let dump =
        format!("/config_dump?resource=dynamic_endpoint_configs&include_eds{}", wanted.filter("name_regex"));
    let page = proxy.get(&dump).await?;
    let assignments =
        admin::assignments(&page, &|name| wanted.has(name)).map_err(|error| no_page(of, &error))?;
    // Freed before the next one comes: of a proxy that knows much, each has tens of megabytes.
    drop(page);
    let page = proxy.get(&format!("/clusters?format=json{}", wanted.filter("filter"))).await?;
    let hosts = admin::hosts(&page, &|name| wanted.has(name)).map_err(|error| no_page(of, &error))?;
    Ok(Actual { source: ActualSource::Proxy, assignments, hosts })
}

/// What one istiod would send to the proxy; `None` if the proxy is not connected to it, or is not the only one that
/// its pages call so.
async fn of_istiod(
    clients: &Clients,
    mesh: &Mesh,
    istiod: &ProxyRef,
    of: &ProxyRef,
    wanted: Wanted<'_>,
) -> Result<Option<Vec<Assignment>>, Gap> {
    let mut pages = Forward::open(clients.of(&istiod.cluster)?, port_of(istiod, MONITORING_PORT)).await?;
    let page = pages.get("/debug/syncz").await?;
    let proxies = admin::proxy_syncs(&page).map_err(|error| no_page(istiod, &error))?;
    let words = format!("{}.{}-", of.pod, of.namespace);
    if !is_the_one(&proxies, &words, |id| is_cluster(mesh, &of.cluster, id)) {
        return Ok(None);
    }
    let words: String = form_urlencoded::byte_serialize(words.as_bytes()).collect();
    let page = pages.get(&format!("/debug/edsz?proxyID={words}")).await?;
    admin::assignments(&page, &|name| wanted.has(name)).map(Some).map_err(|error| no_page(istiod, &error))
}

/// True when these words, `POD.NAMESPACE-`, pick a proxy of the cluster and no other: istiod takes any connection,
/// `POD.NAMESPACE-NUMBER`, that holds them (`istio: pilot/pkg/xds/debug.go: getProxyConnection`).
fn is_the_one(proxies: &[ProxySync], words: &str, in_cluster: impl Fn(&ClusterName) -> bool) -> bool {
    let mut named = proxies.iter().filter(|proxy| format!("{}-", proxy.id).contains(words));
    match (named.next(), named.next()) {
        (Some(proxy), None) => Some(&*proxy.id) == words.strip_suffix('-') && in_cluster(&proxy.cluster),
        _ => false,
    }
}

async fn state_of(clients: &Clients, istiod: &ProxyRef) -> Result<IstiodState, Gap> {
    let mut pages = Forward::open(clients.of(&istiod.cluster)?, port_of(istiod, MONITORING_PORT)).await?;
    let page = pages.get("/debug/clusterz").await?;
    let clusters = admin::read_clusters(&page).map_err(|error| no_page(istiod, &error))?;
    let page = pages.get("/debug/networkz").await?;
    let gateways = admin::known_gateways(&page).map_err(|error| no_page(istiod, &error))?;
    let page = pages.get("/debug/syncz").await?;
    let proxies = admin::proxy_syncs(&page).map_err(|error| no_page(istiod, &error))?;
    Ok(IstiodState { clusters, gateways, proxies })
}

/// The istiods of the proxy's own cluster; those of all others if it has none, since it is a remote one then.
fn istiods_for(mesh: &Mesh, cluster: &ClusterName) -> Vec<ProxyRef> {
    let own: Vec<_> = ready_istiods(mesh, cluster).collect();
    if own.is_empty() {
        mesh.clusters().iter().flat_map(|other| ready_istiods(mesh, &other.name)).collect()
    } else {
        own
    }
}

fn ready_istiods<'m>(mesh: &'m Mesh, cluster: &ClusterName) -> impl Iterator<Item = ProxyRef> + use<'m> {
    let pods = mesh.cluster(cluster).into_iter().flat_map(|cluster| cluster.istiod_pods());
    pods.filter(|row| row.fact.ready).map(|row| ProxyRef {
        cluster: row.obj.cluster.clone(),
        namespace: row.obj.namespace.clone(),
        pod: row.obj.name.clone(),
    })
}

/// True when Istio calls the cluster by this ID.
fn is_cluster(mesh: &Mesh, name: &ClusterName, id: &ClusterName) -> bool {
    name == id
        || mesh.cluster(name).is_some_and(|cluster| cluster.control_plane.cluster_id() == Some(id.as_str()))
}

fn port_of(pod: &ProxyRef, port: u16) -> PodPort {
    PodPort { namespace: pod.namespace.clone(), pod: pod.pod.clone(), port }
}

fn no_page(of: &ProxyRef, error: &mesh_wire::DecodeError) -> Gap {
    unreachable(format!(
        "pod \"{}/{}\" answers with something else than expected: {error}",
        of.namespace, of.pod
    ))
}

#[cfg(test)]
mod tests {
    use mesh_model::actual::SyncState;

    use super::*;

    #[test]
    fn an_istiod_speaks_for_a_proxy_only_where_its_name_picks_no_other() {
        let one = |proxies: &[(&str, &str)]| {
            let proxy = |&(cluster, id): &(&str, &str)| ProxySync {
                cluster: cluster.into(),
                id: id.into(),
                version: "".into(),
                endpoints: SyncState::Synced,
            };
            let proxies: Vec<_> = proxies.iter().map(proxy).collect();
            is_the_one(&proxies, "echo-1.shop-", |cluster| *cluster == "west")
        };
        assert!(one(&[("west", "echo-1.shop"), ("west", "echo-1.shop2"), ("west", "echo-11.shop")]));
        assert!(!one(&[("east", "echo-1.shop")]), "it is of another cluster");
        assert!(!one(&[("west", "echo-1.shop"), ("east", "echo-1.shop")]), "either could be taken");
        assert!(!one(&[("west", "echo-1.shop"), ("west", "my-echo-1.shop")]), "holds the words too");
        assert!(!one(&[("west", "echo-1.shop-eu")]), "only holds the words");
        assert!(!one(&[]));
    }

    #[test]
    fn a_filter_holds_host_names_as_they_are_and_there_is_none_for_all_or_many() {
        let filter = Wanted(&["*.a-b.example", "c"]).filter("filter");
        let pairs: Vec<_> = form_urlencoded::parse(filter.trim_start_matches('&').as_bytes()).collect();
        assert_eq!(pairs, [("filter".into(), r"outbound.*[|.](\*\.a-b\.example|c)".into())]);
        assert_eq!(Wanted(&[]).filter("filter"), "");
        assert_eq!(Wanted(&["a"; 17]).filter("filter"), "");
    }

    #[test]
    fn only_clusters_of_the_very_hosts_are_wanted() {
        let wanted = Wanted(&["b.svc"]);
        assert!(wanted.has("outbound|80|v1|b.svc"));
        assert!(
            !wanted.has("outbound|80||a.b.svc") && !wanted.has("inbound|80||") && !wanted.has("xds-grpc")
        );
        assert!(Wanted(&[]).has("xds-grpc"));
    }
}
