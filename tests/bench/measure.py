"""Times of whole commands: wall clock, CPU of the process and its children, peak memory; medians of some runs."""

import os
import statistics
import subprocess
import time


class Figure:
    """Medians of one command: seconds, CPU seconds, peak resident MB."""

    def __init__(self, wall, cpu, memory):
        self.wall, self.cpu, self.memory = wall, cpu, memory

    def __str__(self):
        return f"{self.wall:.3f} s, {self.cpu:.3f} s CPU, {self.memory:.0f} MB"


def run(command, env=None, allowed=(0,)):
    """One run. The exit code must be one of allowed: a command that fails early would look fast."""
    started = time.monotonic()
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, env=env)
    stderr = child.stderr.read()
    _, status, usage = os.wait4(child.pid, 0)
    wall = time.monotonic() - started
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode not in allowed:
        raise SystemExit(f"{' '.join(command)} ended with {child.returncode}: {stderr.decode(errors='replace')[-800:]}")
    return wall, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def figures(commands, runs, env=None):
    """Runs the commands in turn, so that a disturbance of the machine meets all of them; {name: Figure}."""
    samples = {name: [] for name in commands}
    for _ in range(runs):
        for name, (command, allowed) in commands.items():
            samples[name].append(run(command, env, allowed))
    return {name: Figure(*(statistics.median(column) for column in zip(*rows))) for name, rows in samples.items()}
