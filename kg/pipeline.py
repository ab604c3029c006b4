"""Documents through all rooms up to the gate: in several processes, in an order that does not depend on them."""

from __future__ import annotations

import multiprocessing
import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import islice, repeat
from pathlib import Path
from typing import NamedTuple

from kg import iri
from kg.complete import FIRST, Place
from kg.errors import DocumentError, Finding
from kg.matching import Aliases, Described, Match, groups, leads
from kg.mesh import MeshIndex, builtin
from kg.mesh.file import load
from kg.read.identifier import key
from kg.sources import Source
from kg.spool import Table
from kg.trial import Outcome, process

_BATCH = 16
_AHEAD = 3  # batches under way for each process


class Reading(NamedTuple):
    """How documents are read: with which MeSH (``mesh_path``: its file, for further processes), results too or not."""

    mesh: MeshIndex
    mesh_path: Path | None = None
    results: bool = False
    jobs: int = 1


def _batches(placed: Iterator[tuple[Source, Place]]) -> Iterator[list[tuple[Source, Place]]]:
    while batch := list(islice(placed, _BATCH)):
        yield batch


def _process_one(source: Source, index: MeshIndex, place: Place = FIRST, results: bool = False) -> Outcome:
    try:
        data = source.read()
    except DocumentError as error:
        return Outcome(name=source.name, finding=Finding(document=source.name, code=error.code, message=str(error)))
    return process(source.name, data, index, place, results=results)


@cache
def mesh_of(path: Path | None) -> MeshIndex:
    """The MeSH index in a file, or the built-in slice; opened once in each process."""
    return load(path) if path else builtin()


def _process_batch(batch: list[tuple[Source, Place]], mesh_path: Path | None, results: bool) -> list[Outcome]:
    return [_process_one(source, mesh_of(mesh_path), place, results) for source, place in batch]


def outcomes(
    found: Sequence[Source],
    reading: Reading,
    places: Iterable[Place] | None = None,
) -> Iterator[Outcome]:
    """The outcome of each source, in order, by as many processes as ``reading`` says; the order and the outcomes do not depend on them.

    ``places`` are those of the sources among the documents of their trials; without it each is the first of its trial.
    The processes keep a few batches ahead of who takes the outcomes, not more: memory does not grow with the sources.
    """
    placed = zip(found, repeat(FIRST) if places is None else places, strict=False)
    jobs = reading.jobs
    if jobs <= 1 or len(found) <= _BATCH:
        for source, place in placed:
            yield _process_one(source, reading.mesh, place, reading.results)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        rest = _batches(placed)
        work = partial(_process_batch, mesh_path=reading.mesh_path, results=reading.results)
        under_way = deque(pool.submit(work, batch) for batch in islice(rest, _AHEAD * jobs))
        try:
            while under_way:
                done = under_way.popleft().result()
                under_way.extend(pool.submit(work, batch) for batch in islice(rest, 1))
                yield from done
        finally:
            pool.shutdown(cancel_futures=True)


def settled(found: Sequence[Source], reading: Reading) -> Iterator[Outcome]:
    """Outcomes in which the parts of a trial's second document have IRIs of their own, and copies are left out.

    Documents that do not name their trial by the best-known register come after those that do, for these may lead to
    it. Pages of an archive come last: which of a trial's descriptions is the newest is known when all have been seen.
    """
    aliases = Aliases()
    waiting: dict[Described, str] = {}
    documents = Table()
    archived: dict[str, list[tuple[str, str, str]]] = {}
    trials = _Count()
    later: dict[str, int] = {}
    for number, outcome in enumerate(outcomes(found, reading)):
        if outcome.finding is None:
            digest, name = bytes.fromhex(outcome.sha256), os.fsencode(outcome.name)
            if not documents.add(digest, name):
                yield copy_of(outcome, os.fsdecode(documents.get(digest) or b""))
                continue
            if outcome.version:
                later[outcome.name] = number
                archived.setdefault(outcome.trial, []).append((outcome.version, outcome.sha256, outcome.name))
                continue
            described = Described(outcome.name, tuple(outcome.identifiers))
            if not leads(outcome.identifiers):
                waiting[described] = outcome.trial
                later[outcome.name] = number
                continue
            aliases.learn(described)
            if before := trials.one_more(outcome.trial):
                outcome = _process_one(found[number], reading.mesh, Place(before), reading.results)
        yield outcome
    places: dict[str, Place] = {}
    matches: dict[str, Match | None] = {}
    for described, trial, match in groups(waiting, aliases):
        own = iri.trial(key(trial)) if trial else waiting[described]
        places[described.name], matches[described.name] = Place(trials.one_more(own), trial=trial), match
    for trial, pages in sorted(archived.items()):
        places.update(versions(sorted(pages), trials.one_more(trial)))
    for outcome in outcomes([found[later[name]] for name in places], reading, places.values()):
        outcome.match = matches.get(outcome.name)
        yield outcome


class _Count:
    """How often each of very many names was met."""

    def __init__(self) -> None:
        self._met = Table()

    def one_more(self, name: str) -> int:
        """Count a name; how often it was met before."""
        key = name.encode()
        if self._met.add(key, b"1"):
            return 0
        before = int(self._met.get(key) or b"0")
        self._met.put(key, b"%d" % (before + 1))
        return before


def copy_of(outcome: Outcome, other: str) -> Outcome:
    """The outcome of a document that has the same bytes as another, which was read."""
    message = f"is the same as {other}, byte for byte; it was read once"
    return Outcome(
        name=outcome.name,
        sha256=outcome.sha256,
        finding=Finding(document=outcome.name, code="copy", message=message),
    )


def versions(pages: list[tuple[str, str, str]], among: int) -> Iterator[tuple[str, Place]]:
    """The places of the pages of one trial (date, SHA-256 and name, sorted): the newest is the trial, the others are its versions."""
    names = [date if n == 0 or pages[n - 1][0] != date else f"{date}.{n}" for n, (date, _, _) in enumerate(pages)]
    for n, (_, _, name) in enumerate(pages):
        revises = pages[n - 1][1][:16] if n else ""
        if n + 1 == len(pages):
            yield name, Place(among, "", revises, tuple(names[:-1]))
        else:
            yield name, Place(0, names[n], revises)
