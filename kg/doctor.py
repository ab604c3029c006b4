"""Looking over an output: does it open, is it whole, is it what its manifest says, does it conform; and what to do where not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import pyoxigraph as ox

from kg import __version__, iri, manifest
from kg.errors import TrialKGError
from kg.gate import failures, validate
from kg.graphs import Graph, open_graph
from kg.store import leftovers

_TRIALS = f"SELECT ?t WHERE {{ ?t a <{iri.TK}Trial> }} ORDER BY ?t"
_EVIDENCE, _DOCUMENT = f"{iri.TK}evidence", f"{iri.TK}document"
_COUNT = "SELECT (COUNT(*) AS ?n) WHERE { ?s ?p ?o }"
_MADE = f"SELECT ?p ?o WHERE {{ GRAPH <{iri.DATASET_GRAPH}> {{ <{iri.BASE}dataset> ?p ?o }} }}"


class Check(NamedTuple):
    """What was looked at: fine, odd or wrong; what was found; what to do ("" where nothing)."""

    state: Literal["fine", "odd", "wrong"]
    what: str
    advice: str = ""


def examine(path: Path, *, sample: int = 50) -> Iterator[Check]:
    """Look over a file of statements or a store: each check as it is made. ``sample``: how many trials are validated.

    It changes nothing. Raises UsageError when there is nothing at the path.
    """
    yield from _left(path)
    try:
        graph = open_graph([path])
    except TrialKGError as error:
        if not path.exists():
            raise
        yield Check("wrong", str(error), "build it again; what it was made of is in its manifest")
        return
    yield Check("fine", "it opens")
    counted = _number(graph, _COUNT)
    yield from _as_told(path, graph, counted)
    trials = [row[0].value for row in graph.select(_TRIALS).rows if row[0]]
    if not trials:
        yield Check("odd", f"{counted} statements and no trial", "is it a graph of trialkg?")
        return
    yield Check("fine", f"{len(trials)} trials, {counted} statements")
    yield from _validated(graph, trials, sample)


def _number(graph: Graph, query: str) -> int:
    (row,) = graph.select(query).rows
    return int(row[0].value) if row[0] else 0


def _left(path: Path) -> Iterator[Check]:
    for left in leftovers(path):
        yield Check("odd", f"{left.name} was left by a build that was ended", "the next build of it takes that away")


def _as_told(path: Path, graph: Graph, counted: int) -> Iterator[Check]:
    """What the manifest, and a store itself, say."""
    try:
        told = manifest.read(path)
    except TrialKGError as error:
        yield Check("wrong", str(error), "build it again")
        told = None
    else:
        if told is None:
            yield Check("odd", "there is no manifest beside it", "it was copied without, or made by other means")
    if told is not None:
        yield _version(told.software)
        for file in told.files:
            if manifest.sha256(path) == file.sha256:
                yield Check("fine", "its bytes are those that were written")
            else:
                yield Check(
                    "wrong", "its bytes are not those of its manifest", "it was changed, or cut off: build it again"
                )
    if path.is_dir():
        own = {p.value.rsplit("#", 1)[-1]: o.value for p, o in graph.select(_MADE).rows if p and o}
        if told is None:
            yield _version(own.get("softwareVersion", "an unknown version"))
        if own.get("triples", "") == str(counted):
            yield Check("fine", "it has as many statements as it says")
        else:
            yield Check(
                "wrong",
                f"it has {counted} statements and says {own.get('triples', 'nothing')}",
                "run: trialkg build --update",
            )


def _version(made: str) -> Check:
    if made == __version__:
        return Check("fine", f"it was made by this version, {made}")
    return Check(
        "odd", f"it was made by version {made}, this is {__version__}", "it can be asked; to change it, build it again"
    )


def _about(graph: Graph, trial: str) -> bytes:
    """What is said of a trial, its parts and what these point to, as N-Triples: what the gate saw of it."""
    lines: set[str] = set()
    waiting, seen = {trial}, {trial}
    while waiting:
        values = " ".join(str(ox.NamedNode(one)) for one in sorted(waiting))
        waiting = set()
        text = graph.construct(f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ VALUES ?s {{ {values} }} ?s ?p ?o }}")
        for line, quad in zip(text.splitlines(), ox.parse(text.encode(), format=ox.RdfFormat.N_TRIPLES), strict=True):
            subject, predicate = str(quad.subject.value), quad.predicate.value
            is_own = subject == trial or subject.startswith(f"{trial}/")
            if predicate == _EVIDENCE and not is_own:
                continue  # of a drug or condition: that of all trials
            lines.add(line)
            value = quad.object.value if isinstance(quad.object, ox.NamedNode) else ""
            if value.startswith(iri.BASE) and (is_own or predicate == _DOCUMENT) and value not in seen:
                seen.add(value)
                waiting.add(value)
    return "\n".join(sorted(lines)).encode()


def _validated(graph: Graph, trials: list[str], sample: int) -> Iterator[Check]:
    """The shapes over a sample of the trials, spread evenly."""
    step = max(1, len(trials) // max(1, sample))
    chosen = trials[::step][:sample]
    wrong = [trial for trial in chosen if failures(validate(_about(graph, trial)))]
    if wrong:
        names = ", ".join(trial.removeprefix(f"{iri.BASE}trial/") for trial in wrong[:5])
        yield Check("wrong", f"{len(wrong)} of {len(chosen)} trials do not conform: {names}", "run: trialkg validate")
    else:
        yield Check("fine", f"{len(chosen)} trials were validated and conform")
