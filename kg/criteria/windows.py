"""Windows of time: washouts ("at least 28 days since prior imatinib") and look-backs ("within the past 6 months")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kg.criteria.spans import Spans
from kg.language import duration

_WITHIN = re.compile(
    r"(?:within|in|during|over|for|throughout|≤|<|less than|fewer than|up to|not more than|no more than|previous|prior|past|last|preceding)"
    r"\s*(?:(?:the|a|an|of|at|least|immediate|immediately|about|approximately)\s+)*"
    r"(?:past|last|previous|preceding|prior|recent|first|next|following)?\s*\(?\s*$",
    re.I,
)
_AT_LEAST = re.compile(
    r"(?:at least|≥|>=|>|〉|more than|greater than|a minimum of|minimum of|minimum|no less than|not less than|longer than|over|"
    r"exceeding|greater than or equal to|at minimum)\s*(?:(?:the|a|an|of|or equal to|past|last|previous)\s+)*\(?\s*$",
    re.I,
)
_LOOK_BACK = re.compile(r"\b(?:past|last|previous|preceding|prior|recent)\s*\(?\s*$", re.I)
_EVENT = re.compile(
    r"[\s)]*(?:or (?:more|longer|greater)\s+)?(?:have (?:elapsed|passed)\s+)?"
    r"(?:since|before|prior to|prior|previous to|after|following|of (?:the )?(?:first|study|start|randomi|enrol|entry|screening|baseline|dosing|day|"
    r"treatment|registration|visit|initiation|inclusion|informed|consent|initial|diagnosis|surgery|last|completing|receiving|protocol|trial|vaccination|admission)|"
    r"from|ago|previously|earlier|preceding|post|beyond|out from|until|elapsed|washout|wash-out|afterwards?|thereafter|apart|leading up|pre-)",
    re.I,
)
_FOR = re.compile(
    r"\bfor\s+(?:(?:a|the|an|total|period|of|at|least|duration|minimum|approximately|about|up|to|another|additional)\s+)*\(?\s*$",
    re.I,
)
_STABLE = re.compile(r"\b(?:stable|duration|lasting|persist\w*|history|continu\w+|least|more than)\b", re.I)


class Window(NamedTuple):
    """A window in a text: place, xsd:duration, and which way it bounds the time since the event."""

    start: int
    end: int
    duration: str
    bound: str  # "minimum" or "maximum"


def find(text: str, taken: list[tuple[int, int]]) -> Iterator[Window]:
    """The windows of a text. ``taken`` are spans of numbers that mean something else (ages, life expectancy)."""
    busy = Spans(taken)
    for found in duration.find(text):
        if busy.touch(found.start, found.end):
            continue
        lead = text[max(0, found.start - 45) : found.start]
        tail = text[found.end : found.end + 45]
        event = _EVENT.match(tail)
        if least := _AT_LEAST.search(lead):
            before = lead[: least.start()].rstrip().lower()
            if (
                event
                or _FOR.search(lead)
                or before.endswith(("for", "since", "of", "duration", "lasting"))
                or _STABLE.search(before)
            ):
                yield Window(found.start - len(lead) + least.start(), found.end, found.least, "minimum")
        elif within := _WITHIN.search(lead):
            start = found.start - len(lead) + within.start()
            word = within.group().split()[0].lower() if within.group().split() else ""
            if word == "for" and not _LOOK_BACK.search(lead):
                yield Window(start, found.end, found.least, "minimum")
            elif (
                word in ("within", "previous", "prior", "past", "last", "preceding") or _LOOK_BACK.search(lead) or event
            ):
                yield Window(start, found.end, found.greatest, "maximum")
        elif event:
            word = event.group().strip().lower()
            bound = (
                "minimum"
                if word.startswith(
                    (
                        "after",
                        "following",
                        "post",
                        "washout",
                        "wash-out",
                        "have",
                        "elapsed",
                        "since",
                        "apart",
                        "from",
                        "or",
                    )
                )
                else "maximum"
            )
            yield Window(found.start, found.end, found.greatest, bound)
