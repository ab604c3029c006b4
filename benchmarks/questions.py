"""How long each question takes on a store, with the example of its parameters: python benchmarks/questions.py STORE [SECONDS]

Each runs in a process of its own, which is stopped after SECONDS (20): pyoxigraph cannot cancel a query.
"""

from __future__ import annotations

import multiprocessing
import sys
import time

from kg.graphs import open_graph
from kg.questions import bind, questions


def run(store: str, name: str) -> None:
    """Ask one question and say how long it took."""
    graph = open_graph(store=store)
    question = questions()[name]
    start = time.perf_counter()
    given = {k: p.example for k, p in question.parameters.items() if not p.optional}
    sparql, _ = bind(question, given, graph)
    bound = time.perf_counter()
    rows = graph.select(sparql).rows
    print(
        f"{name:22} {bound - start:7.3f} s to resolve {time.perf_counter() - bound:8.3f} s to answer {len(rows):8} rows",
        flush=True,
    )


def main() -> None:
    store = sys.argv[1]
    limit = float(sys.argv[2]) if len(sys.argv) > 2 else 20.0
    for name in questions():
        process = multiprocessing.get_context("spawn").Process(target=run, args=(store, name))
        process.start()
        process.join(limit)
        if process.is_alive():
            process.kill()
            process.join()
            print(f"{name:22} stopped after {limit:.0f} s")


if __name__ == "__main__":
    main()
