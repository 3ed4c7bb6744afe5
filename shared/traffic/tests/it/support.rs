//! Meshes of a few lines: each helper adds one object as its manifest.

use std::fmt::Write as _;

use mesh_model::{Locality, Mesh, MeshBuilder, Namespace, Network};
use mesh_source::{Input, LoadOptions, load};
use mesh_traffic::{Client, Families, Prediction, Role, RuleSet, Traffic, Via, View};

/// Manifests by cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct World {
    pub(crate) clusters: Vec<(String, String)>,
}

impl World {
    /// Adds a cluster.
    pub(crate) fn cluster(mut self, name: &str, docs: Docs) -> Self {
        self.clusters.push((name.to_owned(), docs.0));
        self
    }

    /// The mesh; a kind without a document is absent.
    pub(crate) fn mesh(&self) -> Mesh {
        let input = |(cluster, text): &(String, String)| Input::Text {
            cluster: cluster.clone(),
            name: format!("{cluster}.yaml"),
            text: text.clone(),
        };
        let inputs: Vec<Input> = self.clusters.iter().map(input).collect();
        let options = LoadOptions { complete: true, ..LoadOptions::default() };
        let loaded = load(&inputs, &options).expect("text can be read");
        let mesh = loaded.clusters.into_iter().fold(MeshBuilder::default(), MeshBuilder::with).finish();
        assert_eq!(mesh.notes(), [], "the manifests are sound");
        mesh
    }
}

/// Manifests of one cluster.
#[derive(Clone, Debug, Default)]
pub(crate) struct Docs(String);

impl Docs {
    /// A cluster with its own istiod of version 1.31, which reads the clusters `remotes`.
    pub(crate) fn primary(id: &str, remotes: &[&str]) -> Self {
        Self::primary_of("1.31.0", id, remotes, "")
    }

    /// The same with another version and further environment, as `NAME: VALUE` pairs.
    pub(crate) fn primary_of(version: &str, id: &str, remotes: &[&str], env: &str) -> Self {
        let mut docs = Self::default();
        docs.add(&format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: istiod, namespace: istio-system}}\n\
             spec: {{template: {{metadata: {{labels: {{app: istiod}}}}, spec: {{containers: [{{name: discovery, \
             image: 'istio/pilot:{version}', env: [{{name: CLUSTER_ID, value: {id}}}{env}]}}]}}}}}}"
        ));
        for remote in remotes {
            docs.add(&format!(
                "apiVersion: v1\nkind: Secret\nmetadata: {{name: istio-remote-secret-{remote}, namespace: istio-system, \
                 labels: {{istio/multiCluster: 'true'}}, annotations: {{networking.istio.io/cluster: {remote}}}}}"
            ));
        }
        docs
    }

    /// Adds the documents of another.
    pub(crate) fn with(mut self, other: &Self) -> Self {
        self.0.push_str(&other.0);
        self
    }

    /// Adds any document.
    pub(crate) fn add(&mut self, document: &str) -> &mut Self {
        write!(self.0, "---\n{document}\n").expect("text takes text");
        self
    }

    /// The label of the system namespace.
    pub(crate) fn network(&mut self, name: &str) -> &mut Self {
        self.add(&format!(
            "apiVersion: v1\nkind: Namespace\nmetadata: {{name: istio-system, labels: {{topology.istio.io/network: {name}}}}}"
        ))
    }

    /// A node at `region/zone/subzone`; empty parts have no label.
    pub(crate) fn node(&mut self, name: &str, locality: &str) -> &mut Self {
        let keys =
            ["topology.kubernetes.io/region", "topology.kubernetes.io/zone", "topology.istio.io/subzone"];
        let parts = keys.iter().zip(locality.split('/')).filter(|(_, part)| !part.is_empty());
        let labels: Vec<String> = parts.map(|(key, part)| format!("{key}: {part}")).collect();
        self.add(&format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{{}}}}}",
            labels.join(", ")
        ))
    }

    /// A Service `shop/NAME` with a port `http` on 80, and more of its `spec`.
    pub(crate) fn service(&mut self, name: &str, spec: &str) -> &mut Self {
        self.add(&format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\n\
             spec: {{clusterIP: 10.0.0.1, ports: [{{name: http, port: 80, targetPort: 8080}}]{spec}}}"
        ))
    }

    /// A pod of `shop` with a sidecar, and more labels.
    pub(crate) fn pod(&mut self, name: &str, ip: &str, node: &str, labels: &str) -> &mut Self {
        self.add(&format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: shop, \
             labels: {{security.istio.io/tlsMode: istio{labels}}}}}\nspec: {{nodeName: {node}}}\n\
             status: {{phase: Running, podIP: {ip}, conditions: [{{type: Ready, status: 'True'}}]}}"
        ))
    }

    /// An EndpointSlice of `shop/SERVICE`, each endpoint as a flow mapping.
    pub(crate) fn slice(&mut self, service: &str, port: &str, endpoints: &[String]) -> &mut Self {
        self.add(&format!(
            "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: {service}-{port}, namespace: shop, \
             labels: {{kubernetes.io/service-name: {service}}}}}\naddressType: IPv4\n\
             ports: [{{name: {port}, port: 8080}}]\nendpoints: [{}]",
            endpoints.join(", ")
        ))
    }

    /// `count` ready pods of `shop/echo` on one node, with their slice. Addresses count up from `PREFIX.1`.
    pub(crate) fn pods(&mut self, prefix: &str, node: &str, count: usize) -> &mut Self {
        let mut listed = Vec::new();
        for at in 1..=count {
            let (name, ip) = (format!("echo-{node}-{at}"), format!("{prefix}.{at}"));
            self.pod(&name, &ip, node, "");
            listed.push(ready(&ip, &name));
        }
        let text = listed.join(", ");
        self.add(&format!(
            "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: echo-{node}, namespace: shop, \
             labels: {{kubernetes.io/service-name: echo}}}}\naddressType: IPv4\n\
             ports: [{{name: http, port: 8080}}]\nendpoints: [{text}]"
        ))
    }

    /// An east-west gateway with these addresses.
    pub(crate) fn gateway(&mut self, network: &str, addresses: &[&str]) -> &mut Self {
        let ingress: Vec<String> = addresses.iter().map(|ip| format!("{{ip: {ip}}}")).collect();
        self.add(&format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: eastwest, namespace: istio-system, \
             labels: {{topology.istio.io/network: {network}}}}}\n\
             spec: {{type: LoadBalancer, clusterIP: 10.0.0.9, ports: [{{name: tls, port: 15443}}]}}\n\
             status: {{loadBalancer: {{ingress: [{}]}}}}",
            ingress.join(", ")
        ))
    }

    /// A rule for `shop/echo`.
    pub(crate) fn rule(&mut self, spec: &str) -> &mut Self {
        self.add(&format!(
            "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: echo, namespace: shop}}\n\
             spec: {{host: echo.shop.svc.cluster.local{spec}}}"
        ))
    }
}

/// A ready endpoint of a slice.
pub(crate) fn ready(ip: &str, pod: &str) -> String {
    endpoint(ip, pod, "ready: true, serving: true, terminating: false")
}

/// An endpoint of a slice with these conditions.
pub(crate) fn endpoint(ip: &str, pod: &str, conditions: &str) -> String {
    format!(
        "{{addresses: [{ip}], conditions: {{{conditions}}}, targetRef: {{kind: Pod, name: {pod}, namespace: shop}}}}"
    )
}

/// Host of `shop/echo`.
pub(crate) const ECHO: &str = "echo.shop.svc.cluster.local";

/// A sidecar in `shop`.
pub(crate) fn client(cluster: usize, network: &str, locality: &str) -> Client<'static> {
    let mut parts = locality.split('/');
    let mut part = || parts.next().unwrap_or_default();
    Client {
        cluster,
        namespace: Namespace::from("shop"),
        labels: [("app", "client")].into_iter().collect(),
        locality: Locality { region: part().into(), zone: part().into(), subzone: part().into() },
        network: Network::from(network),
        network_label: Network::from(network),
        network_view: None,
        node: "".into(),
        families: Families::default(),
        role: Role::Sidecar,
        pod: None,
    }
}

/// What istiod sends for port 80 of `shop/echo`.
pub(crate) fn predict<'m>(view: &View<'_, 'm>, client: &Client<'_>) -> Prediction<'m> {
    predict_subset(view, client, None)
}

/// The same for a subset.
pub(crate) fn predict_subset<'m>(
    view: &View<'_, 'm>,
    client: &Client<'_>,
    subset: Option<&str>,
) -> Prediction<'m> {
    let service = view.service(ECHO).expect("the service is there");
    view.predict(client, &service, 80, subset)
}

/// The prediction as lines: `LOCALITY pPRIORITY wWEIGHT: ADDRESS:PORT*WEIGHT ...`.
pub(crate) fn lines(prediction: &Prediction<'_>) -> Vec<String> {
    prediction
        .assignment
        .groups
        .iter()
        .map(|group| {
            let sent = group.endpoints.iter().map(|sent| {
                let through = if matches!(sent.via, Via::Gateway { .. }) { "@" } else { "" };
                let health = match sent.health {
                    mesh_traffic::Health::Healthy => "",
                    mesh_traffic::Health::Unhealthy => "!",
                    mesh_traffic::Health::Draining => "~",
                    mesh_traffic::Health::Terminating => "?",
                };
                format!(" {through}{}:{}*{}{health}", sent.address, sent.port, sent.weight)
            });
            format!("{} p{} w{}:{}", group.locality, group.priority, group.weight, sent.collect::<String>())
        })
        .collect()
}

/// The endpoints left out as lines: `ADDRESS: reason (cause)`, sorted.
pub(crate) fn excluded(prediction: &Prediction<'_>) -> Vec<String> {
    let each = prediction.assignment.excluded.iter();
    let mut lines: Vec<String> =
        each.map(|out| format!("{}: {} ({})", out.endpoint.address, out.reason.text(), out.cause)).collect();
    lines.sort();
    lines
}

/// The lines for a client in `shop` of the first cluster.
pub(crate) fn seen(world: &World, network: &str, locality: &str) -> Vec<String> {
    seen_by(world, network, locality, None)
}

/// The same by the rules of a version.
pub(crate) fn seen_by(world: &World, network: &str, locality: &str, version: Option<&str>) -> Vec<String> {
    let mesh = world.mesh();
    let traffic = Traffic::new(&mesh);
    let rules = version.map(|version| RuleSet::of(version.parse().expect("a version")));
    let view = rules.map_or_else(|| traffic.view(0), |rules| traffic.view_by(0, rules));
    lines(&predict(&view, &client(0, network, locality)))
}
