"""What every node of a record is: an IRI, its classes, and the words of a document that it came from."""

from __future__ import annotations

from typing import Literal

import msgspec

from kg.document import Quote


class Part(msgspec.Struct, kw_only=True, omit_defaults=True, rename="camel"):
    """Base of all nodes. ``id`` is an IRI (relative to the base) once the record is complete."""

    id: str = ""
    type: list[str] = []


class Evidence(Part):
    """The span of a document that a node came from, and the properties of that node that it states."""

    document: str = ""
    start: int | None = None
    end: int | None = None
    quote: str = ""
    supports: list[str] = []


#: How far back what is said again is looked for, so that a page of any length is read in linear time. What was said
#: further back is said twice, which is the same once in the graph.
RECENT = 256


class Node(Part):
    """A node with evidence. ``inferred``: the text implies it but does not state it."""

    label: str = ""
    evidence: list[Evidence] = []
    inferred: bool = False

    def cite(self, *quotes: Quote, supports: list[str] | None = None) -> None:
        """Add the quotations as evidence, for the properties ``supports`` (names of fields in camel case)."""
        for quote in quotes:
            if not quote:
                continue
            for known in self.evidence[-RECENT:]:
                if (known.start, known.end) == (quote.start, quote.end):
                    known.supports = sorted({*known.supports, *(supports or [])})
                    break
            else:
                self.evidence.append(
                    Evidence(start=quote.start, end=quote.end, quote=quote.text, supports=sorted(supports or []))
                )


class PartialDate(msgspec.Struct, frozen=True):
    """A date to the day (``2010-12-28``) or to the month (``2010-05``), as the source gives it."""

    value: str = msgspec.field(name="@value")
    datatype: Literal["xsd:date", "xsd:gYearMonth", "xsd:gYear"] = msgspec.field(name="@type")
