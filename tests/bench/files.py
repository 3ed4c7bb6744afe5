#!/usr/bin/env python3
"""`check -f` against `istioctl analyze` over the same generated trees, in one run.

Needs the lab's istioctl (`cargo xtask lab build`) and the dist binary (`cargo xtask dist`):
    tests/bench/files.py --mesh BINARY --istioctl BINARY [--runs 5] [--namespaces 50,200,1000]
Prints Markdown rows for docs/performance.md.
"""

import argparse
import pathlib
import tempfile

import generate
import measure


def main():
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--mesh", required=True, help="kubectl-mesh binary")
    options.add_argument("--istioctl", required=True, help="istioctl binary")
    options.add_argument("--runs", type=int, default=5)
    options.add_argument("--namespaces", default="50,200,1000")
    given = options.parse_args()
    print("| namespaces | objects, size | command | figures | of istioctl: wall, CPU, memory |\n|---|---|---|---|---|")
    for count in map(int, given.namespaces.split(",")):
        with tempfile.TemporaryDirectory() as directory:
            yaml, js = pathlib.Path(directory, "yaml"), pathlib.Path(directory, "json")
            objects, size = generate.tree(yaml, count, "yaml")
            generate.tree(js, count, "json")
            # 0 and 1: both tools may have findings; istioctl tells findings by 79.
            commands = {
                "istioctl analyze, YAML": ([given.istioctl, "analyze", "--use-kube=false", str(yaml)], (0, 79)),
                "kubectl mesh check, YAML": ([given.mesh, "check", "-f", f"west={yaml}"], (0, 1)),
                "kubectl mesh check, JSON": ([given.mesh, "check", "-f", f"west={js}"], (0, 1)),
            }
            result = measure.figures(commands, given.runs)
            base = result["istioctl analyze, YAML"]
            for name, figure in result.items():
                ratios = f"{figure.wall / base.wall:.3f}, {figure.cpu / base.cpu:.3f}, {figure.memory / base.memory:.3f}"
                print(f"| {count} | {objects}, {size / 1e6:.1f} MB | {name} | {figure} | {ratios} |")


if __name__ == "__main__":
    main()
