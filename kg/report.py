"""What a build reports: what became of every document, and what the graph holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec

from kg.errors import Finding
from kg.gate import Violation
from kg.matching import Match
from kg.spool import Rows, Table
from kg.trial import Outcome


class DocumentReport(msgspec.Struct, kw_only=True):
    """What became of one document in a build: its trial and layout, or why it was set aside.

    ``change``: in an update, "unchanged", "added", "replaced" or "removed".
    """

    document: str
    trial: str = ""
    layout: str = ""
    sha256: str = ""
    counts: dict[str, int] = {}
    warnings: list[Violation] = []
    set_aside: Finding | None = None
    violations: list[Violation] = []
    match: Match | None = None
    change: str = ""


class Documents:
    """The reports on documents in the order in which they came: a list that is only added to, and is not held in memory."""

    def __init__(self) -> None:
        self._rows = Rows()
        self._aside = Rows()

    def append(self, one: DocumentReport) -> None:
        """Add the report on a document."""
        self._rows.append(msgspec.msgpack.encode(one))
        if one.set_aside:
            self._aside.append(msgspec.msgpack.encode(one.set_aside))

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[DocumentReport]:
        return (msgspec.msgpack.decode(row, type=DocumentReport) for row in self._rows)

    def set_aside(self) -> Iterator[Finding]:
        """Why documents were set aside."""
        return (msgspec.msgpack.decode(row, type=Finding) for row in self._aside)


class BuildReport:
    """What a build did. ``statements`` counts those written.

    ``counts`` and ``readers`` are of the documents that were read for this report; ``joined`` counts those that belong to a trial by an
    identifier that others share, ``changes`` those that an update changed, and how.
    """

    def __init__(self, out: str, mesh: str = "") -> None:
        self.out = out
        self.mesh = mesh
        self.trials = 0
        self.statements = 0
        self.documents = Documents()
        self.joined = 0
        self.aside = 0
        self._counts: Counter[str] = Counter()
        self._readers: Counter[str] = Counter()
        self._changes: Counter[str] = Counter()
        self._trials = Table()

    @property
    def counts(self) -> dict[str, int]:
        """Nodes of each class, over all trials."""
        return dict(sorted(self._counts.items()))

    @property
    def readers(self) -> dict[str, int]:
        """Documents by layout."""
        return dict(sorted(self._readers.items()))

    @property
    def changes(self) -> dict[str, int]:
        """Documents by what an update did with them."""
        return dict(sorted(self._changes.items()))

    @property
    def set_aside(self) -> list[Finding]:
        """The documents that were set aside, each with its reason."""
        return list(self.documents.set_aside())

    @property
    def link_rate(self) -> float:
        """The part of conditions and interventions that have a link to MeSH."""
        return self.counts.get("linked", 0) / max(1, self.counts.get("linkable", 0))

    def add(self, one: DocumentReport) -> None:
        """Take in what became of a document; the sums follow. ``trials`` counts those that documents described so far."""
        self.documents.append(one)
        self.joined += one.match is not None
        self.aside += one.set_aside is not None
        if one.change:
            self._changes[one.change] += 1
        if one.set_aside is None and one.change not in ("unchanged", "removed"):
            self._counts.update(one.counts)
            self._readers[one.layout] += 1
        if one.trial and one.set_aside is None:
            self._trials.add(one.trial.encode())
            self.trials = len(self._trials)

    def json(self) -> Iterator[bytes]:
        """The report as JSON, piece by piece: the sums, then each document on a line of its own."""
        sums: dict[str, Any] = {
            "out": self.out,
            "trials": self.trials,
            "statements": self.statements,
            "counts": self.counts,
        }
        sums |= {"readers": self.readers, "mesh": self.mesh}
        head = msgspec.json.format(msgspec.json.encode(sums), indent=1)
        yield head.removesuffix(b"\n}") + b',\n "documents": ['
        for number, one in enumerate(self.documents):
            yield (b",\n  " if number else b"\n  ") + msgspec.json.encode(one)
        yield b"\n ]\n}\n"


def of_outcome(outcome: Outcome) -> DocumentReport:
    """The report on the document of an outcome."""
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
