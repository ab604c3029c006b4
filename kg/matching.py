"""Which documents describe one trial: told by the registry identifiers that they share, never by a title.

A document that gives a ClinicalTrials.gov number names its trial. What such documents list beside it (EudraCT and EU CT
numbers, ISRCTN and other registers' numbers, numbers of cooperative groups) leads others to the same trial.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator

import msgspec

from kg.read import identifier
from kg.spool import Table

_LEADING = "NCT"
_SEVERAL = b""


class Match(msgspec.Struct, frozen=True):
    """Why a document belongs to a trial: the identifier that it shares, with which document, and how sure that is.

    ``score``: 1 for the number of a register, 0.9 for that of a cooperative group, which numbers protocols.
    """

    identifier: str
    document: str
    score: float

    def line(self) -> str:
        """One line for people."""
        return f"shares {self.identifier} with {self.document}"


class Described(msgspec.Struct, frozen=True, order=True):
    """A document with the registry identifiers that it gives for its trial, in normal form, the best-known first."""

    name: str
    identifiers: tuple[str, ...]


def leads(identifiers: Iterable[str]) -> bool:
    """Whether identifiers name a trial without the help of other documents."""
    return any(one.startswith(_LEADING) for one in identifiers)


def score(shared: str) -> float:
    """How sure a match by an identifier is."""
    return 0.9 if identifier.registry(shared) == "cooperative group" else 1.0


class Aliases:
    """What documents that name their trial list beside its name: other identifier -> trial and document."""

    def __init__(self) -> None:
        self._known = Table()

    def learn(self, one: Described) -> None:
        """Take in a document that names its trial. An identifier that two trials list leads to none."""
        leading = next(i for i in one.identifiers if i.startswith(_LEADING))
        for other in one.identifiers:
            if other == leading:
                continue
            if not self._known.add(other.encode(), msgspec.msgpack.encode((leading, one.name))):
                known = self._of(other)
                if known is not None and known[0] != leading:
                    self._known.put(other.encode(), _SEVERAL)

    def _of(self, other: str) -> tuple[str, str] | None:
        """The trial and the document that an identifier leads to."""
        found = self._known.get(other.encode())
        return msgspec.msgpack.decode(found, type=tuple[str, str]) if found else None

    def trial(self, one: Described) -> tuple[str, Match] | None:
        """The trial that a document's identifiers lead to, with the reason; None when they lead to none or to several."""
        found = {hit[0]: (shared, hit[1]) for shared in one.identifiers if (hit := self._of(shared))}
        if len(found) != 1:
            return None
        ((leading, (shared, document)),) = found.items()
        return leading, Match(shared, document, score(shared))


def groups(documents: Iterable[Described], aliases: Aliases) -> Iterator[tuple[Described, str, Match | None]]:
    """Documents that do not name their trial, each with its trial's identifier and the reason, in order of their names.

    Those that share an identifier among themselves describe one trial, known by the best-known identifier of all.
    """
    rest: list[Described] = []
    for one in sorted(documents):
        if hit := aliases.trial(one):
            yield one, hit[0], hit[1]
        else:
            rest.append(one)
    parent = {one.name: one.name for one in rest}

    def root(name: str) -> str:
        while parent[name] != name:
            parent[name] = parent[parent[name]]
            name = parent[name]
        return name

    first: dict[str, str] = {}
    reason: dict[str, Match] = {}
    members: dict[str, list[Described]] = defaultdict(list)
    for one in rest:
        for shared in one.identifiers:
            other = first.setdefault(shared, one.name)
            if other != one.name:
                parent[root(one.name)] = root(other)
                reason.setdefault(one.name, Match(shared, other, score(shared)))
    for one in rest:
        members[root(one.name)].append(one)
    for together in members.values():
        best = min((i for one in together for i in one.identifiers), key=lambda i: (identifier.rank(i), i), default="")
        for one in together:
            yield one, best, reason.get(one.name)
