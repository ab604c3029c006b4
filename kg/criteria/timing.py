"""Which window of time belongs to which disease or therapy of a criterion."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from functools import cache

from kg import assets
from kg.criteria import scope, windows
from kg.criteria.cues import STOP
from kg.criteria.mentions import Mention
from kg.criteria.spans import Spans
from kg.criteria.windows import Window
from kg.language import duration

_FOR_SOME = re.compile(r"\s*(?:for|if|in)\b")
_PARENTHESIS = re.compile(r"\(\s*$")
_PARTED = re.compile(rf";|{STOP}", re.I)
_SINCE = re.compile(r"[\s)]{0,4}(?:have (?:elapsed|passed) )?(?:since|after|following|from)\b", re.I)
#: A list of therapies with semicolons, of which one time is asked: "since prior radiotherapy; total lung radiotherapy; or ...".
_LISTED = re.compile(r"[a-z\s,-]{0,90}+(?:;\s(?:or |and )?[a-z\s,-]{3,90}+){1,4}.$", re.S)


def find(text: str, spans: list[tuple[int, int]]) -> list[Window]:
    """Windows of time, those in brackets that qualify another ("(6 weeks for nitrosourea)") included."""
    times = list(windows.find(text, spans))
    known = Spans((w.start, w.end) for w in times)
    for found in duration.find(text) if times else ():
        bracketed = _PARENTHESIS.search(text[max(0, found.start - 5) : found.start]) and _FOR_SOME.match(
            text, found.end
        )
        if bracketed and not known.touch(found.start, found.end):
            times.append(Window(found.start, found.end, found.least, times[0].bound))
    return sorted(times)


def assign(text: str, times: list[Window], named: list[Mention]) -> None:
    """Give each mention its window: the last one before it in the bracket or clause, else the first one after it."""
    ends, starts = [w.end for w in times], [w.start for w in times]
    for mention in named:
        before, after = bisect_right(ends, mention.start) - 1, bisect_left(starts, mention.end)
        if before >= 0 and (
            (same_clause(text, times[before].end, mention.start) and not _is_over(text, times[before], mention.start))
            or (mention.therapy and _LISTED.match(text, times[before].end, mention.start + 1))
        ):
            mention.window = times[before]
        elif after < len(times) and same_clause(text, mention.end, times[after].start):
            mention.window = times[after]


def _is_over(text: str, window: Window, at: int) -> bool:
    """Whether a window belongs to what stands before it, and what is listed behind a comma is not in it: "surgery within 4 weeks, angina"."""
    between = text[window.end : at]
    comma = between.find(",")
    if comma < 0 or ":" in between or between.count("(") > between.count(")") or _SINCE.match(between):
        return False
    lead = text[max(0, window.start - scope.REACH) : window.start]
    opening = max(lead.rfind(mark) for mark in (";", ". ", "\n", ":"))
    return any(word.lower().strip("-•*") not in _opens_windows() for word in lead[opening + 1 :].split())


@cache
def _opens_windows() -> frozenset[str]:
    """Words that may stand before a window that a list follows: "have received within 4 weeks steroids, insulin"."""
    return frozenset(("", *assets.facts("criteria")["opens_windows"]))


def same_clause(text: str, start: int, end: int) -> bool:
    if end - start > scope.REACH:
        return False
    between = text[start:end]
    if _PARTED.search(between) or between.count(")") > between.count("("):
        return False
    return not scope.anew().search(text, max(0, start - 1), end + 1)
