"""Readers of a server: fifty at once for a minute, and what they wait while runaway queries are ended beside them.

    python benchmarks/serve.py GRAPH [SECONDS]

GRAPH is a file or a store folder. Prints how many answers were given, how many failed, and the median, 95th and 99th percentile of
the waiting time, first without and then with one runaway query after another.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

PORT, READERS = 8766, 50
ADDRESS = f"http://127.0.0.1:{PORT}"
RUNAWAY = "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
PATHS = [
    "/query/combine?a=imatinib&b=surgery&format=json",
    "/query/condition?condition=neoplasms&format=csv",
    "/sparql?query=SELECT+(COUNT(*)+AS+?n)+{+?t+a+tk:Trial+}",
    "/query/dosing?drug=imatinib&format=json",
]


@contextmanager
def server(graph: str) -> Iterator[None]:
    command = [sys.executable, "-m", "kg", "serve", graph, "--port", str(PORT), "--timeout", "3"]
    process = subprocess.Popen(command)
    try:
        for _ in range(600):
            try:
                httpx.get(f"{ADDRESS}/health", timeout=5)
                break
            except httpx.HTTPError:
                time.sleep(0.1)
        yield
    finally:
        process.terminate()
        process.wait()


def read(seconds: float, waits: list[float], failed: list[str]) -> None:
    """One reader: one question after the other."""
    until = time.monotonic() + seconds
    with httpx.Client(timeout=60) as client:
        n = 0
        while time.monotonic() < until:
            begun = time.monotonic()
            path = PATHS[n % len(PATHS)]
            n += 1
            try:
                got = client.get(ADDRESS + path)
                if got.status_code != 200:
                    failed.append(f"{got.status_code} {path}")
            except httpx.HTTPError as error:
                failed.append(repr(error))
            waits.append(time.monotonic() - begun)


def runaway(seconds: float, ends: list[float]) -> None:
    """One runaway query after the other."""
    until = time.monotonic() + seconds
    with httpx.Client(timeout=60) as client:
        while time.monotonic() < until:
            begun = time.monotonic()
            client.post(f"{ADDRESS}/sparql", data={"query": RUNAWAY})
            ends.append(time.monotonic() - begun)


def main(graph: str, seconds: float) -> None:
    with server(graph):
        for beside in (False, True):
            waits: list[float] = []
            failed: list[str] = []
            ends: list[float] = []
            threads = [threading.Thread(target=read, args=(seconds, waits, failed)) for _ in range(READERS)]
            if beside:
                threads.append(threading.Thread(target=runaway, args=(seconds, ends)))
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            cuts = statistics.quantiles(waits, n=100)
            told = (
                f", beside {len(ends)} runaway queries that took at most {max(ends):.2f} s (limit 3 s)" if ends else ""
            )
            print(
                f"{READERS} readers, {seconds:g} s: {len(waits)} answers, {len(failed)} failed; waited {cuts[49] * 1000:.0f} ms (median),"
                f" {cuts[94] * 1000:.0f} ms (p95), {cuts[98] * 1000:.0f} ms (p99){told}"
            )
            print("\n".join(sorted(set(failed))[:5]), end="")


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]) if len(sys.argv) > 2 else 60)
