//! The whole computation over meshes of 10 to 160 clusters, and the exponent with which its time grows.
//!
//! Each cluster has 34 namespaces of two services; half of them it shares with the next cluster, half with the one
//! before, as fleets do that keep each service in two regions. Every cluster is a network with two gateways. Run by
//! `cargo bench -p mesh-traffic`; figures belong into docs/performance.md as ratios.
#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a bench takes times and prints them")]

use std::time::{Duration, Instant};

use mesh_model::row::{
    Container, DeploymentFact, DestinationRule, Endpoint, EndpointSliceFact, Failover, LoadBalancer,
    LocalityLbSetting, NamespaceFact, NodeFact, OutlierDetection, PodFact, PolicyBlocks, ServiceFact,
    ServicePort, ServiceType, SlicePort, TrafficPolicy,
};
use mesh_model::{
    ClusterBuilder, Gap, HostPattern, IstioVersion, Kind, Labels, Locality, Mesh, MeshBuilder, Origin, Row,
};
use mesh_traffic::Traffic;
use mesh_traffic::envoy::{self, LbConfig};

/// Namespaces of a cluster.
const NAMESPACES: usize = 34;
/// Services of a namespace.
const SERVICES: usize = 2;
/// Pods of a service in a cluster.
const PODS: usize = 4;

fn main() {
    // Under `cargo test` a bench is only built and run once, small.
    let is_bench = std::env::args().any(|argument| argument == "--bench");
    let sizes: &[usize] = if is_bench { &[10, 20, 40, 80, 160] } else { &[4, 8] };
    println!("clusters  namespaces   services   predictions   endpoints        time");
    let mut points = Vec::new();
    for &clusters in sizes {
        let mesh = mesh(clusters);
        // The least of three: the others had company.
        let runs = (0..if is_bench { 3 } else { 1 }).map(|_| whole(&mesh));
        let (time, count) = runs.min_by_key(|(time, _)| *time).expect("at least one run");
        let namespaces: usize = mesh.clusters().iter().map(|cluster| cluster.namespaces.rows().len()).sum();
        println!(
            "{clusters:>8}  {namespaces:>10}  {:>9}  {:>12}  {:>10}  {:>8.1} ms",
            mesh.hosts().len(),
            count.predictions,
            count.endpoints,
            time.as_secs_f64() * 1000.0
        );
        points.push((clusters, time));
    }
    println!("exponent  {:.2}", exponent(&points));
}

#[derive(Clone, Copy, Default)]
struct Count {
    predictions: usize,
    endpoints: usize,
}

/// Every service of every cluster, for clients of every locality of that cluster.
fn whole(mesh: &Mesh) -> (Duration, Count) {
    let start = Instant::now();
    let traffic = Traffic::new(mesh);
    let mut count = Count::default();
    for (at, cluster) in mesh.clusters().iter().enumerate() {
        let view = traffic.view(at);
        let localities = view.localities();
        for row in cluster.services.rows().iter().filter(|row| row.obj.namespace != "istio-system") {
            let host = format!("{}.{}.svc.cluster.local", row.obj.name, row.obj.namespace);
            let service = view.service(&host).expect("a cluster sees its own services");
            for (locality, _) in &localities {
                let client = view.client_at(locality.clone(), &row.obj.namespace);
                let prediction = view.predict(&client, &service, 80, None);
                let hosts = envoy::hosts(&prediction.assignment);
                let split = envoy::split(&hosts, &LbConfig::from(&prediction.settings));
                assert!(split.no_host < 0.5, "{host} has hosts");
                count.predictions += 1;
                count.endpoints += hosts.len();
            }
        }
    }
    (start.elapsed(), count)
}

/// Slope of the straight line through the logarithms.
#[expect(clippy::cast_precision_loss, reason = "numbers of clusters are small")]
fn exponent(points: &[(usize, Duration)]) -> f64 {
    let logs: Vec<(f64, f64)> =
        points.iter().map(|(size, time)| ((*size as f64).ln(), time.as_secs_f64().ln())).collect();
    let n = logs.len() as f64;
    let mean = |pick: fn(&(f64, f64)) -> f64| logs.iter().map(pick).sum::<f64>() / n;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let slope: f64 = logs.iter().map(|point| (point.0 - x) * (point.1 - y)).sum();
    slope / logs.iter().map(|point| (point.0 - x).powi(2)).sum::<f64>()
}

fn mesh(clusters: usize) -> Mesh {
    (0..clusters).fold(MeshBuilder::default(), |mesh, at| mesh.with(cluster(at, clusters))).finish()
}

fn cluster(at: usize, of: usize) -> ClusterBuilder {
    let mut builder = ClusterBuilder::new(format!("c{at:03}"));
    builder.set_istio_version(IstioVersion { major: 1, minor: 31, patch: 0 });
    // Every istiod reads every cluster, as where nothing says otherwise.
    builder.gaps_mut().lose(Kind::Secret, Gap::NotGiven);
    system(&mut builder, at);
    for zone in 0..3 {
        node(&mut builder, at, zone);
    }
    for place in 0..NAMESPACES {
        // The first half is shared with the cluster before.
        let owner = if place < NAMESPACES / 2 { (at + of - 1) % of } else { at };
        let name = format!("ns-{owner:03}-{:02}", place % (NAMESPACES / 2));
        push(&mut builder, Kind::Namespace, "", &name, Labels::default(), NamespaceFact::default(), |b| {
            &mut b.namespaces
        });
        for number in 0..SERVICES {
            service(&mut builder, at, place * SERVICES + number, &name, &format!("svc-{number}"));
        }
    }
    builder
}

fn system(builder: &mut ClusterBuilder, at: usize) {
    let network = Labels::from_iter([("topology.istio.io/network", format!("net-{at:03}"))]);
    let namespace = NamespaceFact::default();
    push(builder, Kind::Namespace, "", "istio-system", network.clone(), namespace, |b| &mut b.namespaces);
    let env = Labels::from_iter([("CLUSTER_ID", format!("c{at:03}"))]);
    let discovery = Container { name: "discovery".into(), env, ..Container::default() };
    let istiod = DeploymentFact {
        template_labels: Labels::from_iter([("app", "istiod")]),
        containers: vec![discovery],
        ..DeploymentFact::default()
    };
    let labels = Labels::default();
    push(builder, Kind::Deployment, "istio-system", "istiod", labels, istiod, |b| &mut b.deployments);
    let gateway = ServiceFact {
        service_type: ServiceType::LoadBalancer,
        ports: vec![port("tls", 15443)],
        ingress: vec![format!("198.51.{at}.1").into(), format!("198.51.{at}.2").into()],
        has_status: true,
        ..ServiceFact::default()
    };
    push(builder, Kind::Service, "istio-system", "eastwest", network, gateway, |b| &mut b.services);
}

fn node(builder: &mut ClusterBuilder, at: usize, zone: usize) {
    let labels = Labels::from_iter([
        ("topology.kubernetes.io/region", format!("region-{:02}", at % 8)),
        ("topology.kubernetes.io/zone", format!("region-{:02}-{zone}", at % 8)),
    ]);
    let locality = Locality::of_node(&labels);
    let fact = NodeFact { locality, provider_id: "".into(), external_ips: Vec::new() };
    push(builder, Kind::Node, "", &format!("n{zone}"), labels, fact, |b| &mut b.nodes);
}

fn service(builder: &mut ClusterBuilder, at: usize, place: usize, namespace: &str, name: &str) {
    let selector = Labels::from_iter([("app", name.to_owned())]);
    let fact =
        ServiceFact { ports: vec![port("http", 80)], selector: selector.clone(), ..ServiceFact::default() };
    push(builder, Kind::Service, namespace, name, Labels::default(), fact, |b| &mut b.services);
    let mut slice = EndpointSliceFact {
        service: name.into(),
        ports: vec![SlicePort { name: "http".into(), number: 8080 }],
        ..EndpointSliceFact::default()
    };
    for number in 0..PODS {
        let pod = format!("{name}-{number}");
        let address = format!("10.{at}.{place}.{number}");
        let node = format!("n{}", number % 3);
        let labels = selector.iter().chain([("security.istio.io/tlsMode", "istio")]).collect::<Labels>();
        let fact = PodFact {
            node: node.as_str().into(),
            ip: address.as_str().into(),
            ready: true,
            has_proxy: true,
            ..PodFact::default()
        };
        push(builder, Kind::Pod, namespace, &pod, labels, fact, |b| &mut b.pods);
        slice.endpoints.push(Endpoint {
            address: address.as_str().into(),
            ready: true,
            serving: Some(true),
            terminating: Some(false),
            node: node.as_str().into(),
            zone: "".into(),
            pod: pod.as_str().into(),
        });
    }
    let labels = Labels::default();
    push(builder, Kind::EndpointSlice, namespace, name, labels, slice, |b| &mut b.endpoint_slices);
    rule(builder, namespace, name);
}

fn rule(builder: &mut ClusterBuilder, namespace: &str, name: &str) {
    let failover = vec![Failover { from: "region-00".into(), to: "region-01".into() }];
    let locality = LocalityLbSetting { failover, ..LocalityLbSetting::default() };
    let blocks = PolicyBlocks {
        outlier_detection: Some(OutlierDetection::default()),
        load_balancer: Some(LoadBalancer { locality: Some(locality), ..LoadBalancer::default() }),
        ..PolicyBlocks::default()
    };
    let fact = DestinationRule {
        host_text: name.into(),
        host: HostPattern::parse(name, namespace),
        policy: Some(TrafficPolicy { blocks, ports: Vec::new() }),
        subsets: Vec::new(),
        export_to: Vec::new(),
        workload_selector: Labels::default(),
        created: "".into(),
        deleting: false,
    };
    let labels = Labels::default();
    push(builder, Kind::DestinationRule, namespace, name, labels, fact, |b| &mut b.destination_rules);
}

fn port(name: &str, number: u16) -> ServicePort {
    ServicePort {
        name: name.into(),
        number,
        protocol: "TCP".into(),
        app_protocol: None,
        target: "".into(),
        node_port: None,
    }
}

fn push<R>(
    builder: &mut ClusterBuilder,
    kind: Kind,
    namespace: &str,
    name: &str,
    labels: Labels,
    fact: R,
    table: impl FnOnce(&mut ClusterBuilder) -> &mut Vec<Row<R>>,
) {
    let obj = builder.object(kind, namespace, name);
    let row = Row { obj, origin: Origin::Live, labels, annotations: Labels::default(), fact };
    table(builder).push(row);
}
