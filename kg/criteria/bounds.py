"""Bounds on quantities: which variable a number belongs to, and how the person's value must stand to it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from kg import assets, terms
from kg.criteria import ages, quantities, stages, variables
from kg.criteria.cues import pattern
from kg.criteria.quantities import SIGN, Quantity
from kg.criteria.spans import Spans
from kg.criteria.variables import Named
from kg.language import unit
from kg.mesh import words

_CLAUSE = re.compile(r";|\n|\.\s+(?=[A-Z])|\.$")
_CHAINED = re.compile(
    r"[\s/,()\[\]-]*+(?:(?:(?:and/or|and|or|&)[\s/,()]*+|(?<=[/,])|(?<=[/,]\s))(?:(?:the|serum|total|absolute|either|both)\s++)*+)?$",
    re.I,
)
_LINK_AFTER = re.compile(
    r"[\s,()-]*+(?:(?:of|for|in|on|the|a|an|serum|total|their|as|by|estimated|measured|resting|body)\s++)*+$", re.I
)
_ADJACENT = re.compile(
    r"[\s:()\[\]=,-]*(?:(?:of|is|level|levels|score|scores|value|values|status|count|class|grade|functional|performance|age|the|was|must|be|"
    r"should|a|equal|stage|range|ranging|between|from|and|older|years|defined|as|at|screening|baseline)[\s:()=,-]*)*$",
    re.I,
)
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
#: What is counted is how often something was measured: "above 126 mg/dL on at least two occasions".
_OCCASIONS = re.compile(
    r"\s+(?:(?:separate|different|consecutive)\s+)?(?:occasions?|readings?|measurements?|visits?|determinations?)\b",
    re.I,
)
#: Words between two numbers that show that the second is no age: "aged 7-10, and have IQ > 80".
_OTHER_WORDS = re.compile(
    r"\b(?!(?:years?|yrs?|yo|of|age[ds]?|old|and|or|to|but|not|no|is|are|be|than|inclusive|months?|through|between|for|with|in|the|if|women|men|males?|females?|girls?|boys?|children|adults?|more|less|at|least|most|up|over|under|above|below|equal|greater|younger|older)\b)[a-z]{2,}",
    re.I,
)
_LENGTHS = ("mm", "cm", "m", "[in_i]")
#: What a scale runs over: "pain > 5 (0-10 scale)", "2 or more (based on a scale of 0-4)".
_SCALE = re.compile(r"[(,]\s*+(?:[a-z]+ ){0,5}(?:range[ds]?|scale|scored?)?(?: (?:of|from))?\s*+:?+\s*+$", re.I)
_SCALE_BEHIND = re.compile(r"[\w\s]{0,12}\)")
#: A number that a range begins with whose end has a sign: "aged 1 to < 6 years".
_TO_SIGN = re.compile(
    r"\s*+(?:to|-|–)\s*+(?:<|≤|less than|under|below|younger than|up to|not more than|no older than|not older than)",
    re.I,
)
_AFTER_NUMBER = re.compile(r"(?:year|yr|month|week)", re.I)
#: Below this a number without a unit is no blood pressure ("hypertension of stage 2").
_LEAST_PRESSURE = 30
_MEASURES = re.compile(
    r"\b(?:scores?|scales?|index|levels?|count|rate|ratio|number|grade|value|size|diameter|length|dose|concentration|volume|titer|titre|"
    r"thickness|depth|rating|distance|pressure|percentage|gap|iq|quotient|intake|units?|range|area|density|interval|angle|width|height|power|acuity|class|stage|group|impedance|temperature|frequency|strength|equivalents?)s?$",
    re.I,
)
_SPREAD = re.compile(r"\b(?:between|range|ranging)\b\D*$", re.I)
_GRADED = re.compile(r"\b(?:scores?|scale|index|\w+ (?:stage|grade|class))$", re.I)
#: The short form of what was just named: "absolute neutrophil count (ANC) 1,500".
_SHORT_FORM = re.compile(r"\A\s?\([A-Z][A-Za-z0-9/-]{1,9}\)")
_OF_GRADE = re.compile(r"\b(grade|stage|class)\b", re.I)
#: What lasts, and is a quantity of its own: "cycle length 25-34 days".
#: A score by its short name: "SCORTEN 1 to 5".
_CAPITALS = re.compile(r"(?:^|\s)([A-Z]{3,9})$")
_SIGN_BEFORE = re.compile(r"(>|<|≥|≤)\s?(?=[A-Za-z])")
_PUPILS = re.compile(
    r"(?:st|nd|rd|th)?\s+(?:grade )?(?:school|class(?:es)?\b|students?|pupils?|children|(?:of|in) (?:a |the )?(?:primary|elementary|middle|high|secondary) school|anti-?\s?arr?hyth?mics?|anti-arr?hyth?mic)",
    re.I,
)
_ENDS = re.compile(r"\s*+(?:[,;.)\n]|$|or\b|at\b)")
#: What a method of contraception is good for, not a patient.
_OF_A_METHOD = re.compile(
    r"\b(?:failure rate|pearl[- ]index|unit of alcohol|mean age|risk of (?:relapse|recurrence)|(?:relapse|recurrence) risk)\b|^normal\b.*\b(?:levels?|values?|range)\b",
    re.I,
)
_MONEY = re.compile(r"\s?(?:euros?|dollars?|usd|eur|€|\$)\b", re.I)
_LASTING = re.compile(r"\b(?:length|duration|cycles?|intervals?)(?: of)?$", re.I)
_DURATION = re.compile(
    r"\b(?:(?:disease|illness|surgical|operation|operative|expected|planned|total) duration|duration of (?:disease|illness|surgery|operation|anesthesia|anaesthesia|stay|hospital stay|hospitali[sz]ation|scan|procedure))(?: of)?$",
    re.I,
)
_OF_THESE = re.compile(
    r"\s+(?:of|out of|from)\s+(?:the\s+|these\s+)?(?:following|criteria|below|these|\d|three|four|five|six|risk factors|symptoms)",
    re.I,
)
_YOUNG = frozenset({"under", "over", "above", "below", "younger than", "older than"})
_TIMED = frozenset({"a", "mo", "wk", "d"})


_DAILY = re.compile(r"(?:mg|ug|g)/d(?![A-Za-z])")
#: Two pressures in one number: "140/90".
_PAIR = re.compile(r"\d{2,3}\s?/\s?(\d{2,3})\b")


@dataclass(slots=True)
class Bound:
    """One bound: the variable ("" when no known one), comparator, value and unit, with its span in the text.

    ``label``: the words for an unknown quantity; ``when``: whom the bound applies to, as written, and ``whom``: where that stands.
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


@cache
def _timed_variables() -> frozenset[str]:
    return frozenset(n for n, t in terms.scheme("VariableScheme").items() if t.unit in _TIMED)


@cache
def _not_scores() -> frozenset[str]:
    return frozenset(assets.facts("criteria")["not_scores"])


def _fits(variable: str, one: Quantity) -> bool:
    """Whether a number with this unit can be a value of the variable."""
    timed = variable in _timed_variables()
    most = stages.GREATEST.get(variable)
    if most and not one.relative_to and (one.unit == "%" or (one.upper or one.value) > most):
        return False  # "performance status: Karnofsky 50-100 %"
    if one.value < 0 and not one.unit and (timed or terms.scheme("VariableScheme")[variable].unit != "{score}"):
        return False  # "height-for-age z-score < -3"
    if one.is_time:
        return timed
    if timed:
        return one.unit == "" and not one.relative_to
    wanted = terms.scheme("VariableScheme")[variable].unit
    if one.unit == "%" and not one.relative_to and wanted not in ("%", "{score}", "{count}"):
        return False
    if wanted == "mm[Hg]" and not one.unit and one.value < _LEAST_PRESSURE:
        return False
    if one.unit in _LENGTHS and wanted not in (*_LENGTHS, "{score}"):
        return False
    if _DAILY.match(one.unit) and wanted != one.unit:
        return False
    return not (wanted == "{score}" and one.unit not in ("", "%", "{score}", "cm", "mm"))


def _chain(found: list[Named], last: int, text: str) -> list[Named]:
    """The variables joined before this one ("AST and ALT"), itself included."""
    chain = [found[last]]
    if last > 0 and text[found[last - 1].end : found[last].start] == " (":
        return chain  # "anemia (hematocrit < 34%)": what stands in the brackets is meant
    while (
        last > 0
        and "\n" not in text[found[last - 1].end : found[last].start]
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
    before = [
        i
        for i, v in enumerate(found)
        if v.start >= clause and v.end <= one.at and _fits(v.variable, one) and not _AFTER_NUMBER.match(text, v.start)
    ]
    inside = [v for v in found if one.at <= v.start < one.end and _fits(v.variable, one)]
    counted = one.spelled and not one.unit and after and text[one.end : after[0].start].isspace()
    if counted and terms.scheme("VariableScheme")[after[0].variable].unit != "{count}":
        return []  # "at least one temperature above 38": a number of measurements
    directly = directly and bool(one.unit or one.comparator or one.relative_to)
    if one.flipped and directly:
        return after[:1]
    if inside and not before:
        return inside[:1]
    if before:
        nearest = found[before[-1]]
        gap = text[nearest.end : one.start]
        if one.spelled and len(gap) > 20:
            return after[:1] if directly else []
        if directly and (previous_end > nearest.end or len(gap) > 40):
            return after[:1]
        between = text[max(nearest.end, previous_end) : one.start]
        told = nearest.variable == "Age" and not one.unit
        if told and (len(gap) > 45 or (previous_end > nearest.end and _OTHER_WORDS.search(between))):
            return []  # "age 65 and under who have failed at least 1 therapy"
        if len(gap) <= 90:
            return [v for v in _chain(found, before[-1], text) if _fits(v.variable, one)]
    return after[:1] if directly else []


def _whom(text: str, one: Quantity, clause: int, again: bool) -> tuple[int, int]:
    """Where it stands whom or what a bound is for: behind it, or before it ("if less than 18 years"); (0, 0) when nowhere.

    ``again``: its quantity had one before.
    """
    if match := pattern("applies").match(text, one.end):
        return match.span(1)
    if again and (match := pattern("also").match(text, one.end)):
        return match.span()
    first = max(clause, one.start - 100)
    if match := pattern("only_if").search(text[first : one.start]):
        return first + match.start(), one.end
    return 0, 0


def _is_pressure(names: list[str]) -> bool:
    """Whether what is bound is a pressure of two numbers."""
    return names in (["BloodPressure"], ["SystolicBloodPressure", "DiastolicBloodPressure"])


def _counted(named: Named, one: Quantity, text: str) -> str:
    """The variable, but the number of tumors where the number has no unit of length."""
    if named.variable == "TumorSize" and not one.unit:
        return "LesionCount" if text[named.start : named.end].rstrip().endswith("s") else ""
    return named.variable


def _is_scale(text: str, clause: int, one: Quantity) -> bool:
    """Whether a range is that of the scale on which the number before it stands."""
    lead = text[max(clause, one.start - 60) : one.start]
    return not one.comparator and bool(_SCALE.search(lead)) and bool(_SCALE_BEHIND.match(text, one.end))


def _label(text: str, start: int, clause: int) -> str:
    """The words before a number whose quantity is not known."""
    before = re.sub(r"[(\[:,]\s*$", "", text[max(clause, start - 80) : start].strip())
    before = re.sub(r"(?<!\s)\s*+\([^()]{1,30}\)\s*+(?=(?:of|is|range|level|score)?+\s*+$)", " ", before).strip()
    before = re.sub(r"(?<!\s)\s++(?:of|is|a|are|was|range|ranging|between|from|must be|should be|being|:)$", "", before)
    piece = re.split(r"[,;:()]| and | or | with | have | has ", before)[-1]
    return " ".join(piece.split()[-6:])


def find(text: str, section: str = "") -> list[Bound]:
    """The bounds on quantities in a text, in order. Windows of time are not among them.

    ``section`` is the heading above the text: under "Age:", "18 and over" is an age.
    """
    headed = [v.variable for v in variables.find(section, words(section))] if len(section) < 40 else []
    found = variables.find(text, words(text))
    bounds: list[Bound] = []
    latest: dict[str, int] = {}  # where the last bound on a variable begins

    def add(bound: Bound) -> None:
        bounds.append(bound)
        latest[bound.variable] = max(bound.start, latest.get(bound.variable, -1))

    for grade in stages.find(text, found):
        called = "" if grade.variable else _label(text, grade.at - 1, 0)
        add(
            Bound(
                grade.start,
                grade.end,
                grade.variable,
                grade.comparator,
                Decimal(grade.value),
                "",
                "",
                called,
                at=grade.at,
            )
        )
    taken = [(b.at, b.end) for b in bounds]
    clauses = [0, *(m.end() for m in _CLAUSE.finditer(text))]
    busy = Spans(taken)
    numbers = [q for q in quantities.find(text) if not busy.touch(q.at, q.at + 1)]
    ends = [v.end for v in found]
    previous: Quantity | None = None
    exempt = pattern("exception").search(text)
    for i, one in enumerate(numbers):
        clause = clauses[bisect_right(clauses, one.at) - 1]
        if not one.unit and i + 1 < len(numbers) and numbers[i + 1].unit and numbers[i + 1].at - one.end < 28:
            between = text[one.end : numbers[i + 1].start]
            adjective = (
                numbers[i + 1].upper is None and "-" in text[numbers[i + 1].at : numbers[i + 1].end]
            )  # "24-hour"
            apart = "(" in between and (
                numbers[i + 1].upper is not None or numbers[i + 1].comparator
            )  # "at least 500 (1 to 5 years of age)"
            if not (adjective or apart) and re.fullmatch(
                r"[\s,]*+(?:and|or|to|but|-|–|&)?+[\s(]*+(?:age\s*+)?+", between, re.I
            ):
                one.unit = numbers[i + 1].unit
                one.relative_to = one.relative_to or numbers[i + 1].relative_to
        if one.upper is not None and one.value == 0 and previous is not None and _is_scale(text, clause, one):
            continue
        if not one.unit and not one.relative_to and _OCCASIONS.match(text, one.end):
            continue
        last_end = previous.end if previous is not None and previous.at >= clause else 0
        own = _subjects(one, _near(found, ends, one), text, clause, last_end)
        whom = _whom(text, one, clause, any(latest.get(v.variable, -1) >= clause for v in own))
        when = " ".join(text[slice(*whom)].split())
        comparator = one.comparator
        if not comparator and previous is not None and previous.comparator and previous.at >= clause:
            same_limit = (
                one.relative_to and one.relative_to == previous.relative_to and "(" in text[previous.end - 1 : one.at]
            )
            if when or same_limit:
                comparator = previous.comparator
        if (
            not comparator
            and one.relative_to
            and one.upper is None
            and re.search(r"\bwithin\s*$", text[max(0, one.start - 10) : one.start])
        ):
            comparator = "le"
        previous = one
        names = [n for n in dict.fromkeys(_counted(v, one, text) for v in own) if n]
        sign = text[one.start : one.at].strip(" (").lower()
        if not names and headed and headed[0] in _timed_variables() and one.is_time and headed[0] != "Age":
            names = headed[:1]
        if not names and (ages.is_age(one, text) or (sign in _YOUNG and ages.is_bare_age(one, text))):
            names = ["Age"]
        timed = one.is_time or not one.unit
        if not names and headed and not one.spelled and (timed or headed[0] not in _timed_variables()):
            names = headed[:1]
        label = ""
        if names == ["Age"] and ages.is_only_told(one, text, clause):
            continue
        if names == ["Age"] and (other := ages.of_another(one, text, clause)):
            names, label = [""], f"age: {other}"
        elif names == ["Age"] and bounds and ages.qualifies(bounds[-1].end, one, text):
            when = when or " ".join(text[one.start : one.end].split())
            bounds[-1].when = bounds[-1].when or when
        elif exempt and one.at > exempt.end() and any(latest.get(n, len(text)) < exempt.start() for n in names):
            when = when or " ".join(text[exempt.start() : one.end].split())
        if not names:
            called = _label(text, one.start, clause)
            if called in ("n", "N"):
                continue  # how many take part
            if _OF_A_METHOD.search(called) or _PUPILS.match(text, one.end) or _MONEY.match(text, one.end):
                continue
            measured = _MEASURES.search(called) and not one.is_time and not one.spelled
            if (short := _CAPITALS.search(called)) and not (one.unit or one.spelled) and one.value <= 100:
                closed = one.upper is not None or _ENDS.match(text, one.end)
                measured = measured or bool(closed and not sign and short[1] not in _not_scores())
            if named_by := _SIGN_BEFORE.match(called):  # "> Tonis grade 1"
                called, comparator = called[named_by.end() :], comparator or SIGN[named_by[1]]
            if graded := _OF_GRADE.search(sign):
                called, measured = f"{called} {graded[1]}", True
            spread = one.upper is not None and (measured or _SPREAD.search(text, max(0, one.start - 16), one.start))
            ranging = one.upper is not None and bool(_LASTING.search(called))
            lasting = one.is_time and (ranging or (bool(comparator) and bool(_DURATION.search(called))))
            sure = lasting or (
                (comparator or spread)
                and not one.is_time
                and (sign not in _VAGUE or bool(one.unit or spread or measured))
            )
            if not comparator and measured and (_GRADED.search(called) or _CAPITALS.search(called)) and sign != "from":
                comparator, sure = "" if one.upper is not None else "eq", True
            if not sure or (one.unit == "" and not one.relative_to and one.spelled):
                continue
            bare = not one.unit and not one.relative_to and (sign[:1].isalpha() or not sign)
            if _OF_THESE.match(text, one.end):
                continue  # "two or more of the following"
            counting = re.match(r"\s+(?:of|or|consecutive|times)\b", text[one.end :][:14]) or (
                one.value <= 3 and one.value == int(one.value)
            )
            if bare and counting and not measured and not _MEASURES.search(called):
                continue  # "at least 2 of the following", "more than one episode"
            label = called or " ".join(
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
            and own[-1].end <= one.at
            and _ADJACENT.match(_SHORT_FORM.sub("", text[own[-1].end : one.at], count=1))
            and not one.spelled
        ):
            if 1900 <= one.value <= 2100 and not one.unit:
                continue  # the year of a classification: "ACR 1990"
            before = quantities.comparator_before(text, own[-1].start)  # "less than or equal to ECOG 2"
            sign_of = before[0] if before else "ge" if _TO_SIGN.match(text, one.end) else "eq"
            pairs = [(sign_of, one.value)]
        else:
            continue
        if _is_pressure(names) and (pair := _PAIR.match(text, one.at)) and len(pairs) == 1:
            op, lower = pairs[0][0], Decimal(pair[1])
            for name, value in (("SystolicBloodPressure", pairs[0][1]), ("DiastolicBloodPressure", lower)):
                add(Bound(start, max(end, pair.end()), name, op, value, "mm[Hg]", "", "", when, one.at, whom))
            continue
        for name in names:
            for op, value in pairs:
                add(Bound(start, end, name, op, value, code, one.relative_to, label, when, one.at, whom))
    return sorted(bounds, key=lambda b: (b.at, b.start))


def canonical(one: Bound) -> Decimal | None:
    """The value in the canonical unit of the variable; None where there is none or it cannot be converted."""
    if not one.variable or one.relative_to:
        return None
    term = terms.scheme("VariableScheme")[one.variable]
    if one.unit == "g/L" and term.unit == "/uL":  # "1.5 G/L": giga per litre, as French laboratories write it
        return unit.convert(one.value, "10*9/L", term.unit)
    if term.unit in ("{score}", "{count}", "1", "%") or not one.unit:
        return one.value if one.unit in ("", "%", term.unit) and term.unit in ("{score}", "{count}", "1", "%") else None
    return unit.convert(one.value, one.unit, term.unit, term.molar_mass)
