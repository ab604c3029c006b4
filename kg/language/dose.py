"""How much, how often, which way in: doses, frequencies and routes in descriptions of treatments."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from kg import assets, terms
from kg.language import duration, number, unit

_AMOUNT = (
    r"kg|g|gm|gram(?:s)?|mg|mgs|milligram(?:s)?|mcg|µg|μg|ug|microgram(?:s)?|ng|i\.?u\.?|international units|units?|"
    r"mL|ml|mmol|meq|mEq|Gy|cGy|mCi|MBq|GBq|pfu|PFU|tablets?|capsules?|puffs?|drops?|"
    r"million\s(?:units?|i\.?u\.?|u)|MU|u(?=/)|%"
)
_PER = r"(?:kg|m2|m\^2|m²|m\(2\)|sq\.?\s?m(?:eter)?|square\s?met(?:er|re)|day|d|dose|hour|hr|h|min|minute|week|wk|BSA|mL|ml|L)"
_DOSE = re.compile(
    rf"(?<![\w./-])(?<!\d,)({number.DIGITS})(?:\s?(?:-|–|to|or)\s?({number.DIGITS}))?\s?-?\s?"
    rf"(({_AMOUNT})(?![A-Za-z0-9])(?:\s?(?:/|per)\s?{_PER}(?![A-Za-z0-9])){{0,4}})",
    re.I,
)
_SQUARE = re.compile(r"sq\.?\s?m(?:eter)?|square\s?met(?:er|re)|m\(2\)", re.I)
_STRENGTH = re.compile(
    r"\s*+(?:(?:oral|film-coated|hard|soft)\s)?(?:tablets?|capsules?|vials?|strengths?|caplets?)\b", re.I
)
_AUC = re.compile(rf"\bAUC\s?(?:of\s|=\s?)?({number.DIGITS})", re.I)
_EVERY = re.compile(
    rf"\b(?:every|each|q\.?)\s?-?({number.NUMBER})\s?-?\s?(minutes?|min|hours?|hrs?|h|days?|d|weeks?|wks?|w|months?|mo|m|years?)\b|"
    rf"(?<![\d.])\b({number.NUMBER})(?:-|\s(?=hourly|\w+\sinterval))(hour|day|week|month)(?:ly(?!\w)|(?:ly)?\sintervals?)",
    re.I,
)
_DAY = r"[-−]?\d{1,3}(?![\d.,]*\s?(?:mg|mcg|µg|g|mL|gy|iu|units?|weeks?|months?|%)(?![a-z]))"
_DAYS = re.compile(
    rf"\b(?:on\s)?days?\s{_DAY}(?:\s?(?:,\s?(?:and|&|or)?|-|–|to|and|&|or)\s?(?:days?\s)?{_DAY})*"
    r"(?:\s(?:of|in)\s(?:each|every|a|the)\s(?:\d{1,2}[- ](?:day|week)\s)?(?:cycle|course|week|month))?",
    re.I,
)


class Dose(NamedTuple):
    """An amount in a text: its place, value and UCUM unit; ``greatest`` is the upper end of a range."""

    start: int
    end: int
    value: Decimal
    unit: str
    greatest: Decimal | None = None


class Frequency(NamedTuple):
    """How often: place, normal form, and intakes per day where the rhythm is regular."""

    start: int
    end: int
    normal: str
    per_day: Decimal | None


class Route(NamedTuple):
    """The way in: place and local name of the code (``Oral``)."""

    start: int
    end: int
    code: str


def _unit(written: str) -> str:
    written = re.sub(r"\s?(?:/|per)\s?dose\b", "", written, flags=re.I).replace("i.u.", "IU").replace("I.U.", "IU")
    written = _SQUARE.sub("m2", written)
    return unit.ucum(re.sub(r"million\s", "", written, flags=re.I))


def doses(text: str) -> list[Dose]:
    """The amounts in a text, from left to right; the 0 mg of a placebo is none.

    >>> [(str(d.value), d.unit) for d in doses("imatinib 600 MG/d or sunitinib 37.5 mg per day, then 75 mg/m2")]
    [('600', 'mg/d'), ('37.5', 'mg/d'), ('75', 'mg/m2')]
    """
    found: list[Dose] = []
    for match in _DOSE.finditer(text):
        code = _unit(match[3])
        value = number.parse(match[1])
        top = number.parse(match[2]) if match[2] else None
        if not code or value is None or value <= 0 or (code == "%" and "solution" not in text.lower()):
            continue
        if "million" in match[3].lower():
            value, top = value * 10**6, top and top * 10**6
        found.append(Dose(*match.span(), number.plain(value), code, top and number.plain(top)))
    for match in _AUC.finditer(text):
        if (value := number.parse(match[1])) is not None:
            found.append(Dose(*match.span(), value, "mg/mL.min"))
    # What a tablet holds is no dose where the dose is told too: "200 mg tablets, 400 mg/day".
    taken = [d for d in found if not _STRENGTH.match(text, d.end)]
    return sorted(taken or found)


_CHANGES = re.compile(
    r"\b(?:reduc\w+|decreas\w+|increas\w+|taper\w*|increments?|assess\w*|scans?|visits?)\b[^.;]*$", re.I
)
_BEGINS = re.compile(r"\b(?:begin\w*|start\w*|from|until|by|through|before|prior to|after)\s(?:on\s)?$", re.I)
#: "tablet/QD/oral": such bars part words; that of "mg/day" does not.
_SLASHED = re.compile(r"/(?=(?:QD|BID|TID|QID|ODD|PO|IV|SC)\b)", re.I)
_ONCE = re.compile(
    r"\b(?:single|one|1)\s(?:\w+\s){0,2}?(?:dose|injection|infusion|administration|vaccination|instillation)\b(?!\s?(?:of\s(?:each|every)|per|every|daily|weekly|a\s))|"
    r"\b(?:one time only|one-time|only once|administered once|given once|once only|one time)\b(?!\s(?:a|per|every|daily))",
    re.I,
)


@cache
def _fixed() -> list[tuple[re.Pattern[str], str, Decimal]]:
    rows = assets.facts("frequency")["fixed"]
    return [
        (re.compile(rf"(?<![\w/])(?:{'|'.join(row['words'])})(?![\w])", re.I), row["normal"], Decimal(row["per_day"]))
        for row in rows
    ]


def frequency(text: str) -> Frequency | None:
    """The first statement of how often in a text.

    >>> frequency("400 mg orally b.i.d.").normal, frequency("IV every 21 days").normal, frequency("q3w").normal
    ('twice daily', 'every 21 days', 'every 3 weeks')
    """
    found: list[Frequency] = []
    text = _SLASHED.sub(" ", text)
    for match in _EVERY.finditer(text):
        count = number.parse(match[1] or match[3])
        if count is None or count <= 0:
            continue
        letters = (match[2] or match[4]).lower()
        if _CHANGES.search(text, max(0, match.start() - 40), match.start()):
            continue
        names = {"h": "hours", "d": "days", "w": "weeks", "m": "months", "y": "years"}
        unit_name = "minutes" if letters.startswith("mi") else names[letters[0]]
        per = Decimal(str(round(1 / (float(count) * duration.DAYS[duration.unit_key(unit_name)]), 6)))
        normal = f"every {number.plain(count)} {unit_name if count != 1 else unit_name[:-1]}"
        found.append(Frequency(*match.span(), normal, number.plain(per)))
    for pattern, normal, per_day in _fixed():
        if hit := pattern.search(text):
            found.append(Frequency(*hit.span(), normal, per_day))
    if found:
        first = min(found, key=lambda f: (f.start, -f.end))
        longest = [f for f in found if f.start == first.start and f.end == first.end]
        return longest[0]
    if (days := _DAYS.search(text)) and not _BEGINS.search(text, max(0, days.start() - 24), days.start()):
        return Frequency(*days.span(), " ".join(days.group().lower().removeprefix("on ").split()), None)
    if once := _ONCE.search(text):
        return Frequency(*once.span(), "once", None)
    return None


_AFTER_DOSE = re.compile(
    rf"(?:{_AMOUNT})(?:\s?/\s?{_PER}){{0,4}}(?:\sdose)?\s(?:\w+\s)?(po|iv|sc|sq|im|it)\b(?!-)", re.I
)


@cache
def _routes() -> tuple[re.Pattern[str], re.Pattern[str]]:
    long: list[str] = []
    short: list[str] = []
    for term in terms.scheme("RouteScheme").values():
        for wording in (term.label, *term.synonyms):
            (short if wording.isupper() else long).append(wording)
    order = [sorted(words, key=lambda w: (-len(w), w)) for words in (long, short)]
    return (
        re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, order[0]))})(?![\w])", re.I),
        re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, order[1]))})(?![\w])"),
    )


def route(text: str) -> Route | None:
    """The first route named in a text. Abbreviations such as IV count only in capitals.

    >>> route("400 mg taken by mouth").code, route("cisplatin IV over 1 hour").code, route("stage iv disease")
    ('Oral', 'Intravenous', None)
    """
    found = [m for pattern in _routes() for m in pattern.finditer(text)]
    for match in _AFTER_DOSE.finditer(text):  # "40 mg po": in small letters too, after a dose
        code = terms.code("RouteScheme", match[1].upper())
        if code and all(m.start() > match.start(1) for m in found):
            return Route(*match.span(1), code)
    for match in sorted(found, key=lambda m: (m.start(), -m.end())):
        before = text[max(0, match.start() - 12) : match.start()].lower()
        if re.match(
            r"[\s-](?:diet|intake|feeding|food|hygiene|mucos|contracep|cavity|cancer|glucose)", text[match.end() :]
        ):
            continue
        if match.group() in ("IV", "ID", "IT", "IM") and re.search(r"(?:stage|class|grade|phase|type|/|-)\s?$", before):
            continue
        return Route(*match.span(), terms.code("RouteScheme", match.group()))
    return None
