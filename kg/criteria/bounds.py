"""Bounds on quantities: which variable a number belongs to, and how the person's value must stand to it."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from kg import assets, terms
from kg.criteria import quantities, variables
from kg.criteria.quantities import Quantity
from kg.criteria.spans import Spans
from kg.criteria.variables import Named
from kg.language import unit
from kg.mesh import words

_CLAUSE = re.compile(r";|\n|\.\s+(?=[A-Z])|\.$")
_CHAINED = re.compile(
    r"[\s/,()\[\]-]*(?:(?:and/or|and|or|&|/|,)[\s/,()]*(?:(?:the|serum|total|absolute|either|both)\s+)*)?$", re.I
)
_LINK_AFTER = re.compile(
    r"[\s,()-]*(?:(?:of|for|in|on|the|a|an|serum|total|their|as|by|estimated|measured|resting|body)\s+)*$", re.I
)
_ADJACENT = re.compile(
    r"[\s:()\[\]=,-]*(?:(?:of|is|level|levels|score|scores|value|values|status|count|class|grade|functional|performance|age|the|was|must|be|"
    r"should|a|equal|stage|range|ranging|between|from|and|older|years|defined|as|at|screening|baseline)[\s:()=,-]*)*$",
    re.I,
)
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6}
_CLASSES = re.compile(
    r"[\s:()]*(?:(?:functional|physical|status|class(?:es|ification)?|grade|score|heart failure|stage|of)[\s:]*)*(≥|>=|≤|<=|>|<|greater than|at least)?\s*"
    r"(IV|V?I{1,3}|V)(?:\s*(?:-|–|to|or|/|and|,)\s*(IV|V?I{1,3}|V))?(?![A-Za-z])(?:\s*(or (?:greater|higher|above|worse|more|less|lower|better)))?"
)
_HIGHEST = {"NyhaClass": 4, "AsaScore": 6}
_VAGUE = frozenset(
    {
        "from",
        "after",
        "before",
        "over",
        "under",
        "until",
        "up to",
        "through",
        "min",
        "max",
        "beyond",
        "equal",
        "maximum",
        "minimum",
    }
)
_CHILD = re.compile(r"\b(?:old|age[ds]?|infants?|children)\b", re.I)
_TIMED = frozenset({"a", "mo", "wk", "d"})


@dataclass(slots=True)
class Bound:
    """One bound: the variable ("" when no known one), comparator, value and unit, with its span in the text.

    ``label``: the words for an unknown quantity; ``when``: whom the bound applies to, as written.
    """

    start: int
    end: int
    variable: str
    comparator: str
    value: Decimal
    unit: str
    relative_to: str = ""
    label: str = ""
    when: str = ""
    at: int = 0


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(assets.facts("criteria")[name], re.I)


@cache
def _timed_variables() -> frozenset[str]:
    return frozenset(n for n, t in terms.scheme("VariableScheme").items() if t.unit in _TIMED)


def _fits(variable: str, one: Quantity) -> bool:
    """Whether a number with this unit can be a value of the variable."""
    timed = variable in _timed_variables()
    if one.is_time:
        return timed or (one.unit == "min" and False)
    if timed:
        return one.unit == "" and not one.relative_to
    wanted = terms.scheme("VariableScheme")[variable].unit
    if one.unit.startswith(("mg/d", "ug/d", "g/d")) and wanted != one.unit:
        return False
    return not (wanted == "{score}" and one.unit not in ("", "%", "{score}", "cm", "mm"))


def _chain(found: list[Named], last: int, text: str) -> list[Named]:
    """The variables joined before this one ("AST and ALT"), itself included."""
    chain = [found[last]]
    while (
        last > 0
        and _CHAINED.match(text[found[last - 1].end : found[last].start])
        and found[last].start - found[last - 1].end < 24
    ):
        last -= 1
        chain.append(found[last])
    return chain[::-1]


def _near(found: list[Named], ends: list[int], one: Quantity) -> list[Named]:
    """The few variables around a number; those further off are never its own."""
    place = bisect_right(ends, one.start)
    return found[max(0, place - 8) : place + 6]


def _subjects(one: Quantity, found: list[Named], text: str, clause: int, previous_end: int) -> list[Named]:
    """The variables that a number bounds, from the words before it or directly after it."""
    after = [v for v in found if v.start >= one.end - (0 if not one.flipped else 3) and v.start - one.end <= 34]
    directly = bool(after) and bool(_LINK_AFTER.match(text[one.end : after[0].start])) and _fits(after[0].variable, one)
    before = [i for i, v in enumerate(found) if v.start >= clause and v.end <= one.at and _fits(v.variable, one)]
    inside = [v for v in found if v.start >= one.at and v.end <= one.end and _fits(v.variable, one)]
    if one.flipped and directly:
        return after[:1]
    if inside and not before:
        return inside[:1]
    if before:
        nearest = found[before[-1]]
        gap = text[nearest.end : one.start]
        if directly and (previous_end > nearest.end or len(gap) > 40):
            return after[:1]
        if len(gap) <= 90:
            return _chain(found, before[-1], text)
    return after[:1] if directly else []


def _age(one: Quantity, text: str) -> bool:
    """Whether a number of years (or months of a child) is an age although no word of age stands before it."""
    if one.unit not in ("a", "mo", "wk", "d"):
        return False
    if one.unit != "a" and not _CHILD.search(text, max(0, one.start - 120), one.end + 120):
        return False
    around = text[max(0, one.start - 60) : one.end + 40]
    tail = text[one.end : one.end + 30]
    if re.search(
        r"\b(?:since|prior|within|past|previous|before|after|last|history|duration|for (?:at least|more)|every|ago|survival|expectancy|follow|postmenopausal|amenorrh\w*|disease-free|remission|pack|ongoing|recent|next)\b",
        around,
        re.I,
    ):
        return bool(
            re.match(r"\s*(?:of age|old)\b", tail, re.I)
            or re.search(r"(?:years|yrs)[\s-](?:of age|old)", text[one.at : one.end + 12], re.I)
        )
    return bool(_pattern("people").search(around))


def _when(text: str, one: Quantity) -> str:
    match = _pattern("applies").match(text, one.end)
    return " ".join(match[1].split()) if match else ""


def _classes(text: str, found: list[Named]) -> Iterator[Bound]:
    """Classes in Roman numerals: NYHA III-IV, ASA I or II."""
    for named in found:
        if named.variable not in ("NyhaClass", "AsaScore"):
            continue
        match = _CLASSES.match(text, named.end)
        if not match:
            continue
        low, high = _ROMAN[match[2]], _ROMAN[match[3]] if match[3] else None
        span = (named.start, match.end())
        sign = {
            "≥": "ge",
            ">=": "ge",
            "at least": "ge",
            "≤": "le",
            "<=": "le",
            ">": "gt",
            "greater than": "gt",
            "<": "lt",
        }.get(match[1] or "", "")
        if match[4]:
            sign = "ge" if match[4].split()[1] in ("greater", "higher", "above", "worse", "more") else "le"
        if high is not None and not sign and max(low, high) == _HIGHEST[named.variable]:
            yield Bound(*span, named.variable, "ge", Decimal(min(low, high)), "", at=match.start(2))
        elif high is not None and not sign:
            yield Bound(*span, named.variable, "ge", Decimal(min(low, high)), "", at=match.start(2))
            yield Bound(*span, named.variable, "le", Decimal(max(low, high)), "", at=match.start(2))
        else:
            yield Bound(*span, named.variable, sign or "eq", Decimal(low), "", at=match.start(2))


def _counted(named: Named, one: Quantity, text: str) -> str:
    """The variable, but the number of tumors where the number has no unit of length."""
    if named.variable == "TumorSize" and not one.unit:
        return "LesionCount" if text[named.start : named.end].rstrip().endswith("s") else ""
    return named.variable


def _label(text: str, start: int, clause: int) -> str:
    """The words before a number whose quantity is not known."""
    before = re.sub(r"[(\[:,]\s*$", "", text[max(clause, start - 80) : start].strip())
    piece = re.split(r"[,;:()]| and | or | with | have | has ", before)[-1]
    return " ".join(piece.split()[-6:])


def find(text: str) -> list[Bound]:
    """The bounds on quantities in a text, in order. Windows of time are not among them."""
    found = variables.find(text, words(text))
    bounds = list(_classes(text, found))
    taken = [(b.at, b.end) for b in bounds]
    clauses = [0, *(m.end() for m in _CLAUSE.finditer(text))]
    busy = Spans(taken)
    numbers = [q for q in quantities.find(text) if not busy.touch(q.at, q.at + 1)]
    ends = [v.end for v in found]
    previous: Quantity | None = None
    for i, one in enumerate(numbers):
        clause = clauses[bisect_right(clauses, one.at) - 1]
        if not one.unit and i + 1 < len(numbers) and numbers[i + 1].unit and numbers[i + 1].at - one.end < 28:
            between = text[one.end : numbers[i + 1].start]
            if re.fullmatch(r"[\s,]*(?:and|or|to|but|-|–|&)?[\s(]*(?:age\s*)?", between, re.I):
                one.unit = numbers[i + 1].unit
                one.relative_to = one.relative_to or numbers[i + 1].relative_to
        last_end = previous.end if previous is not None and previous.at >= clause else 0
        own = _subjects(one, _near(found, ends, one), text, clause, last_end)
        when = _when(text, one)
        if own:
            pass
        comparator = one.comparator
        if not comparator and previous is not None and when and previous.comparator and previous.at >= clause:
            comparator = previous.comparator
        previous = one
        names = [n for n in dict.fromkeys(_counted(v, one, text) for v in own) if n]
        if not names and _age(one, text):
            names = ["Age"]
        label = ""
        if not names:
            sign = text[one.start : one.at].strip(" (").lower()
            sure = comparator and (sign not in _VAGUE) and not one.is_time
            if not sure or (one.unit == "" and not one.relative_to and one.spelled):
                continue
            label = _label(text, one.start, clause) or " ".join(
                re.split(r"[,;:.()]", text[one.end : one.end + 80])[0].split()[:6] or text[:80].split()[:6]
            )
            names = [""]
        start = one.start
        if own and own[0].end <= one.start and one.start - own[-1].end <= 30:
            start = own[0].start
        end = max(one.end, own[-1].end) if own and own[0].start >= one.end else one.end
        code = one.unit or ("a" if names == ["Age"] and not one.relative_to else "")
        if one.upper is not None:
            pairs = [("ge", one.value), ("le", one.upper)]
            if comparator in ("lt", "le") and one.unit != "":
                pairs = [(comparator, one.upper)]
        elif comparator:
            pairs = [(comparator, one.value)]
        elif (
            names != [""]
            and own
            and (_ADJACENT.match(text[own[-1].end : one.at]) or own[0].start >= one.end)
            and not one.spelled
        ):
            pairs = [("eq", one.value)]
        else:
            continue
        for name in names:
            for op, value in pairs:
                bounds.append(Bound(start, end, name, op, value, code, one.relative_to, label, when, one.at))
    return sorted(bounds, key=lambda b: (b.at, b.start))


def canonical(one: Bound) -> Decimal | None:
    """The value in the canonical unit of the variable; None where there is none or it cannot be converted."""
    if not one.variable or one.relative_to:
        return None
    term = terms.scheme("VariableScheme")[one.variable]
    if term.unit in ("{score}", "{count}", "1", "%") or not one.unit:
        return one.value if one.unit in ("", "%", term.unit) and term.unit in ("{score}", "{count}", "1", "%") else None
    return unit.convert(one.value, one.unit, term.unit, term.molar_mass)
