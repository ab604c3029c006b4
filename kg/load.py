"""A graph into a running triple store, through SPARQL 1.1 Update: graph by graph, counted afterwards.

What a store has whole already is passed over, so that a load that was broken off goes on where it was: there is no state beside the
store's own. Some stores load a part of what they were sent and answer that all is well; the count tells.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pyoxigraph as ox

from kg import graphs
from kg.errors import TrialKGError, UsageError
from kg.graphs import EndpointGraph, formats, web_address

_BATCH = 4_000
_COUNTED = 100


class Loaded(msgspec.Struct):
    """What a load did: statements sent, statements of graphs that were there whole already, and graphs in all."""

    sent: int
    there: int
    graphs: int


def load(
    source: str | Path,
    endpoint: str,
    *,
    update: str = "",
    user: tuple[str, str] | None = None,
    timeout: float = 120.0,
    progress: Callable[[int, int], None] | None = None,
) -> Loaded:
    """Send a file (.ttl, .nt, .nq, .jsonld; .gz too) or a store folder to a store whose queries go to ``endpoint``.

    ``update`` is the address for updates; unless given it is guessed (``/query`` becomes ``/update``). ``user``: name and password, for
    stores that ask for them (basic or digest). What has no graph goes to the store's own default graph. Raises UsageError for a wrong file
    or address, and TrialKGError when the store refuses, or counts other statements than were sent.
    """
    path = Path(source)
    store = EndpointGraph(endpoint, int(timeout))
    expected: Counter[str] = Counter(quad_graph for quad_graph, _ in _statements(path))
    if not expected:
        raise UsageError(f"{path}: holds no statements")
    before = _counts(store, expected)
    whole = {name for name, count in expected.items() if name and before[name] == count}
    total = sum(expected.values())
    done = there = sum(expected[name] for name in whole)
    sent = 0
    with _Updates(update or _guessed(endpoint), user, timeout) as updates:
        batch: list[tuple[str, str]] = []
        for one in _statements(path):
            if one[0] in whole:
                continue
            batch.append(one)
            if len(batch) >= _BATCH:
                sent += updates.insert(batch)
                done += len(batch)
                batch = []
                if progress:
                    progress(done, total)
        sent += updates.insert(batch)
    after = _counts(store, expected)
    wrong = [n for n, count in expected.items() if (after[n] != count if n else after[n] < count)]
    if wrong:
        name = wrong[0] or "the default graph"
        raise TrialKGError(
            f"{endpoint}: has {after[wrong[0]]} statements in {name}, {expected[wrong[0]]} were sent "
            f"({len(wrong)} of {len(expected)} graphs differ); empty them and load again"
        )
    return Loaded(sent=sent, there=there, graphs=len(expected))


def _statements(path: Path) -> Iterator[tuple[str, str]]:
    """The graph ("" for none) and the N-Triples text of each statement."""
    for quad in _quads(path):
        graph = quad.graph_name.value if isinstance(quad.graph_name, ox.NamedNode) else ""
        yield graph, f"{quad.triple} ."


def _quads(path: Path) -> Iterator[ox.Quad]:
    if path.is_dir():
        yield from graphs.opened(path)
        return
    form, opened = formats(path)
    try:
        with opened as file:
            yield from ox.parse(file, format=form)
    except (OSError, SyntaxError, EOFError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error


def _guessed(endpoint: str) -> str:
    base = endpoint.rstrip("/")
    return f"{base.removesuffix('/query')}/update" if base.endswith("/query") else base


def _counts(store: EndpointGraph, expected: Counter[str]) -> Counter[str]:
    """How many statements a store has in each graph."""
    found: Counter[str] = Counter()
    names = sorted(name for name in expected if name)
    for start in range(0, len(names), _COUNTED):
        listed = " ".join(str(ox.NamedNode(name)) for name in names[start : start + _COUNTED])
        query = f"SELECT ?g (COUNT(*) AS ?n) WHERE {{ VALUES ?g {{ {listed} }} GRAPH ?g {{ ?s ?p ?o }} }} GROUP BY ?g"
        for graph, number in store.select(query).rows:
            if graph and number:
                found[graph.value] = int(number.value)
    if "" in expected:
        (row,) = store.select("SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }").rows
        found[""] = int(row[0].value) if row[0] else 0
    return found


class _Updates:
    """Where updates go."""

    def __init__(self, address: str, user: tuple[str, str] | None, timeout: float) -> None:
        import httpx

        self._address = web_address(address)
        self._errors = httpx.HTTPError
        self._client = httpx.Client(timeout=timeout, follow_redirects=False)
        self._auth: list[Any] = [None]
        if user:
            self._auth = [httpx.BasicAuth(*user), httpx.DigestAuth(*user)]

    def __enter__(self) -> _Updates:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def insert(self, batch: list[tuple[str, str]]) -> int:
        """Insert statements, all of a batch or none. Raises TrialKGError when the store refuses."""
        if not batch:
            return 0
        parts = []
        for graph, group in groupby(sorted(batch), key=lambda one: one[0]):
            inner = "\n".join(text for _, text in group)
            parts.append(f"GRAPH {ox.NamedNode(graph)} {{ {inner} }}" if graph else inner)
        data = f"INSERT DATA {{ {' '.join(parts)} }}".encode()
        reason = ""
        for auth in self._auth:
            try:
                response = self._client.post(
                    self._address, content=data, headers={"Content-Type": "application/sparql-update"}, auth=auth
                )
            except self._errors as error:
                raise TrialKGError(f"{self._address}: did not answer: {error or type(error).__name__}") from error
            if response.is_success:
                return len(batch)
            reason = f"HTTP {response.status_code}: {' '.join(response.text[:200].split())}"
            if response.status_code != 401:
                break
        raise TrialKGError(
            f"{self._address}: refused the update ({reason}); what was sent stays, the same command goes on"
        )
