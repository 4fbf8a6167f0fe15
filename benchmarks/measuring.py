"""Time contenders in one process: in turns, in random order, with pauses that are not measured."""

from __future__ import annotations

import os
import random
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Call = Callable[[], Any]
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
STATISTICS: dict[str, Callable[[list[float]], float]] = {
    "median": statistics.median,
    "minimum": min,
}


@dataclass(frozen=True)
class Protocol:
    """How to measure.

    Attributes:
        rounds: visits to each contender.
        visit: seconds of timed calls in a visit.
        warm_up: seconds of calls before them; another library's threads, which spin for a
            while after their work, sleep by then.
        sample: seconds of one sample, at least; short calls are timed several at a time.
        threads: how many threads the libraries use.
        clock: wall, or cpu (the process's own time, for a machine that others use too).
        statistic: of all samples, median or minimum.
    """

    rounds: int = 7
    visit: float = 0.05
    warm_up: float = 0.025
    sample: float = 2e-4
    threads: int = 1
    clock: str = "wall"
    statistic: str = "median"


@dataclass
class Timing:
    """The samples of one contender, in seconds a call.

    Attributes:
        clean: those of visits in which no other process got in the way.
        disturbed: the others, used where no visit was clean.
    """

    clean: list[float] = field(default_factory=list)
    disturbed: list[float] = field(default_factory=list)

    @property
    def samples(self) -> list[float]:
        """Return the samples that count."""
        return self.clean or self.disturbed


def measure(calls: Mapping[str, Call], protocol: Protocol) -> dict[str, Timing]:
    """Return the samples of each call, which take turns in random order."""
    shuffled = random.Random(0)
    timings = {name: Timing() for name in calls}
    for _ in range(protocol.rounds):
        order = list(calls)
        shuffled.shuffle(order)
        for name in order:
            samples, clean = visit(calls[name], protocol)
            (timings[name].clean if clean else timings[name].disturbed).extend(samples)
    return timings


def visit(call: Call, protocol: Protocol) -> tuple[list[float], bool]:
    """Return the samples of one visit, and whether the processors were its own."""
    clock = CLOCKS[protocol.clock]
    repeats = warm_up(call, protocol)
    watch = Watch(protocol)
    samples: list[float] = []
    end = time.perf_counter() + protocol.visit
    while not samples or time.perf_counter() < end:
        start = clock()
        for _ in range(repeats):
            call()
        samples.append((clock() - start) / repeats)
    return samples, watch.clean()


def warm_up(call: Call, protocol: Protocol) -> int:
    """Call for a while, and return how many calls make a sample."""
    start = time.perf_counter()
    end = start + protocol.warm_up
    count = 0
    fastest = float("inf")
    while count < 2 or time.perf_counter() < end:
        before = time.perf_counter()
        call()
        fastest = min(fastest, time.perf_counter() - before)
        count += 1
        if count == 1 and fastest > 4 * protocol.warm_up:
            break  # a long call warms up by itself
    return max(1, round(protocol.sample / max(fastest, 1e-9)))


class Watch:
    """Watch over a stretch of time whether other processes take the processors away."""

    def __init__(self, protocol: Protocol) -> None:
        self.threads, self.by_cpu = protocol.threads, protocol.clock == "cpu"
        self.wall, self.own, self.busy = time.perf_counter(), time.process_time(), busy_seconds()

    def clean(self) -> bool:
        """Was the process alone on as many processors as it has threads?

        One thread must have run for 96 % of the time. With more of them, which wait for each
        other, what others used beyond the spare processors must stay within 8 % and the 12 ms
        that the system's counters are coarse by.
        """
        if self.by_cpu:
            return True
        wall = time.perf_counter() - self.wall
        own = time.process_time() - self.own
        if self.threads == 1:
            return own >= 0.96 * wall
        busy = busy_seconds()
        if busy is None or self.busy is None:
            return True
        spare = max(0, (os.cpu_count() or 1) - self.threads)
        return busy - self.busy - own <= (spare + 0.08) * wall + 0.012


def busy_seconds() -> float | None:
    """Return the processor time that all processes together have used, where Linux tells."""
    try:
        with open("/proc/stat") as file:
            numbers = [int(part) for part in file.readline().split()[1:]]
    except (OSError, ValueError):
        return None
    user, nice, system, _, _, interrupt, soft = numbers[:7]
    return (user + nice + system + interrupt + soft) / os.sysconf("SC_CLK_TCK")
