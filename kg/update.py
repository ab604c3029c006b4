"""Changing a store: only what is new or different is read, and each trial changes in one step.

A document whose bytes are in the store is left alone. Another takes the place of the one that had its name, or of the
register's former record of the same trial. What was built first keeps its IRIs, as it does in a build.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from kg import iri, manifest, sources
from kg.build import Progress
from kg.complete import Place
from kg.errors import DocumentError, Finding, UsageError
from kg.lock import locked
from kg.matching import Aliases, Described, Match, groups, leads
from kg.mesh import MeshIndex
from kg.pipeline import Reading, copy_of, mesh_of, outcomes, versions
from kg.read.identifier import key, registered
from kg.report import BuildReport, DocumentReport, of_outcome
from kg.sources import Source
from kg.store import Kept, Made, Store
from kg.trial import Outcome

_RECORDS = ("ctgov-v2", "ctgov-xml", "aact")


def update(
    paths: Iterable[str | Path],
    folder: str | Path,
    *,
    index: MeshIndex | None = None,
    mesh_path: Path | None = None,
    jobs: int = 1,
    with_mesh: bool = True,
    results: bool = False,
    remove_gone: bool = False,
    progress: Progress | None = None,
) -> BuildReport:
    """Bring a store up to date with documents (files, folders, zips), which may be all or only some of its documents.

    Documents that the store has and the paths have not stay in it, unless ``remove_gone`` says that they shall go. The report
    tells of each document of the paths, and of those removed, what changed; its ``counts`` are those of what was read anew.
    Killed at any moment, the store has of each trial the old description or the new one, and the next update goes on.
    Raises UsageError when there is no store, when it is in use, or when it was made with another version, MeSH or choices.
    """
    found = sources.find([Path(p) for p in paths])
    if not found:
        raise UsageError("there are no documents under the given paths")
    reading = Reading(index or mesh_of(mesh_path), mesh_path, results, jobs)
    report = BuildReport(out=str(folder), mesh=reading.mesh.version)
    with locked(Path(folder)):
        store = Store(Path(folder))
        store.check(Made(reading.mesh.version, results, with_mesh))
        shelf = _Shelf(store, found)
        for done, one in enumerate(shelf.bring_in(reading), 1):
            report.add(one)
            if progress:
                progress(min(done, len(found)), len(found))
        if remove_gone:
            for gone in shelf.remove_gone():
                report.add(gone)
        store.tidy(reading.mesh if with_mesh else None)
        report.trials = shelf.trials()
        report.statements = len(store)
        told = manifest.of_build(report, choices={"results": results, "with_mesh": with_mesh}, files=[])
        manifest.write(told, Path(folder))
    return report


def _of_kept(kept: Kept, name: str, change: str) -> DocumentReport:
    trial = iri.local(kept.trial).removeprefix("trial/")
    return DocumentReport(document=name, trial=trial, layout=kept.layout, sha256=kept.sha256, change=change)


class _Shelf:
    """The documents of a store by their trials, while it is brought up to date."""

    def __init__(self, store: Store, found: Sequence[Source]) -> None:
        self._store = store
        self._kept = store.documents()
        self._by_trial: dict[str, list[Kept]] = defaultdict(list)
        for kept in self._kept:
            self._by_trial[kept.trial].append(kept)
        known = {kept.sha256: kept for kept in self._kept}
        self._present: set[str] = set()
        self._new: list[Source] = []
        self._same: list[tuple[Source, Kept]] = []
        self._replaced: set[str] = set()
        for source in found:
            try:
                digest = hashlib.sha256(source.read()).hexdigest()
            except DocumentError:
                digest = ""  # reading it again says what is wrong
            if digest in known:
                self._present.add(digest)
                self._same.append((source, known[digest]))
            else:
                self._new.append(source)

    def trials(self) -> int:
        """How many trials are described."""
        return sum(1 for documents in self._by_trial.values() if documents)

    def bring_in(self, reading: Reading) -> Iterator[DocumentReport]:
        """Read what is new and put it in its place; what became of each document."""
        for source, kept in self._same:
            yield _of_kept(kept, source.name, "unchanged")
        aliases, trial_of = self._known_identifiers()
        waiting: dict[Described, str] = {}
        archived: dict[str, list[Outcome]] = defaultdict(list)
        read: dict[str, str] = {}
        by_name = {source.name: source for source in self._new}
        later: dict[str, tuple[Place, str]] = {}
        matches: dict[str, Match | None] = {}
        for outcome in outcomes(self._new, reading):
            if outcome.finding is not None:
                yield of_outcome(outcome)
            elif outcome.sha256 in read:
                yield of_outcome(copy_of(outcome, read[outcome.sha256]))
            elif outcome.version:
                archived[outcome.trial].append(outcome)
            elif not leads(outcome.identifiers):
                waiting[Described(outcome.name, tuple(outcome.identifiers))] = outcome.trial
            else:
                aliases.learn(Described(outcome.name, tuple(outcome.identifiers)))
                place = self._place(outcome, outcome.trial)
                if place.among == 0:
                    yield self._put(outcome)
                else:
                    later[outcome.name] = place, outcome.trial
            read.setdefault(outcome.sha256, outcome.name)
        for described, best, match in groups(waiting, aliases):
            stored = next((trial_of[i] for i in described.identifiers if i in trial_of), "")
            own = stored if stored and match is None else iri.trial(key(best)) if best else waiting[described]
            later[described.name] = Place(trial=own.removeprefix("trial/")), own
            matches[described.name] = match
        for name, (place, trial) in later.items():
            (outcome,) = outcomes([by_name[name]], reading, [place])
            if outcome.finding is None and (seat := self._place(outcome, trial)).among != place.among:
                (outcome,) = outcomes([by_name[name]], reading, [Place(seat.among, trial=place.trial)])
            outcome.match = matches.get(name)
            yield self._put(outcome) if outcome.finding is None else of_outcome(outcome)
        for trial, pages in sorted(archived.items()):
            yield from self._put_pages(trial, pages, reading, by_name)

    def _known_identifiers(self) -> tuple[Aliases, dict[str, str]]:
        """What leads to the trials of the store: by way of documents that name their trial, and for the others."""
        aliases = Aliases()
        trial_of: dict[str, str] = {}
        for kept in self._kept:
            identifiers = registered(kept.identifiers)
            if leads(identifiers):
                aliases.learn(Described(kept.name, tuple(identifiers)))
            else:
                trial_of |= dict.fromkeys(identifiers, iri.local(kept.trial))
        return aliases, trial_of

    def _former(self, outcome: Outcome, trial: str) -> list[Kept]:
        """The documents whose place a new one takes: of its name, or the register's record of the trial."""
        record = outcome.layout.endswith("-record") or outcome.layout in _RECORDS
        return [
            kept
            for kept in self._by_trial[iri.absolute(trial)]
            if kept.sha256 not in self._present
            and not kept.archived
            and (kept.name == outcome.name or (record and kept.layout == outcome.layout))
        ]

    def _place(self, outcome: Outcome, trial: str) -> Place:
        former = self._former(outcome, trial)
        rest = [kept for kept in self._by_trial[iri.absolute(trial)] if kept not in former]
        return Place(1 if any(self._store.is_first(kept) for kept in rest) else 0)

    def _put(self, outcome: Outcome) -> DocumentReport:
        former = self._former(outcome, outcome.trial)
        self._store.change([kept.graph for kept in former], [outcome])
        self._shelve(outcome, former)
        report = of_outcome(outcome)
        report.change = "replaced" if former else "added"
        return report

    def _shelve(self, outcome: Outcome, former: list[Kept]) -> None:
        self._replaced.update(kept.graph for kept in former)
        trial = iri.absolute(outcome.trial)
        one = Kept(
            outcome.graph,
            trial,
            outcome.name,
            outcome.sha256,
            outcome.layout,
            tuple(outcome.identifiers),
            bool(outcome.version),
        )
        self._by_trial[trial] = [kept for kept in self._by_trial[trial] if kept not in former] + [one]
        self._present.add(outcome.sha256)

    def _put_pages(
        self, trial: str, pages: list[Outcome], reading: Reading, by_name: dict[str, Source]
    ) -> Iterator[DocumentReport]:
        """Pages of an archive: which is the newest decides what the others are, so all of a trial are read together."""
        former = [kept for kept in self._by_trial[iri.absolute(trial)] if kept.archived]
        given = {kept.sha256: source for source, kept in self._same}
        missing = [kept.name for kept in former if kept.sha256 not in given]
        if missing:
            for outcome in pages:
                message = f"is one of several dates of its trial; give the others too, such as {missing[0]}"
                finding = Finding(document=outcome.name, code="archive-alone", message=message)
                yield of_outcome(Outcome(name=outcome.name, sha256=outcome.sha256, finding=finding))
            return
        sources_of = [given[kept.sha256] for kept in former]
        named = by_name | {source.name: source for source in sources_of}
        pages = [*pages, *(o for o in outcomes(sources_of, reading) if o.finding is None)]
        rest = [kept for kept in self._by_trial[iri.absolute(trial)] if not kept.archived]
        first = 1 if any(self._store.is_first(kept) for kept in rest) else 0
        places = dict(versions(sorted((o.version, o.sha256, o.name) for o in pages), first))
        made = list(outcomes([named[name] for name in places], reading, list(places.values())))
        whole = [outcome for outcome in made if outcome.finding is None]
        self._store.change([kept.graph for kept in former], whole)
        for number, outcome in enumerate(whole):
            self._shelve(outcome, former if number == 0 else [])
        for outcome in made:
            if outcome.name in by_name:
                report = of_outcome(outcome)
                report.change = "" if outcome.finding else "added"
                yield report

    def remove_gone(self) -> list[DocumentReport]:
        """Take away the documents that are not there any more."""
        removed = []
        for kept in self._kept:
            if kept.sha256 in self._present or kept.graph in self._replaced:
                continue
            self._store.change([kept.graph], [])
            self._by_trial[kept.trial] = [one for one in self._by_trial[kept.trial] if one != kept]
            removed.append(_of_kept(kept, kept.name, "removed"))
        return removed
