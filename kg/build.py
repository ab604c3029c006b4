"""Building a graph: documents in, one validated graph out, nothing lost on the way."""

from __future__ import annotations

import multiprocessing
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from itertools import islice
from pathlib import Path

import msgspec

from kg import iri, output, sources, vocabulary
from kg.complete import FIRST, Place
from kg.errors import DocumentError, Finding, UsageError
from kg.gate import Violation
from kg.matching import Aliases, Described, Match, groups, leads
from kg.mesh import MeshIndex, builtin
from kg.mesh.file import load
from kg.read.identifier import key
from kg.sources import Source
from kg.trial import Outcome, process

_BATCH = 16
_AHEAD = 3  # batches under way for each process


class DocumentReport(msgspec.Struct, kw_only=True):
    """What became of one document in a build: its trial and layout, or why it was set aside."""

    document: str
    trial: str = ""
    layout: str = ""
    sha256: str = ""
    counts: dict[str, int] = {}
    warnings: list[Violation] = []
    set_aside: Finding | None = None
    violations: list[Violation] = []
    match: Match | None = None


class BuildReport(msgspec.Struct, kw_only=True):
    """What a build did. ``statements`` counts those written; ``counts`` nodes of each class over all trials."""

    out: str
    trials: int = 0
    statements: int = 0
    documents: list[DocumentReport] = []
    counts: dict[str, int] = {}
    readers: dict[str, int] = {}
    mesh: str = ""

    @property
    def set_aside(self) -> list[Finding]:
        """The documents that were set aside, each with its reason."""
        return [d.set_aside for d in self.documents if d.set_aside]

    @property
    def link_rate(self) -> float:
        """The part of conditions and interventions that have a link to MeSH."""
        return self.counts.get("linked", 0) / max(1, self.counts.get("linkable", 0))


def _batches(found: list[Source], places: list[Place]) -> Iterator[list[tuple[Source, Place]]]:
    for start in range(0, len(found), _BATCH):
        yield list(zip(found[start : start + _BATCH], places[start : start + _BATCH], strict=True))


def _process_one(source: Source, index: MeshIndex, place: Place = FIRST) -> Outcome:
    try:
        data = source.read()
    except DocumentError as error:
        return Outcome(name=source.name, finding=Finding(document=source.name, code=error.code, message=str(error)))
    return process(source.name, data, index, place)


@cache
def _index(path: Path | None) -> MeshIndex:
    return load(path) if path else builtin()


def _process_batch(batch: list[tuple[Source, Place]], mesh_path: Path | None) -> list[Outcome]:
    return [_process_one(source, _index(mesh_path), place) for source, place in batch]


def outcomes(
    found: list[Source],
    index: MeshIndex,
    jobs: int = 1,
    mesh_path: Path | None = None,
    places: list[Place] | None = None,
) -> Iterator[Outcome]:
    """The outcome of each source, in order, by ``jobs`` processes; the order and the outcomes do not depend on them.

    ``places`` are those of the sources among the documents of their trials; without it each is the first of its trial.
    The processes keep a few batches ahead of who takes the outcomes, not more: memory does not grow with the sources.
    """
    places = places or [FIRST] * len(found)
    if jobs <= 1 or len(found) <= _BATCH:
        for source, place in zip(found, places, strict=True):
            yield _process_one(source, index, place)
        return
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        rest = _batches(found, places)
        work = partial(_process_batch, mesh_path=mesh_path)
        under_way = deque(pool.submit(work, batch) for batch in islice(rest, _AHEAD * jobs))
        try:
            while under_way:
                done = under_way.popleft().result()
                under_way.extend(pool.submit(work, batch) for batch in islice(rest, 1))
                yield from done
        finally:
            pool.shutdown(cancel_futures=True)


def _settled(found: list[Source], index: MeshIndex, jobs: int, mesh_path: Path | None) -> Iterator[Outcome]:
    """Outcomes in which the parts of a trial's second document have IRIs of their own, and copies are left out.

    Documents that do not name their trial by the best-known register come after those that do, for these may lead to
    it. Pages of an archive come last: which of a trial's descriptions is the newest is known when all have been seen.
    """
    aliases = Aliases()
    waiting: dict[Described, str] = {}
    documents: dict[str, str] = {}
    archived: dict[str, list[tuple[str, str, str]]] = {}
    trials: Counter[str] = Counter()
    by_name = {source.name: source for source in found}
    for outcome in outcomes(found, index, jobs, mesh_path):
        if outcome.finding is None and outcome.sha256 in documents:
            message = f"is the same as {documents[outcome.sha256]}, byte for byte; it was read once"
            yield Outcome(
                name=outcome.name,
                sha256=outcome.sha256,
                finding=Finding(document=outcome.name, code="copy", message=message),
            )
            continue
        if outcome.finding is None:
            documents[outcome.sha256] = outcome.name
            if outcome.version:
                archived.setdefault(outcome.trial, []).append((outcome.version, outcome.sha256, outcome.name))
                continue
            described = Described(outcome.name, tuple(outcome.identifiers))
            if not leads(outcome.identifiers):
                waiting[described] = outcome.trial
                continue
            aliases.learn(described)
            before = trials[outcome.trial]
            trials[outcome.trial] += 1
            if before:
                outcome = _process_one(by_name[outcome.name], index, Place(before))
        yield outcome
    places: dict[str, Place] = {}
    matches: dict[str, Match | None] = {}
    for described, trial, match in groups(waiting, aliases):
        own = iri.trial(key(trial)) if trial else waiting[described]
        places[described.name], matches[described.name] = Place(trials[own], trial=trial), match
        trials[own] += 1
    for trial, pages in sorted(archived.items()):
        places.update(_versions(sorted(pages), trials[trial]))
    for outcome in outcomes([by_name[name] for name in places], index, jobs, mesh_path, list(places.values())):
        outcome.match = matches.get(outcome.name)
        yield outcome


def _versions(pages: list[tuple[str, str, str]], among: int) -> Iterator[tuple[str, Place]]:
    """The pages of one trial (date, SHA-256 and name, sorted): the newest is the trial, the others are its versions."""
    names = [date if n == 0 or pages[n - 1][0] != date else f"{date}.{n}" for n, (date, _, _) in enumerate(pages)]
    for n, (_, _, name) in enumerate(pages):
        revises = pages[n - 1][1][:16] if n else ""
        if n + 1 == len(pages):
            yield name, Place(among, "", revises, tuple(names[:-1]))
        else:
            yield name, Place(0, names[n], revises)


def build(
    paths: Iterable[str | Path],
    out: str | Path,
    *,
    index: MeshIndex | None = None,
    mesh_path: Path | None = None,
    jobs: int = 1,
    with_mesh: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> BuildReport:
    """Read documents (files, folders, zips) and write the graph to ``out``, whose suffix gives the form.

    A document that cannot be used is set aside with its reason, in the report, and the rest goes on. ``with_mesh`` adds
    the MeSH concepts in use, with what lies above them. MeSH is the ``index``, or the file ``mesh_path`` (which further
    processes open too), or the built-in slice. ``progress`` is called with documents done and in all.
    The output takes its place only when it is whole. Raises UsageError when a path or the form of ``out`` is wrong.
    """
    out_text = str(out)
    form = output.form_of(out_text)
    found = sources.find([Path(p) for p in paths])
    if not found:
        raise UsageError("there are no documents under the given paths")
    mesh = index or _index(mesh_path)
    report = BuildReport(out=out_text, mesh=mesh.version)
    counts: Counter[str] = Counter()
    readers: Counter[str] = Counter()
    concepts: set[str] = set()
    target = Path(out_text)
    place = target.with_name(f".{target.name}.nq") if form == "store" else target
    try:
        with output.beside(place) as file:
            writer = output.Writer(file, form)
            for done, outcome in enumerate(_settled(found, mesh, jobs, mesh_path), 1):
                report.documents.append(_document_report(outcome))
                if outcome.finding is None:
                    writer.add(outcome)
                    counts.update(outcome.counts)
                    readers[outcome.layout] += 1
                    concepts.update(outcome.concepts)
                if progress:
                    progress(done, len(found))
            writer.end(vocabulary.statements(concepts, mesh) if with_mesh else [])
            report.statements = writer.statements
        if form == "store":
            output.write_store(place, target)
    finally:
        if form == "store":
            place.unlink(missing_ok=True)
    report.trials = len({d.trial for d in report.documents if d.trial and not d.set_aside})
    report.counts, report.readers = dict(sorted(counts.items())), dict(sorted(readers.items()))
    return report


def _document_report(outcome: Outcome) -> DocumentReport:
    return DocumentReport(
        document=outcome.name,
        trial=outcome.trial.removeprefix("trial/"),
        layout=outcome.layout,
        sha256=outcome.sha256,
        counts=outcome.counts,
        warnings=outcome.warnings,
        set_aside=outcome.finding,
        violations=outcome.violations,
        match=outcome.match,
    )
