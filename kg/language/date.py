"""Dates as registries and pages write them."""

from __future__ import annotations

import re
from datetime import date

from kg.node import PartialDate

_MONTHS = {
    m: i
    for i, m in enumerate(
        [
            "january",
            "february",
            "march",
            "april",
            "may",
            "june",
            "july",
            "august",
            "september",
            "october",
            "november",
            "december",
        ],
        1,
    )
}
_MONTHS |= {m[:3]: i for m, i in _MONTHS.items()} | {"sept": 9}
_ISO = re.compile(r"(\d{4})[-_](\d{1,2})(?:[-_](\d{1,2}))?(?:T[\d:.]+Z?)?")
_US = re.compile(r"([A-Za-z]{3,9})\.?\s+(?:(\d{1,2})(?:st|nd|rd|th)?,?\s+)?(\d{4})")
_EUROPE = re.compile(r"(\d{1,2})(?:st|nd|rd|th)?[\s-]+([A-Za-z]{3,9})\.?,?[\s-]+(\d{4})")
_SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")


def _make(year: int, month: int, day: int | None) -> PartialDate | None:
    try:
        value = date(year, month, day or 1)
    except ValueError:
        return None
    if day is None:
        return PartialDate(value.isoformat()[:7], "xsd:gYearMonth")
    return PartialDate(value.isoformat(), "xsd:date")


def parse(text: str, *, day_first: bool = True) -> PartialDate | None:
    """The date at the beginning of ``text``, to the day or to the month; None when there is none that exists.

    ``day_first`` decides dates such as 03/04/2010 that could be read in two ways.

    >>> parse("December 28, 2010").value, parse("May 2010").value, parse("2007-12").value, parse("soon")
    ('2010-12-28', '2010-05', '2007-12', None)
    """
    text = text.strip()
    if match := _ISO.match(text):
        return _make(int(match[1]), int(match[2]), int(match[3]) if match[3] else None)
    if match := _US.match(text):
        month = _MONTHS.get(match[1].lower())
        return _make(int(match[3]), month, int(match[2]) if match[2] else None) if month else None
    if match := _EUROPE.match(text):
        month = _MONTHS.get(match[2].lower())
        return _make(int(match[3]), month, int(match[1])) if month else None
    if match := _SLASHED.match(text):
        first, second, year = int(match[1]), int(match[2]), int(match[3])
        if second > 12 or (not day_first and first <= 12):
            first, second = second, first
        return _make(year, second, first)
    return None
