"""Constraints of a stand-alone eligibility text, as flat values with their places in that text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from kg.criteria.constraints import constraints
from kg.criteria.split import above, split
from kg.document import Quote
from kg.encoding import removed, shorten
from kg.language import duration
from kg.mesh import MeshIndex
from kg.record import Constraint, Criterion, Passage

#: Where a line was broken, and how long a line is at least that was broken for its length.
_BREAK = re.compile(r"[ \t\r]*+\n[ \t]{2,}+")
_FULL_LINE = 55
#: Units of time (UCUM) and the words for them.
_TIME = {"min": "minutes", "h": "hours", "d": "days", "wk": "weeks", "mo": "months", "a": "years"}


def meant(criteria: Iterable[Criterion], index: MeshIndex) -> Iterator[tuple[Criterion, Quote, list[Constraint]]]:
    """The criteria of a trial, each with its words and the constraints that it means where it stands."""
    criteria = list(criteria)
    listed = above(criteria)
    for criterion in criteria:
        source = criterion.evidence[0]
        quote = Quote(source.start or 0, source.end or 0, source.quote)
        exclusion = "ExclusionCriterion" in criterion.type
        whole, gone = _unwrapped(quote)
        made = constraints(
            whole, exclusion=exclusion, index=index, section=criterion.section, above=listed[criterion.id]
        )
        if gone:
            _put_back(made, quote, gone)
        yield criterion, quote, made


def _unwrapped(quote: Quote) -> tuple[Quote, list[tuple[int, int]]]:
    """A criterion without the breaks of lines that were broken for their length, and where how many characters were taken out."""
    if "\n" not in quote.text:
        return quote, []
    pieces: list[str] = []
    gone: list[tuple[int, int]] = []
    end = total = 0
    for match in _BREAK.finditer(quote.text):
        if match.start() - (quote.text.rfind("\n", 0, match.start()) + 1) < _FULL_LINE:
            continue
        pieces += [quote.text[end : match.start()], " "]
        end = match.end()
        total += end - match.start() - 1
        gone.append((match.start() + 1 - (total - (end - match.start() - 1)), total))
    pieces.append(quote.text[end:])
    text = "".join(pieces)
    return Quote(quote.start, quote.start + len(text), text), gone


def _written(offset: int, gone: list[tuple[int, int]]) -> int:
    """An offset into the text as it was given, where ``gone`` tells from which offsets on how many characters were taken out."""
    before = bisect_right(gone, offset, key=lambda one: one[0])
    return offset + (gone[before - 1][1] if before else 0)


def _put_back(made: list[Constraint], quote: Quote, gone: list[tuple[int, int]]) -> None:
    """Let the evidence of the constraints count, and quote, the text as it is written."""
    for one in made:
        for evidence in one.evidence:
            first, last = (evidence.start or 0) - quote.start, (evidence.end or 0) - 1 - quote.start
            part = quote.part(_written(first, gone), _written(last, gone) + 1)
            evidence.start, evidence.end, evidence.quote = part.start, part.end, part.text


def read_text(text: str, index: MeshIndex) -> list[dict[str, Any]]:
    """The constraints of an eligibility text, in its order.

    ``start`` and ``end`` count characters of ``text``; ``value`` is a string; times are xsd:duration; ``concept`` holds
    MeSH identifiers; ``duration`` is the value of a quantity of time as xsd:duration. What is not stated is left out.
    """
    found: list[dict[str, Any]] = []
    short = shorten(text)
    gone = removed(text) if len(short) < len(text) else []
    text = short

    for criterion, _, made in meant(split([Passage("eligibility", Quote(0, len(text), text))], text), index):
        found += [_flat(one, criterion.order, lambda offset: _written(offset, gone)) for one in made]
    return found


def _flat(one: Constraint, criterion: int, place: Callable[[int], int]) -> dict[str, Any]:
    span = one.evidence[0]
    values: dict[str, Any] = {
        "start": place(span.start or 0),
        "end": place(span.end or 0),
        "criterion": criterion,
        "kind": one.kind,
        "modality": one.modality,
        "variable": one.variable or (one.concept_label if one.value is not None else ""),
        "comparator": one.comparator,
        "value": str(one.value) if one.value is not None else "",
        "unit": one.unit,
        "duration": _duration(one),
        "relativeTo": one.relative_to,
        "canonicalValue": str(one.canonical_value) if one.canonical_value is not None else "",
        "concept": one.concept,
        "conceptLabel": one.concept_label,
        "exception": one.exception,
        "negated": one.negated,
        "minimumTimeSince": one.minimum_time_since,
        "maximumTimeSince": one.maximum_time_since,
        "appliesWhen": one.applies_when,
        "alternative": one.alternative,
    }
    return {name: value for name, value in values.items() if value is not False and value not in ("", [], None)}


def _duration(one: Constraint) -> str:
    """The value of a quantity of time as xsd:duration; "" for other quantities, and for ages."""
    word = _TIME.get(one.unit)
    if not word or one.value is None or one.value < 0 or one.variable == "Age":
        return ""
    return duration.iso(one.value, word)
