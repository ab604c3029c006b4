"""What a build reports: what became of every document, and what the graph holds."""

from __future__ import annotations

from collections import Counter

import msgspec

from kg.errors import Finding
from kg.gate import Violation
from kg.matching import Match
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

    def add_up(self) -> None:
        """Fill ``counts`` and ``readers`` from the documents that were read for this report."""
        read = [d for d in self.documents if not d.set_aside and d.change not in ("unchanged", "removed")]
        counts: Counter[str] = Counter()
        for one in read:
            counts.update(one.counts)
        self.counts, self.readers = dict(sorted(counts.items())), dict(sorted(Counter(d.layout for d in read).items()))


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
