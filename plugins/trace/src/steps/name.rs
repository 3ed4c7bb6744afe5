//! NAME: what the application's resolver says.

use mesh_model::row::ServiceType;
use mesh_model::{Kind, path};
use mesh_traffic::Cause;

use crate::hop::{Hop, Step};
use crate::known::lost;
use crate::question::Asked;

/// The DNS of the client's cluster knows its Services; the sidecar knows all that its istiod tells it, where it
/// answers DNS (`istio: pkg/dns/client`).
pub(crate) fn hop(asked: &Asked<'_, '_, '_>) -> Hop {
    let host = asked.question.host;
    let cluster = &asked.mesh().clusters()[asked.client.cluster];
    let known = asked.mesh().host(host);
    let services = known.map(|host| host.services.as_slice()).unwrap_or_default();
    let own = services.iter().find(|at| at.cluster as usize == asked.client.cluster);
    if let Some(row) = own.map(|at| at.row(asked.mesh())) {
        let answer = match (&row.fact.service_type, row.fact.cluster_ips.first()) {
            (ServiceType::ExternalName, _) => "another name".to_owned(),
            (_, Some(address)) => address.to_string(),
            (_, None) => "the addresses of its pods".to_owned(),
        };
        let what = format!("{host} -> {answer}, Service in {}", cluster.name);
        return Hop::ok(Step::Name, what, Cause::field(&row.obj, path!["spec"]));
    }
    let hop = match (captures(asked), asked.view.service_for(host, &asked.client.namespace)) {
        (true, Some(service)) => {
            let object = service.services.first().map(|(_, row)| &row.obj);
            let object = object.or_else(|| service.entries.first().map(|row| &row.obj));
            let cause = object.map_or(Cause::Default("the sidecar answers DNS"), |object| {
                Cause::field(object, path!["spec"])
            });
            Hop::ok(Step::Name, format!("{host} -> answered by the sidecar"), cause)
        }
        (false, Some(service)) if !service.is_kubernetes() => {
            let what = format!("{host} -> what the DNS outside says");
            Hop::unknown(Step::Name, what, Cause::Default("no Service, and the sidecar does not answer DNS"))
        }
        _ => {
            let what = format!("{host} has no Service in {}, and its DNS does not know it", cluster.name);
            Hop::fail(Step::Name, what, Cause::Default("no Service in the client's cluster"))
        }
    };
    let lost = lost(asked.mesh(), [asked.client.cluster], &[Kind::Service]);
    match lost {
        Some(lost) => Hop::unknown(Step::Name, lost, hop.cause),
        None => hop,
    }
}

/// The sidecar answers DNS: by the environment of the pod, else by the mesh config.
fn captures(asked: &Asked<'_, '_, '_>) -> bool {
    let mut proxies = asked.client.pod.iter().flat_map(|pod| &pod.fact.containers);
    let own = proxies.find_map(|container| container.env.get("ISTIO_META_DNS_CAPTURE"));
    own.map_or_else(|| asked.view.mesh_config().0.dns_capture, |text| text == "true")
}
