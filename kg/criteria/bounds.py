"""Bounds on quantities: which variable a number bounds, and how the person's value must stand to it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal

from kg import terms
from kg.criteria import ages, quantities, stages, subjects, unnamed, variables
from kg.criteria.cues import pattern
from kg.criteria.quantities import LOGARITHM, Quantity
from kg.criteria.spans import Spans
from kg.criteria.variables import Named
from kg.language import number, unit
from kg.mesh import words

_SAME_UNIT = re.compile(r"[\s,]*+(?:and|or|to|but|-|–|&)?+[\s(]*+(?:age\s*+)?+", re.I)
_CLAUSE = re.compile(r";|\n|\.\s+(?=[A-Z])|\.$")
_ADJACENT = re.compile(
    r"[\s:()\[\]=,-]*(?:(?:of|is|level|levels|score|scores|value|values|status|count|class|grade|functional|performance|age|the|was|must|be|"
    r"should|a|equal|stage|range|ranging|between|from|and|older|years|defined|as|at|screening|baseline)[\s:()=,-]*)*$",
    re.I,
)
_A_TIME = ("/d", "/wk", "/mo", "/a")
#: What ends the sign of a number that grades something.
_OF_GRADE = ("grade", "stage", "class")
#: Behind the weeks of a pregnancy: "before 37 weeks of gestation", "20 weeks of amenorrhea" as French records have it.
_OF_PREGNANCY = re.compile(
    r"\s?['’]?\s?(?:of (?:amenorrh\w{1,4}|pregnancy|gestation)|pregnant|gestation(?:al)?)\b", re.I
)
_EXCLUSIVE = re.compile(r"\s?\((?:exclusive|excluded|excl\.?)\)", re.I)
_BETWEEN = re.compile(r"\bbetween\s(?:the ages of\s)?\Z", re.I)
_JOINT = re.compile(r"[\s,]*(?:and|or|but|to|-|–)?\s*(?:the\s)?")
#: "Lesions < 3 cm are eligible only if ...": a bound that says for whom something else is asked.
_ELIGIBLE_ONLY = re.compile(
    r"[^.;<>≥≤]{0,40}\b((?:is|are|will be|may be) (?:only eligible|eligible only) (?:if|when|provided)\b[^.;]{0,120})"
)
#: What is told of healthy people: "(normal range 0.9 - 7.1)".
_NORMAL_RANGE = re.compile(
    r"(?<!within )(?<!within the )\b(?:normal|reference) (?:range|values?|limits?)(?: is| of|:| =)?\s?\Z", re.I
)
#: A bracket that opens with whom its bound is for: "(if there are liver metastases, ≤ 5 x ULN)".
_OPENED = re.compile(r"\(\s?((?:if|for|in)\b[^()<>≤≥]{3,80}?),?\s?\Z", re.I)
_LIMITED = re.compile(r"[<>≤≥]=?\s?\d[\d.]{0,4}\s?(?:x|×|times)", re.I)
_SIGNED = re.compile(r",\s?[<>≤≥]=?\s?\d")
#: Words about a number of months or years that show that time passes, and nobody's age is told.
_PASSING = re.compile(
    r"[\s)]*(?:before|prior|after|since|ago|following|preceding|from|until|post)\b(?! (?:birth|their))", re.I
)
_LASTED = re.compile(r"\b(?:for|since|within|past|last|every|obtained|performed|duration)\b[^.;,]{0,20}$", re.I)
_WITHIN = re.compile(r"\bwithin\s*\Z")
#: What is counted is how often something was measured: "above 126 mg/dL on at least two occasions".
_OCCASIONS = re.compile(
    r"\s+(?:(?:separate|different|consecutive)\s+)?(?:occasions?|readings?|measurements?|visits?|determinations?|(?:abnormal|positive|negative|elevated|low|high) (?:values?|results?|tests?))\b",
    re.I,
)
#: What a scale runs over: "pain > 5 (0-10 scale)", "2 or more (based on a scale of 0-4)".
_SCALE = re.compile(r"[(,]\s*+(?:[a-z]+ ){0,5}(?:range[ds]?|scale|scored?)?(?: (?:of|from))?\s*+:?+\s*+$", re.I)
_SCALE_BEHIND = re.compile(r"[\w\s]{0,12}\)")
_ON_SCALE = re.compile(r"\b(?:on|using|with|by|of)\s+(?:an?|the)\s+(?:[a-z-]+\s+)?(?:scale (?:of|from)\s+)?$", re.I)
_SCALE_NAMED = re.compile(r"[\s-]*(?:points?\s)?(?:[A-Za-z-]+\s){0,3}(?:scale|score|VAS|NRS|NPRS)\b")
#: A number that a range begins with whose end has a sign: "aged 1 to < 6 years".
_TO_SIGN = re.compile(
    r"\s*+(?:to|-|–)\s*+(?:<|≤|less than|under|below|younger than|up to|not more than|no older than|not older than)",
    re.I,
)
#: A unit told in another: "(1 drink = 12 g of alcohol)".
_CONVERSION = re.compile(r"(?<![\w.])1\s?[A-Za-z][\w/]{0,9}(?:\s[a-z]{1,12}){0,2}\s?\Z")
#: The short form of what was just named: "absolute neutrophil count (ANC) 1,500".
_SHORT_FORM = re.compile(r"\A\s?\([A-Z][A-Za-z0-9/-]{1,9}\)")
_YOUNG = frozenset({"under", "over", "above", "below", "younger than", "older than"})


#: Where the next bound begins, behind whom the last one was for: "60 kg for men and 48 kg for women".
_NEXT_BOUND = re.compile(
    r",?\s(?:and|or|,)\s(?:(?:at least|at most|no less than|no more than|[<>≤≥]=?)\s?)?\d[\d.,]{0,7}\s?"
)
_PRESSURES = re.compile(r"\d{2,3}(?:\s?[-–]\s?\d{2,3})?\s?/\s?\d{2,3}(?:\s?[-–]\s?\d{2,3})?\s?mm\s?Hg\b", re.I)
#: A value once more, in another unit: "at least 60 kg (132 lbs) for men".
_IN_OTHER_UNITS = re.compile(r"\s?\(\s?[\d.,]+\s?[A-Za-z/%]{1,12}\s?\)")
#: Two ranges of pressures in one: "100-140/60-90".
_RANGES = re.compile(r"(\d{2,3})\s?[-–]\s?(\d{2,3})\s?/\s?(\d{2,3})\s?[-–]\s?(\d{2,3})(?!\d)")
#: Two pressures in one number: "140/90".
_PAIR = re.compile(r"\d{2,3}\s?/\s?(\d{2,3})(?!\d)")


@dataclass(slots=True)
class Bound:
    """One bound: the variable ("" when no known one), comparator, value and unit, with its span in the text.

    ``label``: the words for an unknown quantity, or the event at which an age counts; ``when``: whom the bound applies to, as written, and ``whom``: where that stands.
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
    whom: tuple[int, int] = (0, 0)


def _whom(text: str, one: Quantity, clause: int, again: bool) -> tuple[int, int]:
    """Where it stands whom or what a bound is for: behind it, or before it ("if less than 18 years"); (0, 0) when nowhere.

    ``again``: its quantity had one before.
    """
    told = _IN_OTHER_UNITS.match(text, one.end)
    if match := _ELIGIBLE_ONLY.match(text, one.end):
        return match.span(1)
    match = pattern("applies").match(text, told.end() if told else one.end)
    signed = match and _SIGNED.search(text, *match.span(1))
    limit = match and one.relative_to and _LIMITED.search(text, *match.span(1))
    if match and not ((signed or limit) and "(" in text[one.end : match.start(1)]):
        written = text[one.at : one.end].lstrip("0123456789., ")
        after = (
            m
            for m in _NEXT_BOUND.finditer(text, match.start(1), match.end(1) + 12)
            if text.startswith(written, m.end())
        )
        ends = [signed.start() if signed else match.end(1), *(m.start() for m in (after if written else ()))]
        return match.start(1), min(ends)
    if again and (match := pattern("also").match(text, one.end)):
        return match.span()
    first = max(clause, one.start - 100)
    if (opened := _OPENED.search(text, first, one.start)) and (one.relative_to or text[opened.end(1) :][:1] == ","):
        return opened.span(1)
    if match := pattern("only_if").search(text[first : one.start]):
        return first + match.start(), one.end
    return 0, 0


def _is_pressure(names: list[str]) -> bool:
    """Whether what is bound is a pressure of two numbers."""
    return names in (["BloodPressure"], ["SystolicBloodPressure", "DiastolicBloodPressure"])


def _is_scale(text: str, clause: int, one: Quantity) -> bool:
    """Whether a range is that of the scale on which the number before it stands."""
    lead = text[max(clause, one.start - 60) : one.start]
    if one.comparator:
        return False
    named = _SCALE_NAMED.match(text, one.end) or re.search(r"scale (?:of|from)\s+$", lead)
    return bool((_SCALE.search(lead) and _SCALE_BEHIND.match(text, one.end)) or (_ON_SCALE.search(lead) and named))


def find(text: str, section: str = "") -> list[Bound]:
    """The bounds on quantities in a text, in order. Windows of time are not among them.

    ``section`` is the heading above the text: under "Age:", "18 and over" is an age.
    """
    reader = _Reader(text, section)
    for place, one in enumerate(reader.numbers):
        reader.read(place, one)
    return sorted(reader.bounds, key=lambda b: (b.at, b.start))


class _Reader:
    """A criterion on the way from its numbers to bounds: each number is read in the light of those before it."""

    def __init__(self, text: str, section: str) -> None:
        self.text = text
        self.named = [v for v in variables.find(text, words(text)) if not subjects.is_erectile(v, text)]
        self.headed = [v.variable for v in variables.find(section, words(section))] if len(section) < 40 else []
        self.bounds: list[Bound] = []
        self._latest: dict[str, int] = {}  # where the last bound on a variable begins
        self._previous: Quantity | None = None
        self._previous_end = 0
        self._read_to = 0  # where the last pair of pressures ends
        self._ends = [v.end for v in self.named]
        self._clauses = [0, *(m.end() for m in _CLAUSE.finditer(text))]
        self._exempt = pattern("exception").search(text)
        for grade in stages.find(text, self.named):
            called = "" if grade.variable else unnamed.before(text, grade.at - 1, 0)
            value = Decimal(grade.value)
            place = (grade.start, grade.end, grade.variable, grade.comparator)
            self._add(Bound(*place, value, "", "", called, at=grade.at))
        busy = Spans((b.at, b.end) for b in self.bounds)
        self.numbers = [q for q in quantities.find(text) if not busy.touch(q.at, q.at + 1)]

    def _add(self, bound: Bound) -> None:
        self.bounds.append(bound)
        self._latest[bound.variable] = max(bound.start, self._latest.get(bound.variable, -1))

    def read(self, place: int, one: Quantity) -> None:
        """Add what the number at ``place`` bounds, if it bounds anything."""
        text = self.text
        clause = self._clauses[bisect_right(self._clauses, one.at) - 1]
        following = self.numbers[place + 1] if place + 1 < len(self.numbers) else None
        _share_unit(text, one, following)
        if one.upper is not None and one.value == 0 and self._previous is not None and _is_scale(text, clause, one):
            return
        if not one.unit and not one.relative_to and _OCCASIONS.match(text, one.end):
            return
        if one.upper is not None and _NORMAL_RANGE.search(text, max(0, one.start - 40), one.start):
            return
        last_end = self._previous_end if self._previous is not None and self._previous.at >= clause else 0
        own = subjects.of(one, subjects.near(self.named, self._ends, one), text, clause, last_end)
        converted = one.comparator == "eq" and _CONVERSION.search(text[max(0, one.start - 30) : one.start])
        if one.at < self._read_to or converted:
            return
        whom = _whom(text, one, clause, any(self._latest.get(v.variable, -1) >= clause for v in own))
        when = " ".join(text[slice(*whom)].split())
        comparator = self._comparator(one, following, own, clause, when)
        again = self._previous is not None and _IN_OTHER_UNITS.match(text, self._previous.end)
        if not (again and one.at < again.end()):
            self._previous = one  # what is told once more, in another unit, leaves the sign to what follows
            self._previous_end = max([one.end, *(v.end + 1 for v in own if v.start >= one.end)])
        label = subjects.change(text, own, one, clause)
        names = [""] if label else self._names(one, own)
        if names == ["Age"] and ages.is_only_told(one, text, clause):
            return
        if names == ["Age"] and (other := ages.of_another(one, text, clause)):
            names, label = [""], f"age: {other}"
        elif names == ["Age"] and (event := ages.at_event(one, text, clause)):
            label = event
        elif names == ["Age"] and self.bounds and ages.qualifies(self.bounds[-1].end, one, text):
            when = when or " ".join(text[one.start : one.end].split())
            self.bounds[-1].when = self.bounds[-1].when or when
        elif names == ["Age"] and (ages.of_assent(one, text, clause) or ages.is_of_some(one, text, clause)):
            when = when or " ".join(text[one.start : one.end].split())
        else:
            when = when or self._exception(one, names)
        if not names:
            read = unnamed.read(text, one, clause, comparator)
            if read is None:
                return
            names, (label, comparator) = [""], read
            last = self.bounds[-1] if self.bounds else None
            if last and not last.variable and _JOINT.fullmatch(text, last.end, one.start):
                label = last.label  # "ABI between 0.7 and ≤ 1.3"
        if _is_pressure(names) and (ranges := _RANGES.match(text, one.at)):
            self._read_to = ranges.end()
            for name, low, high in (("SystolicBloodPressure", 1, 2), ("DiastolicBloodPressure", 3, 4)):
                for op, value in (("ge", ranges[low]), ("le", ranges[high])):
                    self._add(
                        Bound(one.start, ranges.end(), name, op, Decimal(value), "mm[Hg]", "", "", when, one.at, whom)
                    )
            return
        pairs = self._pairs(one, following, own, names, comparator)
        if not pairs:
            return
        start, end = _span(one, own)
        if _is_pressure(names) and (pair := _PAIR.match(text, one.at)) and len(pairs) == 1:
            if not comparator and following is not None:
                end = max(end, following.end)
            op, lower, self._read_to = pairs[0][0], Decimal(pair[1]), pair.end()
            for name, value in (("SystolicBloodPressure", pairs[0][1]), ("DiastolicBloodPressure", lower)):
                self._add(Bound(start, max(end, pair.end()), name, op, value, "mm[Hg]", "", "", when, one.at, whom))
            return
        code = one.unit or ("a" if (names == ["Age"] or label.startswith("age: ")) and not one.relative_to else "")
        for name in names:
            for op, value in pairs:
                measure = one.upper_unit if value == one.upper and one.upper_unit else code
                self._add(Bound(start, end, name, op, value, measure, one.relative_to, label, when, one.at, whom))

    def _comparator(self, one: Quantity, following: Quantity | None, own: list[Named], clause: int, when: str) -> str:
        """The number's own comparator, or the one that it shares with the number before or after it; "" for none."""
        if one.comparator:
            return one.comparator
        text, previous = self.text, self._previous
        found = ""
        if previous is not None and previous.comparator and previous.at >= clause:
            same_limit = (
                one.relative_to and one.relative_to == previous.relative_to and "(" in text[previous.end - 1 : one.at]
            )
            found = previous.comparator if when or same_limit else ""
        if found or one.upper is not None:
            return found
        within = _WITHIN.search(text, max(0, one.start - 10), one.start)
        if within and (one.relative_to or [v.variable for v in own] == ["LifeExpectancy"]):
            return "le"
        closed = following is not None and following.comparator in ("le", "lt")
        if closed and following is not None and _BETWEEN.search(text, max(0, one.start - 24), one.start):
            return "ge" if text[one.end : following.start].strip() in ("and", "-") else ""  # "between 0.7 and ≤ 1.3"
        return ""

    def _names(self, one: Quantity, own: list[Named]) -> list[str]:
        """The variables that the number bounds; none when no known one is named."""
        text, headed = self.text, self.headed
        sign = text[one.start : one.at].strip(" (").lower()
        names = [n for n in dict.fromkeys(subjects.counted(v, one, text) for v in own) if n]
        if sign.endswith(_OF_GRADE):  # "albumin <= 3.5 g/dL, ascites (>= grade 2)"
            names = [n for n in names if terms.scheme("VariableScheme")[n].unit == "{score}"]
        if names:
            return names
        of_time = bool(headed) and headed[0] in subjects.timed_variables()
        if of_time and one.is_time and headed[0] != "Age":
            return headed[:1]
        if ages.is_age(one, text) or (sign in _YOUNG and ages.is_bare_age(one, text)):
            return ["Age"]
        if one.unit == "wk" and (_OF_PREGNANCY.match(text, one.end) or "gestational" in text[one.at : one.end].lower()):
            return ["GestationalAge"]
        if not one.unit and _PRESSURES.match(text, one.at):
            return ["BloodPressure"]
        timed = one.is_time or not one.unit
        if one.is_time and (_PASSING.match(text, one.end) or _LASTED.search(text, max(0, one.start - 40), one.start)):
            return []  # "a biopsy up to 6 months before", under whatever heading
        return headed[:1] if headed and not one.spelled and (timed or not of_time) else []

    def _exception(self, one: Quantity, names: list[str]) -> str:
        """The words of an exception in which a quantity is bounded once more: "unless it is above 3"."""
        exempt = self._exempt
        if not exempt or one.at <= exempt.end():
            return ""
        before = any(self._latest.get(n, len(self.text)) < exempt.start() for n in names)
        return " ".join(self.text[exempt.start() : one.end].split()) if before else ""

    def _pairs(
        self, one: Quantity, following: Quantity | None, own: list[Named], names: list[str], comparator: str
    ) -> list[tuple[str, Decimal]]:
        """The comparators with their values: two for a range; none for a number that bounds nothing."""
        text = self.text
        if one.upper is not None:
            if comparator in ("lt", "le") and one.unit != "":
                return [(comparator, one.upper)]
            if one.unit in _A_TIME and comparator in ("ge", "gt") and text[one.start : one.at].strip()[:1].isalpha():
                return [(comparator, one.value)]  # "at least 3-4 a year"
            return [("ge", one.value), ("lt" if _EXCLUSIVE.match(text, one.end) else "le", one.upper)]
        if comparator == "eq" and _TO_SIGN.match(text, one.end):
            return [("ge", one.value)]  # "= 5 % to < 25 %"
        if comparator:
            return [(comparator, one.value)]
        if _is_pressure(names) and following is not None and following.comparator and _PAIR.match(text, one.at):
            return [(following.comparator, one.value)]  # "160/110 mmHg or more"
        if names == ["Age"] and not own and _TO_SIGN.match(text, one.end):
            return [("ge", one.value)]
        adjacent = (
            names not in ([""], ["LesionCount"])
            and own
            and own[-1].end <= one.at
            and _ADJACENT.match(_SHORT_FORM.sub("", text[own[-1].end : one.at], count=1))
            and not one.spelled
        )
        if not adjacent or (1900 <= one.value <= 2100 and not one.unit):
            return []  # also the year of a classification: "ACR 1990"
        before = quantities.comparator_before(text, own[-1].start)  # "less than or equal to ECOG 2"
        return [(before[0] if before else "ge" if _TO_SIGN.match(text, one.end) else "eq", one.value)]


def _share_unit(text: str, one: Quantity, following: Quantity | None) -> None:
    """Give a number without a unit that of the number after it: "between 50 and 100 mg"."""
    if one.unit or following is None or not following.unit or following.at - one.end >= 28:
        return
    between = text[one.end : following.start]
    adjective = following.upper is None and "-" in text[following.at : following.end]  # "24-hour"
    apart = "(" in between and (
        following.upper is not None or following.comparator
    )  # "at least 500 (1 to 5 years of age)"
    if not (adjective or apart) and _SAME_UNIT.fullmatch(between):
        one.unit = following.unit
        one.relative_to = one.relative_to or following.relative_to


def _span(one: Quantity, own: list[Named]) -> tuple[int, int]:
    """From where to where a bound stands: the number with the variable beside it."""
    start = own[0].start if own and own[0].end <= one.start and one.start - own[-1].end <= 30 else one.start
    end = max(one.end, own[-1].end) if own and own[0].start >= one.end else one.end
    return start, end


def canonical(one: Bound) -> Decimal | None:
    """The value in the canonical unit of the variable; None where there is none or it cannot be converted."""
    if not one.variable or one.relative_to:
        return None
    term = terms.scheme("VariableScheme")[one.variable]
    if one.unit.startswith(LOGARITHM):
        power = number.within(number.plain(Decimal(f"{10**one.value:.10g}"))) if abs(one.value) < 27 else None
        return None if power is None else unit.convert(power, one.unit.removeprefix(LOGARITHM), term.unit)
    if one.unit == "g/L" and term.unit == "/uL":  # "1.5 G/L": giga per litre, as French laboratories write it
        return unit.convert(one.value, "10*9/L", term.unit)
    if term.unit == "%" and not one.unit and 0 < one.value < 1:
        return number.plain(one.value * 100)  # "HbA1c > 0.066"
    if one.unit == "%" and term.unit == "1":
        return one.value / 100
    if one.unit == "{SD}" and term.unit == "{score}":
        return one.value
    if term.unit in ("{score}", "{count}", "1", "%") or not one.unit:
        return one.value if one.unit in ("", "%", term.unit) and term.unit in ("{score}", "{count}", "1", "%") else None
    return unit.convert(one.value, one.unit, term.unit, term.molar_mass)
