"""Windows of time: washouts ("at least 28 days since prior imatinib") and look-backs ("within the past 6 months")."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from kg.criteria.spans import Spans
from kg.language import duration

_WITHIN = re.compile(
    r"(?:within|in|during|over|for|throughout|≤|<\s?/\s?=|<=|<|less than or equal to|less than|fewer than|up to|not more than|no more than|no greater than|not greater than|no longer than|not longer than|not exceeding|previous|prior|past|last|preceding|next|former|coming)"
    r"\s*+(?:(?:the|a|an|of|at|least|immediate|immediately|about|approximately)\s++){0,6}+"
    r"(?:past|last|previous|preceding|prior|recent|first|next|following|former|coming)?+\s*+\(?+\s*+$",
    re.I,
)
_AT_LEAST = re.compile(
    r"(?:at least|≥|>=|>\s?/\s?=|=/>|>|〉|(?<!\bno )(?<!\bnot )(?:more than|greater than|longer than|over|exceeding)|a minimum of|minimum of|minimum|no less than|not less than|"
    r"greater than or equal to|at minimum)\s*+(?:(?:the|a|an|of|or equal to|past|last|previous)\s++){0,6}+\(?+\s*+$",
    re.I,
)
_LOOK_BACK = re.compile(r"\b(?:past|last|previous|preceding|prior|recent|next|former|coming)\s*+\(?+\s*+$", re.I)
_EVENT = re.compile(
    r"[\s)]*+(?:or (?:more|longer|greater)\s++)?(?:have (?:elapsed|passed)\s++)?"
    r"(?:since|before|prior to|prior|previous to|after|following|of (?:the )?(?:first|study|start|randomi|enrol|entry|screening|baseline|dosing|day|"
    r"treatment|registration|visit|initiation|inclusion|informed|consent|initial|diagnosis|surgery|last|completing|receiving|protocol|trial|vaccination|admission)|"
    r"from|ago|previously|earlier|preceding|post|beyond|out from|until|elapsed|washout|wash-out|afterwards?|thereafter|apart|leading up|pre-)",
    re.I,
)
#: Words that open a window reaching back or ahead.
_BOUNDING = (
    "within",
    "previous",
    "prior",
    "past",
    "last",
    "preceding",
    "less",
    "<",
    "≤",
    "<=",
    "</=",
    "fewer",
    "up",
    "no",
    "not",
)
#: Words after a duration that say that the time lies between the event and now.
_AFTERWARDS = ("after", "following", "post", "washout", "wash-out", "have", "elapsed", "since", "apart", "from", "or")
_OR_LESS = re.compile(r"\s*(?:or|and) (?:less|fewer|shorter|sooner)\b", re.I)
_BEHIND = re.compile(r"\s*(?:or (?:more|longer|greater)|and (?:more|longer)|minimum)\b", re.I)
#: A duration that measures something else: "at least 10 minutes of exercise a week".
_MEASURED = re.compile(r"\s*(?:[a-z]{3,12}\s?)?(?:per\s|/\s?|\ba\s|each\s)\s?(?:day|week|month)\b", re.I)
#: How far something is, and the hours behind a meal: no time that has passed.
_NO_WINDOW = re.compile(
    r"[\s-]*(?:of\s)?(?:(?:drive|driving|travel|travell?ing|commut\w+|flight)\b|post-?\s?(?:load|meal|prandial|glucose|challenge)|(?:oral )?(?:glucose|plasma|urine)\b)",
    re.I,
)
_ADJECTIVE = re.compile(r"-\s?[a-z]", re.I)
_SPAN = re.compile(r"\s*(?:periods?|windows?|wash-?out|intervals?|time|span)\b", re.I)
#: Before a window that lies ahead: "planned within 3 months".
_PLANNED = re.compile(
    r"\b(?:plan(?:s|ned|ning)?|schedul\w{2,3}|anticipat\w{2,3}|intend\w{0,4}|intention|foresee\w{0,4}|expect(?:s|ed|ing)?)\b[^.;,]{0,60}$",
    re.I,
)
_OR_MORE = re.compile(r"\bor (more|longer|greater|less|fewer)\b", re.I)
#: Before a time that has passed since an end: "discontinued 3 weeks previously".
_ENDED = re.compile(
    r"\b(?:discontinued|stopped|completed|ended|finished|withdrawn|ceased|terminated) (?:about |approximately )?$", re.I
)
_AHEAD = re.compile(r"\b(?:next|coming)\b", re.I)
_BACK = re.compile(r"\b(?:past|last|previous|preceding|prior|recent|former)\b", re.I)


class Window(NamedTuple):
    """A window in a text: place, xsd:duration, and which way it bounds the time since the event."""

    start: int
    end: int
    duration: str
    bound: str  # "minimum" or "maximum"
    ahead: bool = False  # whether it lies in the future: "planned within the next 3 months"


def find(text: str, taken: list[tuple[int, int]]) -> Iterator[Window]:
    """The windows of a text. ``taken`` are spans of numbers that mean something else (ages, life expectancy)."""
    busy = Spans(taken)
    for found in duration.find(text):
        if busy.touch(found.start, found.end):
            continue
        lead = text[max(0, found.start - 45) : found.start]
        tail = text[found.end : found.end + 45]
        if _NO_WINDOW.match(tail):
            continue
        event = _EVENT.match(tail)
        if _OR_LESS.match(tail):
            yield Window(found.start, found.end, found.greatest, "maximum")
            continue
        if told := _OR_MORE.search(text, found.start, found.end):
            most = told[1].lower() in ("less", "fewer")
            yield Window(found.start, found.end, found.greatest, "maximum" if most else "minimum")
            continue
        if least := _AT_LEAST.search(lead):
            if event or not _MEASURED.match(tail):
                yield Window(found.start - len(lead) + least.start(), found.end, found.least, "minimum")
        elif within := _WITHIN.search(lead):
            start = found.start - len(lead) + within.start()
            word = next(iter(within.group().lower().split()), "")
            if word == "for" and not _LOOK_BACK.search(lead):
                if _ADJECTIVE.search(text[found.start : found.end]) and not _SPAN.match(tail):
                    continue  # "at high risk for 30-day readmission"
                yield Window(start, found.end, found.least, "minimum")
            elif word in _BOUNDING or _LOOK_BACK.search(lead) or event or _BACK.search(text, found.start, found.end):
                yield Window(start, found.end, found.greatest, "maximum", _is_ahead(lead, within.start(), event))
        elif event:
            after = event.group().strip().lower().startswith(_AFTERWARDS) or _ENDED.search(lead)
            yield Window(found.start, found.end, found.greatest, "minimum" if after else "maximum")
        elif _BEHIND.match(tail):
            yield Window(found.start, found.end, found.least, "minimum")


def _is_ahead(lead: str, start: int, event: re.Match[str] | None) -> bool:
    """Whether a window that begins at ``start`` of the words before its time lies in the future."""
    opening = lead[start:]
    if _AHEAD.search(opening):
        return True
    return bool(_PLANNED.search(lead[:start]) and not event and not _BACK.search(opening))
