#!/usr/bin/env python3
"""`check` on a live cluster against `istioctl analyze` and against the bare lists, in one run.

Runs inside a lab of its own, since it fills a cluster:
    cargo xtask lab up west && cargo xtask lab shell -- tests/bench/live.py --mesh BINARY [--namespaces 200]
Prints Markdown rows for docs/performance.md.
"""

import argparse
import concurrent.futures
import http.client
import json
import os
import re
import ssl
import statistics
import subprocess
import threading
import time
import urllib.parse

import generate
import measure

PATHS = {
    "Service": "/api/v1/namespaces/{}/services",
    "Pod": "/api/v1/namespaces/{}/pods",
    "EndpointSlice": "/apis/discovery.k8s.io/v1/namespaces/{}/endpointslices",
    "DestinationRule": "/apis/networking.istio.io/v1/namespaces/{}/destinationrules",
    "VirtualService": "/apis/networking.istio.io/v1/namespaces/{}/virtualservices",
}
NETWORKING = "/apis/networking.istio.io/v1"
WEBHOOKS = "/apis/admissionregistration.k8s.io/v1"
# The lists of a `check` without options.
LISTS = [
    "/api/v1/namespaces", "/api/v1/nodes", "/api/v1/services", "/api/v1/pods",
    "/api/v1/namespaces/istio-system/configmaps", "/api/v1/namespaces/istio-system/secrets", "/apis/apps/v1/deployments",
    "/apis/discovery.k8s.io/v1/endpointslices", f"{WEBHOOKS}/mutatingwebhookconfigurations",
    f"{WEBHOOKS}/validatingwebhookconfigurations",
    *(f"{NETWORKING}/{kind}" for kind in ("destinationrules", "virtualservices", "serviceentries", "gateways", "sidecars")),
]
PARALLEL = 4
PAGE = 500


class Server:
    """One API server, with a kept-alive connection per thread."""

    def __init__(self, context):
        text = subprocess.run(
            ["kubectl", "config", "view", "--raw", "--minify", "--context", context, "-o", "json"],
            check=True, capture_output=True, text=True).stdout
        config = json.loads(text)
        self.address = urllib.parse.urlparse(config["clusters"][0]["cluster"]["server"])
        self.token = config["users"][0]["user"]["token"]
        # The bench measures time; who the server is was settled by whoever started the lab.
        self.tls = ssl._create_unverified_context()
        self.local = threading.local()

    def call(self, method, path, body=None):
        """(status, body) of one request."""
        if not hasattr(self.local, "connection"):
            self.local.connection = http.client.HTTPSConnection(
                self.address.hostname, self.address.port, context=self.tls)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json",
                   "Accept": "application/json"}
        self.local.connection.request(method, path, json.dumps(body) if body else None, headers)
        answer = self.local.connection.getresponse()
        return answer.status, answer.read()

    def fill(self, count):
        """Creates the objects of `count` generated namespaces."""
        def create(path, item):
            status, body = self.call("POST", path, item)
            if status not in (201, 409):
                raise SystemExit(f"POST {path}: {status} {body[:300]}")
        def whole(name):
            for item in generate.objects_of(name):
                create(PATHS[item["kind"]].format(name), item)
        names = generate.namespaces(count)
        # Created one after the other: their service accounts must be there before their pods.
        for name in names:
            create("/api/v1/namespaces", {"metadata": {"name": name}})
            create(f"/api/v1/namespaces/{name}/serviceaccounts", {"metadata": {"name": "default"}})
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(whole, names))

    def lists(self):
        """Seconds that the bare lists take, `PARALLEL` at a time, in pages of `PAGE`."""
        def pages(path):
            token = ""
            while True:
                status, body = self.call("GET", f"{path}?limit={PAGE}{token}")
                if status != 200:
                    raise SystemExit(f"GET {path}: {status}")
                found = re.search(rb'"continue":"([^"]+)"', body[:2000])
                if not found:
                    return
                token = "&continue=" + urllib.parse.quote(found.group(1).decode())
        started = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(PARALLEL) as pool:
            list(pool.map(pages, LISTS))
        return time.monotonic() - started


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--mesh", required=True, help="kubectl-mesh binary")
    options.add_argument("--context", default="west")
    options.add_argument("--namespaces", type=int, default=200)
    options.add_argument("--runs", type=int, default=7)
    given = options.parse_args()
    server = Server(given.context)
    server.fill(given.namespaces)
    commands = {
        "istioctl analyze": (["istioctl", "--context", given.context, "analyze", "-A"], (0, 79)),
        "kubectl mesh check": ([given.mesh, "check", "--contexts", given.context], (0, 1)),
        # The least a live run reads: Namespaces, and the ConfigMaps and Deployments of the control plane.
        "kubectl mesh check --select MESH003":
            ([given.mesh, "check", "--contexts", given.context, "--select", "MESH003"], (0, 1)),
        "kubectl mesh --help": ([given.mesh, "--help"], (0,)),
    }
    bare = []
    samples = {name: [] for name in commands}
    for _ in range(given.runs):
        bare.append(server.lists())
        for name, (command, allowed) in commands.items():
            samples[name].append(measure.run(command, os.environ, allowed))
    lists = statistics.median(bare)
    result = {name: measure.Figure(*map(statistics.median, zip(*rows))) for name, rows in samples.items()}
    base = result["istioctl analyze"]
    print("| command | figures | wall of the bare lists | of istioctl: CPU, memory |\n|---|---|---|---|")
    print(f"| the bare lists, {PARALLEL} at a time | {lists:.3f} s | 1 | |")
    for name, figure in result.items():
        ratios = f"{figure.cpu / base.cpu:.3f}, {figure.memory / base.memory:.3f}"
        print(f"| {name} | {figure} | {figure.wall / lists:.2f} | {ratios} |")


if __name__ == "__main__":
    main()
