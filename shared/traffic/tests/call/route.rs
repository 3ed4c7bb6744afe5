//! Where the sidecar of a client sends a call.

use mesh_model::row::Answer;
use mesh_traffic::{Call, Route, Routing, Traffic};

use crate::tree::{istiod, mesh, pod, service};

const ECHO: &str = "echo.shop.svc.cluster.local";

fn routes(namespace: &str, name: &str, more: &str, spec: &str) -> String {
    format!(
        "---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: {namespace}{more}}}
spec: {spec}
"
    )
}

/// Services echo, other and raw, and a client web of namespace web.
fn world(objects: &[String]) -> String {
    let tcp = ", {name: tcp-raw, port: 9000}, {name: https, port: 443}";
    let parts = [
        istiod("west"),
        service("shop", "echo", tcp),
        service("shop", "other", ""),
        service("shop", "raw", ""),
        pod("web", "web", "app: web, version: v2"),
    ];
    format!("{}\n{}", parts.join("\n"), objects.join("\n"))
}

fn route(objects: &[String], port: u16, call: &Call<'_>) -> Route {
    let mesh = mesh(&[("west", &world(objects))]);
    let traffic = Traffic::new(&mesh);
    let view = traffic.view(0);
    let pod = mesh.clusters()[0].pods.find("web", "web").expect("the client is there");
    let client = view.client_of(pod);
    let service = view.service_for(ECHO, "web").expect("the service is there");
    view.route(&client, &service, port, call)
}

fn sent(route: &Route) -> Vec<String> {
    match &route.routing {
        Routing::To(destinations) => destinations.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

/// Where `GET /` to port 80 goes.
fn plain(objects: &[String]) -> Vec<String> {
    sent(&route(objects, 80, &Call::default()))
}

fn to(host: &str) -> String {
    format!("[{{route: [{{destination: {{host: {host}}}}}]}}]")
}

fn outbound(name: &str) -> Vec<String> {
    vec![format!("outbound|80||{name}.shop.svc.cluster.local")]
}

#[test]
fn without_a_virtual_service_a_call_goes_to_its_service() {
    let route = route(&[], 80, &Call::default());
    assert_eq!(sent(&route), outbound("echo"));
    assert_eq!(route.cause.to_string(), "no VirtualService");
    let Routing::To(destinations) = &route.routing else { panic!("it is sent") };
    assert_eq!(destinations[0].sni(), "outbound_.80_._.echo.shop.svc.cluster.local");
}

#[test]
fn several_destinations_share_by_weight_and_one_without_weight_gets_nothing() {
    let spec = "{hosts: [echo], http: [{route: [{destination: {host: echo, subset: v1}, weight: 90},
        {destination: {host: other, port: {number: 8080}}, weight: 10}, {destination: {host: raw}}]}]}";
    let route = route(&[routes("shop", "a", "", spec)], 80, &Call::default());
    let Routing::To(destinations) = &route.routing else { panic!("it is sent") };
    let shares: Vec<_> = destinations.iter().map(|to| (to.to_string(), to.weight, to.total)).collect();
    let expected = [("outbound|80|v1|echo", 90), ("outbound|8080||other", 10)];
    let expected = expected.map(|(name, weight)| (format!("{name}.shop.svc.cluster.local"), weight, 100));
    assert_eq!(shares, expected);
    assert_eq!(route.cause.to_string(), "VirtualService shop/a spec.http[0]");
}

#[test]
fn the_first_route_whose_match_holds_takes_the_call() {
    let spec = "{hosts: [echo], http: [
        {match: [{uri: {prefix: /v2}, method: {exact: GET}}, {headers: {x-canary: {}}}], route: [{destination: {host: other}}]},
        {match: [{queryParams: {raw: {exact: '1'}}}], route: [{destination: {host: raw}}]},
        {match: [{withoutHeaders: {x-old: {exact: 'yes'}}}], redirect: {uri: /new}},
        {directResponse: {status: 404}}]}";
    let objects = [routes("shop", "a", "", spec)];
    let given = |path: &'static str, header: Option<(&str, &str)>| {
        let headers: Vec<_> =
            header.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        route(&objects, 80, &Call { path, headers: &headers, ..Call::default() })
    };
    assert_eq!(sent(&given("/v2/x?a=b", None)), outbound("other"));
    let by_header = given("/", Some(("x-canary", "")));
    assert_eq!(by_header.cause.to_string(), "VirtualService shop/a spec.http[0].match[1]");
    assert_eq!(sent(&given("/?raw=1", None)), outbound("raw"));
    assert_eq!(given("/", None).routing, Routing::Answered(Answer::Redirect));
    assert_eq!(given("/", Some(("x-old", "yes"))).routing, Routing::Answered(Answer::Direct(404)));
}

#[test]
fn a_call_that_no_route_takes_is_answered_with_404() {
    let spec =
        "{hosts: [echo], http: [{match: [{uri: {exact: /only}}], route: [{destination: {host: echo}}]}]}";
    let route = route(&[routes("shop", "a", "", spec)], 80, &Call::default());
    assert_eq!(route.routing, Routing::Unmatched);
    assert_eq!(route.cause.to_string(), "VirtualService shop/a spec.http");
}

#[test]
fn what_a_match_asks_of_the_client_is_settled_before() {
    let to_other = |matcher: &str| {
        let spec = format!(
            "{{hosts: [echo], http: [{{match: [{{{matcher}}}], route: [{{destination: {{host: other}}}}]}},
            {{route: [{{destination: {{host: echo}}}}]}}]}}"
        );
        plain(&[routes("shop", "a", "", &spec)]) == outbound("other")
    };
    for (matcher, holds) in [
        ("sourceLabels: {app: web}", true),
        ("sourceLabels: {app: till}", false),
        ("sourceLabels: {topology.istio.io/cluster: west}", true),
        ("sourceNamespace: web", true),
        ("sourceNamespace: shop", false),
        ("port: 80", true),
        ("port: 81", false),
        ("gateways: [mesh]", true),
        ("gateways: [istio-system/ingress]", false),
        // With gateways istiod leaves the labels aside.
        ("gateways: [mesh], sourceLabels: {app: till}", true),
    ] {
        assert_eq!(to_other(matcher), holds, "{matcher}");
    }
}

#[test]
fn the_labels_of_a_client_that_is_no_pod_are_unknown() {
    let spec = "{hosts: [echo], http: [{match: [{sourceLabels: {app: web}}], route: [{destination: {host: other}}]}]}";
    let mesh = mesh(&[("west", &world(&[routes("shop", "a", "", spec)]))]);
    let traffic = Traffic::new(&mesh);
    let view = traffic.view(0);
    let locality = mesh_model::Locality::of_node(&mesh_model::Labels::default());
    let client = view.client_at(locality, "web");
    let service = view.service_for(ECHO, "web").expect("the service is there");
    let route = view.route(&client, &service, 80, &Call::default());
    assert!(matches!(&route.routing, Routing::Unknown(why) if why.contains("app")), "{route:?}");
}

#[test]
fn an_authority_is_known_only_if_every_name_of_the_service_agrees() {
    let asked = |authority: &str, headers: &[(String, String)]| {
        let spec = format!(
            "{{hosts: [echo], http: [{{match: [{{authority: {authority}}}], route: [{{destination: {{host: other}}}}]}}]}}"
        );
        route(&[routes("shop", "a", "", &spec)], 80, &Call { headers, ..Call::default() }).routing
    };
    assert!(matches!(asked("{prefix: echo.shop}", &[]), Routing::To(_)));
    assert!(matches!(asked("{exact: echo.shop}", &[]), Routing::Unknown(_)));
    assert_eq!(asked("{exact: shop.example}", &[]), Routing::Unmatched);
    let host = [("host".to_owned(), "echo.shop".to_owned())];
    assert!(matches!(asked("{exact: echo.shop}", &host), Routing::To(_)));
}

#[test]
fn of_virtual_services_for_one_host_the_oldest_counts_whole() {
    let age = |time: &str| format!(", creationTimestamp: '2026-01-0{time}T00:00:00Z'");
    let spec =
        |host: &str| format!("{{hosts: [{ECHO}], http: {}}}", to(&format!("{host}.shop.svc.cluster.local")));
    let objects =
        [routes("shop", "young", &age("2"), &spec("raw")), routes("shop", "zold", &age("1"), &spec("other"))];
    assert_eq!(plain(&objects), outbound("other"));
    // A private one of the client's namespace is looked at before public ones.
    let private = routes("web", "mine", &age("3"), &format!("{{exportTo: ['.'], {}", &spec("raw")[1..]));
    assert_eq!(plain(&[objects[1].clone(), private]), outbound("raw"));
    // One without a route for the client leaves the host to the next.
    let not_mine = format!(
        "{{hosts: [{ECHO}], http: [{{match: [{{sourceNamespace: till}}], route: [{{destination: {{host: raw}}}}]}}]}}"
    );
    assert_eq!(plain(&[routes("shop", "first", &age("1"), &not_mine), objects[0].clone()]), outbound("raw"));
}

#[test]
fn a_name_wins_over_wildcards_and_of_those_the_longest() {
    let spec = |host: &str, target: &str| {
        format!("{{hosts: ['{host}'], http: {}}}", to(&format!("{target}.shop.svc.cluster.local")))
    };
    let wide = routes("web", "a", "", &spec("*.local", "raw"));
    let near = routes("web", "b", "", &spec("*.shop.svc.cluster.local", "other"));
    assert_eq!(plain(&[wide.clone(), near.clone()]), outbound("other"));
    assert_eq!(plain(&[wide, near, routes("shop", "c", "", &spec("echo", "echo"))]), outbound("echo"));
}

#[test]
fn what_is_not_exported_or_imported_or_for_sidecars_does_not_count() {
    let spec = |more: &str| format!("{{hosts: [echo], {more}http: {}}}", to("other"));
    for (more, counts) in [
        ("exportTo: ['.'], ", false),
        ("exportTo: [web], ", true),
        ("exportTo: ['~'], ", false),
        ("exportTo: ['*'], ", true),
        ("gateways: [istio-system/ingress], ", false),
        ("gateways: [mesh, istio-system/ingress], ", true),
    ] {
        assert_eq!(plain(&[routes("shop", "a", "", &spec(more))]) == outbound("other"), counts, "{more}");
    }
    let sidecar = |hosts: &str| {
        format!(
            "---\napiVersion: networking.istio.io/v1\nkind: Sidecar\nmetadata: {{name: default, namespace: web}}\nspec: {{egress: [{{hosts: [{hosts}]}}]}}\n"
        )
    };
    for (hosts, counts) in
        [("'shop/*'", true), ("'./*'", false), ("'shop/other.shop.svc.cluster.local'", false)]
    {
        let objects = [routes("shop", "a", "", &spec("")), sidecar(hosts)];
        assert_eq!(plain(&objects) == outbound("other"), counts, "{hosts}");
    }
}

#[test]
fn routes_of_a_delegate_stand_in_place_and_ask_no_more_than_the_root_allows() {
    let root = "{hosts: [echo], http: [{match: [{uri: {prefix: /api}}], delegate: {name: part}}, {route: [{destination: {host: echo}}]}]}";
    let part = "{http: [{match: [{uri: {prefix: /other}}], route: [{destination: {host: raw}}]},
        {match: [{uri: {prefix: /api/v2}}], route: [{destination: {host: other}}]},
        {match: [{method: {exact: GET}}], route: [{destination: {host: raw}}]}]}";
    let objects = [routes("shop", "root", "", root), routes("shop", "part", "", part)];
    let at = |path: &'static str| route(&objects, 80, &Call { path, ..Call::default() });
    assert_eq!(sent(&at("/api/v2/x")), outbound("other"));
    assert_eq!(
        sent(&at("/api")),
        outbound("raw"),
        "the prefix of the root holds for a route that names none"
    );
    assert_eq!(sent(&at("/other")), outbound("echo"), "a route beyond the prefix of the root is dropped");
    let by_part = at("/api/v2/x");
    assert_eq!(by_part.object.map(|object| object.to_string()), Some("VirtualService shop/root".to_owned()));
    assert_eq!(by_part.cause.to_string(), "VirtualService shop/part spec.http[1]");
    let hidden = routes("shop", "part", "", &part.replacen('{', "{exportTo: [till], ", 1));
    assert_eq!(
        sent(&route(&[objects[0].clone(), hidden], 80, &Call { path: "/api", ..Call::default() })),
        outbound("echo")
    );
}

#[test]
fn tcp_and_tls_ports_go_by_their_own_routes() {
    let spec = "{hosts: [echo], http: [{route: [{destination: {host: other}}]}],
        tcp: [{match: [{port: 9000, destinationSubnets: [10.9.0.0/16]}], route: [{destination: {host: other}}]},
              {match: [{port: 9000, destinationSubnets: [10.0.0.1]}], route: [{destination: {host: raw}}]}],
        tls: [{match: [{port: 443, sniHosts: ['*.local']}], route: [{destination: {host: raw, port: {number: 443}}}]},
              {match: [{port: 443, sniHosts: [echo.shop.svc.cluster.local]}], route: [{destination: {host: other, port: {number: 443}}}]}]}";
    let objects = [routes("shop", "a", "", spec)];
    let at = |port: u16| sent(&route(&objects, port, &Call::default()));
    assert_eq!(at(9000), outbound("raw"), "a host with one port is called on that port");
    assert_eq!(at(443), ["outbound|443||other.shop.svc.cluster.local"], "the nearest server name wins");
    let elsewhere = "{hosts: [echo], tls: [{match: [{port: 443, sniHosts: [x.example]}], route: [{destination: {host: raw}}]}]}";
    assert_eq!(
        route(&[routes("shop", "a", "", elsewhere)], 443, &Call::default()).routing,
        Routing::Unmatched
    );
}

#[test]
fn what_a_route_does_beside_sending_is_told() {
    let spec = "{hosts: [echo], http: [{route: [{destination: {host: echo}}], rewrite: {uri: /x},
        retries: {attempts: 3, retryRemoteLocalities: true}, fault: {abort: {httpStatus: 503, percentage: {value: 50}}}}]}";
    let route = route(&[routes("shop", "a", "", spec)], 80, &Call::default());
    assert_eq!(route.rewrite.map(|rewrite| rewrite.uri.to_string()), Some("/x".to_owned()));
    assert!(route.retries.is_some_and(|retries| retries.remote_localities && retries.attempts == 3));
    assert_eq!(route.aborts, 500_000);
}
