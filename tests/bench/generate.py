"""Objects of a generated mesh for benches: the same for the same arguments.

Per namespace: 5 Services, DestinationRules, VirtualServices and EndpointSlices, 15 Pods, and the Namespace
itself; beside them 20 nodes and the system namespace.
"""

import json
import pathlib

PER_SERVICE = 3
SERVICES = 5
NODES = 20


def objects_of(namespace):
    """All objects of one namespace, as dictionaries, without the Namespace itself."""
    number = int(namespace.rsplit("-", 1)[1])
    for index in range(SERVICES):
        name = f"svc-{index}"
        labels = {"app": name}
        meta = {"name": name, "namespace": namespace}
        yield {
            "apiVersion": "v1", "kind": "Service", "metadata": {**meta, "labels": labels},
            "spec": {"selector": labels, "ports": [
                {"name": "http", "port": 8080, "targetPort": 8080}, {"name": "tcp-metrics", "port": 9090}]},
        }
        yield {
            "apiVersion": "networking.istio.io/v1", "kind": "DestinationRule", "metadata": meta,
            "spec": {
                "host": f"{name}.{namespace}.svc.cluster.local",
                "trafficPolicy": {
                    "loadBalancer": {"localityLbSetting": {"failover": [{"from": "region-a", "to": "region-b"}]}},
                    "outlierDetection": {"consecutive5xxErrors": 5, "interval": "10s", "maxEjectionPercent": 100},
                },
                "subsets": [{"name": "v1", "labels": {"version": "v1"}}],
            },
        }
        yield {
            "apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": meta,
            "spec": {
                "hosts": [f"{name}.{namespace}.svc.cluster.local"],
                "http": [{"route": [{"destination": {
                    "host": f"{name}.{namespace}.svc.cluster.local", "subset": "v1"}}]}],
            },
        }
        pods = [f"{name}-{copy}" for copy in range(PER_SERVICE)]
        nodes = [f"node-{(number + index + copy) % NODES}" for copy in range(PER_SERVICE)]
        address = [f"10.{number // 250}.{number % 250}.{index * PER_SERVICE + copy + 1}" for copy in range(PER_SERVICE)]
        yield {
            "apiVersion": "discovery.k8s.io/v1", "kind": "EndpointSlice", "addressType": "IPv4",
            "metadata": {**meta, "labels": {"kubernetes.io/service-name": name}},
            "ports": [{"name": "http", "port": 8080, "protocol": "TCP"}],
            "endpoints": [
                {"addresses": [address[copy]], "conditions": {"ready": True}, "nodeName": nodes[copy],
                 "targetRef": {"kind": "Pod", "name": pods[copy], "namespace": namespace}}
                for copy in range(PER_SERVICE)
            ],
        }
        for copy in range(PER_SERVICE):
            yield {
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": pods[copy], "namespace": namespace, "labels": {**labels, "version": "v1"}},
                "spec": {"nodeName": nodes[copy], "serviceAccountName": "default", "containers": [
                    {"name": "app", "image": "example.com/app:1", "ports": [{"containerPort": 8080}],
                     "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}}}]},
                "status": {"phase": "Running", "podIP": address[copy]},
            }


def frame():
    """The system namespace and the nodes."""
    yield {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "istio-system"}}
    for index in range(NODES):
        labels = {"topology.kubernetes.io/region": "region-a", "topology.kubernetes.io/zone": f"region-a-{index % 3}"}
        yield {"apiVersion": "v1", "kind": "Node", "metadata": {"name": f"node-{index}", "labels": labels}}


def namespaces(count):
    """Names of the namespaces."""
    return [f"ns-{index}" for index in range(count)]


def tree(directory, count, form):
    """Writes one file per namespace below directory; returns (objects, bytes)."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True)
    total = size = 0
    groups = [("frame", list(frame()))]
    for name in namespaces(count):
        own = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {"istio-injection": "enabled"}}}
        groups.append((name, [own, *objects_of(name)]))
    for name, items in groups:
        if form == "yaml":
            text = "---\n".join(to_yaml(item) for item in items)
        else:
            text = json.dumps({"apiVersion": "v1", "kind": "List", "items": items}, separators=(",", ":"))
        (directory / f"{name}.{form}").write_text(text)
        total, size = total + len(items), size + len(text)
    return total, size


def to_yaml(value, indent=""):
    """Block style, as people and kubectl write it. Knows only what the objects above hold."""
    lines = []
    for key, item in value.items():
        if isinstance(item, dict):
            lines.append(f"{indent}{key}:\n{to_yaml(item, indent + '  ')}")
        elif isinstance(item, list):
            lines.append(f"{indent}{key}:\n")
            for entry in item:
                if isinstance(entry, dict):
                    block = to_yaml(entry, indent + "  ")
                    lines.append(f"{indent}- {block[len(indent) + 2:]}")
                else:
                    lines.append(f"{indent}- {scalar(entry)}\n")
        else:
            lines.append(f"{indent}{key}: {scalar(item)}\n")
    return "".join(lines)


def scalar(value):
    return json.dumps(value) if not isinstance(value, str) or ":" in value else value
