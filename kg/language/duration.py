"""Durations and ages in text, as xsd:duration (XML Schema 1.1 part 2, section 3.3.6; weeks become days there)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import NamedTuple

from kg.language import number

UNIT = r"(?:minutes?|mins?|hours?|hrs?|h|days?|weeks?|wks?|months?|mos?|years?|yrs?|y)(?![A-Za-z])"
_RANGE = rf"({number.NUMBER})(?:\s?(?:-|–|—|to|or|and|/)\s?({number.NUMBER}))?\s?(?:\(\s?\d+\s?\)\s?)?-?\s?(?:(?:previous|preceding|past|last|consecutive|calendar|full|complete|completed|whole|continuous|or more|or longer|or greater|or less|or fewer)\s)?({UNIT})"
_DURATION = re.compile(rf"(?<![\w.])(?:{_RANGE}|((?:one|a)\s+half\s+|half\s+an?\s+|an?\s+)({UNIT}))", re.I)

#: Days in a unit, where durations are compared or sorted (a year has 365.25).
DAYS = {"mi": 1 / 1440, "h": 1 / 24, "d": 1.0, "w": 7.0, "mo": 30.4375, "y": 365.25}
_ISO = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?)?")


class Duration(NamedTuple):
    """A duration in a text: its place, and the least and greatest time that it names (equal unless it is a range)."""

    start: int
    end: int
    least: str
    greatest: str


def unit_key(word: str) -> str:
    """``y``, ``mo``, ``w``, ``d``, ``h`` or ``mi`` for a unit of time as written."""
    word = word.lower()
    return word[:2] if word.startswith(("mi", "mo")) else word[:1]


def iso(value: Decimal, unit: str) -> str:
    """``value`` units of time as xsd:duration in its canonical form, the one that triple stores write.

    >>> iso(Decimal("1.5"), "years"), iso(Decimal(2), "weeks"), iso(Decimal(48), "hours"), iso(Decimal(18), "months")
    ('P1Y6M', 'P14D', 'P2D', 'P1Y6M')
    """
    key = unit_key(unit)
    if key in ("y", "mo"):
        months = value * 12 if key == "y" else value
        if months == months.to_integral_value():
            years, rest = divmod(int(months), 12)
            return f"P{years}Y{rest}M" if years and rest else f"P{years}Y" if years else f"P{rest}M"
        value, key = months * 30, "d"
    minutes = round(value * {"w": 10080, "d": 1440, "h": 60, "mi": 1}[key])
    whole, minutes = divmod(minutes, 1440)
    hours, minutes = divmod(minutes, 60)
    time = (f"{hours}H" if hours else "") + (f"{minutes}M" if minutes else "")
    return f"P{whole}D" + (f"T{time}" if time else "") if whole or not time else f"PT{time}"


def days(duration: str) -> float:
    """The length of an xsd:duration in days, a month being 30.4375; for comparing and sorting."""
    match = _ISO.fullmatch(duration)
    if not match:
        raise ValueError(f"not an xsd:duration: {duration!r}")
    parts = zip(match.groups(), ("y", "mo", "d", "h", "mi"), strict=True)
    return sum(int(count or 0) * DAYS[key] for count, key in parts)


def words(duration: str) -> str:
    """An xsd:duration as people say it; any other text as it is.

    >>> words("P1Y6M"), words("P1D"), words("PT36H")
    ('1 year 6 months', '1 day', '36 hours')
    """
    match = _ISO.fullmatch(duration)
    if not match:
        return duration
    named = zip(match.groups(), ("year", "month", "day", "hour", "minute"), strict=True)
    said = [f"{int(count)} {name}{'' if int(count) == 1 else 's'}" for count, name in named if count]
    return " ".join(said) or duration


def find(text: str) -> Iterator[Duration]:
    """The durations in a text, from left to right.

    >>> [(d.least, d.greatest) for d in find("for 2-6 weeks, one and a half years or 28 days")]
    [('P14D', 'P42D'), ('P1Y6M', 'P1Y6M'), ('P28D', 'P28D')]
    """
    for match in _DURATION.finditer(text):
        low, high, unit, article, article_unit = match.groups()
        if article_unit:
            value = Decimal("0.5") if "half" in article.lower() else Decimal(1)
            yield Duration(*match.span(), iso(value, article_unit), iso(value, article_unit))
            continue
        first = number.parse(low)
        last = number.parse(high) if high else first
        if first is None or last is None or max(first, last) > 10**6:
            continue
        yield Duration(*match.span(), iso(min(first, last), unit), iso(max(first, last), unit))
