"""Timed child processes: wall time and peak memory of each."""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

# Linux counts in KiB, macOS in bytes.
RSS_UNIT = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: seconds of wall time, peak resident memory in MB (10^6 bytes), exit code."""

    seconds: float
    peak_mb: float
    code: int


def run_once(argv: Sequence[str], cwd: Path, env: dict[str, str]) -> Sample:
    """Run a command to its end, its output thrown away.

    The child's peak includes what this process had when it forked, so this process stays small.
    """
    start = time.perf_counter()
    process = subprocess.Popen(
        argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    return Sample(seconds, usage.ru_maxrss * RSS_UNIT / 1e6, process.returncode)


def own_peak() -> float:
    """This process's own peak memory in MB, below which nothing can be told of a child."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT / 1e6


def interleaved(
    commands: Mapping[str, Sequence[str]], rounds: int, cwd: Path, env: dict[str, str]
) -> dict[str, list[Sample]]:
    """Every command ``rounds`` times, in turns, so that a slow moment of the machine meets all of them.

    A round before these is not counted: it fills the caches of bytecode and disk.
    """
    samples: dict[str, list[Sample]] = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, argv in commands.items():
            sample = run_once(argv, cwd, env)
            if number:
                samples[name].append(sample)
    return samples


def median_seconds(samples: Sequence[Sample]) -> float:
    """The median wall time."""
    return statistics.median(sample.seconds for sample in samples)


def median_peak(samples: Sequence[Sample]) -> float:
    """The median peak memory in MB."""
    return statistics.median(sample.peak_mb for sample in samples)


def codes(samples: Sequence[Sample]) -> set[int]:
    """The exit codes that occurred."""
    return {sample.code for sample in samples}
