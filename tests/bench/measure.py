"""Times of whole commands: wall clock, CPU of the process and its children, peak memory; medians of some runs.

Each command is started by a small process of its own (this file, run as a program): the peak memory of a child
begins with that of the process it was forked from, and a bench that holds a generated mesh is large.
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time


class Figure:
    """Medians of one command: seconds, CPU seconds, peak resident MB."""

    def __init__(self, wall, cpu, memory):
        self.wall, self.cpu, self.memory = wall, cpu, memory

    def __str__(self):
        return f"{self.wall:.3f} s, {self.cpu:.3f} s CPU, {self.memory:.0f} MB"


def run(command, env=None, allowed=(0,)):
    """One run. The exit code must be one of allowed: a command that fails early would look fast."""
    starter = [sys.executable, "-S", "-E", os.path.abspath(__file__), *command]
    result = subprocess.run(starter, env=env, capture_output=True, check=True)
    figures = json.loads(result.stdout)
    if figures["code"] not in allowed:
        told = result.stderr.decode(errors="replace")[-800:]
        raise SystemExit(f"{' '.join(command)} ended with {figures['code']}: {told}")
    return figures["wall"], figures["cpu"], figures["memory"]


def figures(commands, runs, env=None):
    """Runs the commands in turn, so that a disturbance of the machine meets all of them; {name: Figure}."""
    samples = {name: [] for name in commands}
    for _ in range(runs):
        for name, (command, allowed) in commands.items():
            samples[name].append(run(command, env, allowed))
    return {name: Figure(*(statistics.median(column) for column in zip(*rows))) for name, rows in samples.items()}


def main():
    started = time.monotonic()
    code = subprocess.call(sys.argv[1:], stdout=subprocess.DEVNULL)
    wall = time.monotonic() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(json.dumps({
        "code": code, "wall": wall, "cpu": usage.ru_utime + usage.ru_stime, "memory": usage.ru_maxrss / 1024}))


if __name__ == "__main__":
    main()
