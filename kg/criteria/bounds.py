"""Bounds on quantities: which variable a number belongs to, and how the person's value must stand to it."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from kg import terms
from kg.criteria import ages, quantities, stages, unnamed, variables
from kg.criteria.cues import pattern
from kg.criteria.quantities import LENGTHS, LOGARITHM, PERCENTILE, Quantity
from kg.criteria.spans import Spans
from kg.criteria.variables import Named
from kg.language import number, unit
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
#: What is counted is how often something was measured: "above 126 mg/dL on at least two occasions".
#: Behind the weeks of a pregnancy: "before 37 weeks of gestation", "20 weeks of amenorrhea" as French records have it.
_OF_PREGNANCY = re.compile(
    r"\s?['’]?\s?(?:of (?:amenorrh\w{1,4}|pregnancy|gestation)|pregnant|gestation(?:al)?)\b", re.I
)
_EXCLUSIVE = re.compile(r"\s?\((?:exclusive|excluded|excl\.?)\)", re.I)
_BETWEEN = re.compile(r"\bbetween\s(?:the ages of\s)?\Z", re.I)
_JOINT = re.compile(r"[\s,]*(?:and|or|but|to|-|–)?\s*(?:the\s)?")
#: Measures of sight that are no decimals.
_OTHER_SIGHT = re.compile(r"\s{0,3}(?:logMAR|ETDRS|letters?|lines?)\b", re.I)
_CLOSED = re.compile(r"[^()]*+\)")
#: "Lesions < 3 cm are eligible only if ...": a bound that says for whom something else is asked.
_ELIGIBLE_ONLY = re.compile(
    r"[^.;<>≥≤]{0,40}\b((?:is|are|will be|may be) (?:only eligible|eligible only) (?:if|when|provided)\b[^.;]{0,120})"
)
_WITHIN = re.compile(r"\bwithin\s*\Z")
_OCCASIONS = re.compile(
    r"\s+(?:(?:separate|different|consecutive)\s+)?(?:occasions?|readings?|measurements?|visits?|determinations?|(?:abnormal|positive|negative|elevated|low|high) (?:values?|results?|tests?))\b",
    re.I,
)
#: Words between two numbers that show that the second is no age: "aged 7-10, and have IQ > 80".
_OTHER_WORDS = re.compile(
    r"\b(?!(?:years?|yrs?|yo|of|age[ds]?|old|and|or|to|but|not|no|is|are|be|than|inclusive|months?|through|between|for|with|in|the|if|women|men|males?|females?|girls?|boys?|children|adults?|more|less|at|least|most|up|over|under|above|below|equal|greater|younger|older)\b)[a-z]{2,}",
    re.I,
)
#: Words before a number of years that show that it is none of age: "aged over 18 with symptoms for at least 2 years".
_PASSED = re.compile(
    r"\b(?:since|for|prior|within|past|last|history|duration|symptoms?|diagnos\w+|disease|ago|survival|expectancy|every|after|before|treat\w+|therapy)\b",
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
#: How much something became more or less, which is no value of it: "weight loss > 10 kg", "decrease in hemoglobin of more than 2 g/dL".
_CHANGE = re.compile(
    r"\s?\(?\b(?:loss|gain|changes?|changed|fluctuations?|fluctuated|variations?|drop|decline|reduction|(?:in|de)crease(?=\s(?:of|by)\b))\b(?!.{0,40}\b(?:to|below|above)\s*$)",
    re.I,
)
_CHANGE_BY = re.compile(r"\b(drop|fall|decrease|increase|change|rise|decline|reduction)s? (?:of|by) \Z", re.I)
_GRADE_OF = re.compile(r"\b(?:grade|stage|class)\W{0,3}\Z", re.I)
_CHANGE_APART = re.compile(r"\b(gain|loss|change|fluctuation|variation)s?\b[^.;]{0,12}\Z", re.I)
_CHANGE_BEFORE = re.compile(
    r"\b(loss|gain|changes?|fluctuations?|variations?|drop|decline|reduction|(?:in|de)crease) (?:of|in) (?:the |their |his |her |body |total |serum ){0,2}$",
    re.I,
)
_AFTER_NUMBER = re.compile(r"(?:year|yr|month|week)", re.I)
#: Below this a number without a unit is no blood pressure ("hypertension of stage 2").
_LEAST_PRESSURE = 30
#: The short form of what was just named: "absolute neutrophil count (ANC) 1,500".
_SHORT_FORM = re.compile(r"\A\s?\([A-Z][A-Za-z0-9/-]{1,9}\)")
_YOUNG = frozenset({"under", "over", "above", "below", "younger than", "older than"})
_TIMED = frozenset({"a", "mo", "wk", "d"})


_DAILY = re.compile(r"(?:mg|ug|g)/d(?![A-Za-z])")
#: Where the next bound begins, behind whom the last one was for: "60 kg for men and 48 kg for women".
_NEXT_BOUND = r",?\s(?:and|or|,)\s(?:(?:at least|at most|no less than|no more than|[<>≤≥]=?)\s?)?\d[\d.,]{0,7}"
_PRESSURES = re.compile(r"\d{2,3}\s?/\s?\d{2,3}\s?mm\s?Hg\b", re.I)
#: A value once more, in another unit: "at least 60 kg (132 lbs) for men".
_IN_OTHER_UNITS = re.compile(r"\s?\(\s?[\d.,]+\s?[A-Za-z/%]{1,12}\s?\)")
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


@cache
def _timed_variables() -> frozenset[str]:
    return frozenset(n for n, t in terms.scheme("VariableScheme").items() if t.unit in _TIMED)


def _fits(variable: str, one: Quantity) -> bool:
    """Whether a number with this unit can be a value of the variable."""
    timed = variable in _timed_variables()
    most = stages.GREATEST.get(variable)
    if most and not one.relative_to and (one.unit == "%" or (one.upper or one.value) > most):
        return False  # "performance status: Karnofsky 50-100 %"
    if one.value < 0 and not one.unit and (timed or terms.scheme("VariableScheme")[variable].unit != "{score}"):
        return False  # "height-for-age z-score < -3"
    if one.unit == PERCENTILE:
        return False
    if one.is_time:
        return timed
    if timed:
        return one.unit == "" and not one.relative_to
    if variable == "BodyHeight" and one.unit == "mm":
        return False  # "alveolar height > 8 mm"
    wanted = terms.scheme("VariableScheme")[variable].unit
    if one.unit == "%" and not one.relative_to and wanted not in ("%", "{score}", "{count}"):
        return False
    if wanted == "mm[Hg]" and not one.unit and one.value < _LEAST_PRESSURE:
        return False
    if variable == "PriorRegimens" and one.unit:
        return False
    if one.unit in ("g", "kg") and not wanted.startswith(("g", "kg")):
        return False  # "an oral glucose solution of up to 100 g"
    if one.unit in ("s", "ms") and wanted not in ("s", "ms", "%"):
        return False  # "heart rate above 100 for 30 seconds"
    if one.unit in LENGTHS and wanted not in (*LENGTHS, "{score}"):
        return False
    if _DAILY.match(one.unit) and wanted != one.unit:
        return False
    return not (wanted == "{score}" and one.unit not in ("", "%", "{score}", "{SD}", "cm", "mm"))


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
        if found[last].variable != "Age":  # "0 to 14 days of age, gestational age > 37 weeks"
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
        counts = not one.unit and terms.scheme("VariableScheme")[nearest.variable].unit == "{count}"
        if counts and (noun := unnamed.counted(text, one.end)) and not variables.find(noun, words(noun)):
            return []  # "to prevent pregnancy, 2 or more contraceptive methods"
        again = previous_end > nearest.end and bool(_OTHER_WORDS.search(between))
        if again and _CLOSED.match(between):
            return []  # "heart failure (NYHA 2 or worse), hypertension (stage 2)"
        if _GRADE_OF.search(text, nearest.end, one.start) and terms.scheme("VariableScheme")[
            nearest.variable
        ].unit not in ("{score}", ""):
            return []  # "renal insufficiency (grade 4)"
        if nearest.variable == "VisualAcuity" and _OTHER_SIGHT.match(text, one.end):
            return []
        if one.unit in LENGTHS and unnamed.from_place(text, one.end):
            return []
        told = nearest.variable == "Age" and not one.unit
        if told and (len(gap) > 45 or again):
            return []  # "age 65 and under who have failed at least 1 therapy"
        if one.is_time and again and (nearest.variable != "Age" or one.unit != "a" or _PASSED.search(between)):
            return []  # "aged 18 or older with a recent (< 48 h) admission"
        if len(gap) <= 90:
            return [v for v in _chain(found, before[-1], text) if _fits(v.variable, one)]
    return after[:1] if directly else []


def _whom(text: str, one: Quantity, clause: int, again: bool) -> tuple[int, int]:
    """Where it stands whom or what a bound is for: behind it, or before it ("if less than 18 years"); (0, 0) when nowhere.

    ``again``: its quantity had one before.
    """
    told = _IN_OTHER_UNITS.match(text, one.end)
    if match := _ELIGIBLE_ONLY.match(text, one.end):
        return match.span(1)
    if match := pattern("applies").match(text, told.end() if told else one.end):
        written = re.escape(text[one.at : one.end].lstrip("0123456789., "))
        following = (
            re.compile(rf"{_NEXT_BOUND}\s?{written}").search(text, match.start(1), match.end(1) + 12)
            if written
            else None
        )
        return match.start(1), following.start() if following else match.end(1)
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


def _change(text: str, own: list[Named], one: Quantity, clause: int) -> str:
    """What changes, where the number says how much a quantity changed: "weight loss"; "" where it is the quantity's own value."""
    if not own or one.relative_to or (own[-1].end > one.start and own[0].start < one.end):
        return ""
    first, last = own[0].start, own[-1].end
    if first >= one.end:
        change = _CHANGE_BY.search(text, max(clause, one.start - 40), one.start)
        return f"{text[first:last]} {change[1]}" if change else ""
    if change := _CHANGE.match(text, last, one.start):
        return " ".join(text[first : change.end()].replace("(", " ").split())
    if change := _CHANGE_BEFORE.search(text, max(clause, first - 40), first):
        return " ".join(text[change.start() : last].split())
    apart = own[-1].variable == "BodyWeight" and _CHANGE_APART.search(text, last, one.start)
    return f"{text[first:last]} {apart[1]}" if apart else ""


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
    headed = [v.variable for v in variables.find(section, words(section))] if len(section) < 40 else []
    found = variables.find(text, words(text))
    bounds: list[Bound] = []
    latest: dict[str, int] = {}  # where the last bound on a variable begins

    def add(bound: Bound) -> None:
        bounds.append(bound)
        latest[bound.variable] = max(bound.start, latest.get(bound.variable, -1))

    for grade in stages.find(text, found):
        called = "" if grade.variable else unnamed.before(text, grade.at - 1, 0)
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
    read_to = 0  # where the last pair of pressures ends
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
        if one.at < read_to or (
            one.comparator == "eq" and _CONVERSION.search(text[max(0, one.start - 30) : one.start])
        ):
            continue
        whom = _whom(text, one, clause, any(latest.get(v.variable, -1) >= clause for v in own))
        when = " ".join(text[slice(*whom)].split())
        comparator = one.comparator
        if not comparator and previous is not None and previous.comparator and previous.at >= clause:
            same_limit = (
                one.relative_to and one.relative_to == previous.relative_to and "(" in text[previous.end - 1 : one.at]
            )
            if when or same_limit:
                comparator = previous.comparator
        within = not comparator and one.upper is None and _WITHIN.search(text, max(0, one.start - 10), one.start)
        if within and (one.relative_to or [v.variable for v in own] == ["LifeExpectancy"]):
            comparator = "le"
        following = numbers[i + 1] if i + 1 < len(numbers) else None
        if (
            not comparator
            and one.upper is None
            and following is not None
            and following.comparator in ("le", "lt")
            and _BETWEEN.search(text, max(0, one.start - 24), one.start)
            and text[one.end : following.start].strip() in ("and", "-")
        ):
            comparator = "ge"  # "between 0.7 and ≤ 1.3"
        again = previous is not None and _IN_OTHER_UNITS.match(text, previous.end)
        if not (again and one.at < again.end()):
            previous = one  # what is told once more, in another unit, leaves the sign to what follows
        names = [n for n in dict.fromkeys(_counted(v, one, text) for v in own) if n]
        label = _change(text, own, one, clause)
        if label:
            names = [""]
        sign = text[one.start : one.at].strip(" (").lower()
        if not names and headed and headed[0] in _timed_variables() and one.is_time and headed[0] != "Age":
            names = headed[:1]
        if not names and (ages.is_age(one, text) or (sign in _YOUNG and ages.is_bare_age(one, text))):
            names = ["Age"]
        if (
            not names
            and one.unit == "wk"
            and (_OF_PREGNANCY.match(text, one.end) or "gestational" in text[one.at : one.end].lower())
        ):
            names = ["GestationalAge"]
        if not names and not one.unit and _PRESSURES.match(text, one.at):
            names = ["BloodPressure"]
        timed = one.is_time or not one.unit
        if not names and headed and not one.spelled and (timed or headed[0] not in _timed_variables()):
            names = headed[:1]
        if names == ["Age"] and ages.is_only_told(one, text, clause):
            continue
        if names == ["Age"] and (other := ages.of_another(one, text, clause)):
            names, label = [""], f"age: {other}"
        elif names == ["Age"] and (event := ages.at_event(one, text, clause)):
            label = event
        elif names == ["Age"] and bounds and ages.qualifies(bounds[-1].end, one, text):
            when = when or " ".join(text[one.start : one.end].split())
            bounds[-1].when = bounds[-1].when or when
        elif exempt and one.at > exempt.end() and any(latest.get(n, len(text)) < exempt.start() for n in names):
            when = when or " ".join(text[exempt.start() : one.end].split())
        if not names:
            read = unnamed.read(text, one, clause, comparator)
            if read is None:
                continue
            names, (label, comparator) = [""], read
            if bounds and not bounds[-1].variable and _JOINT.fullmatch(text, bounds[-1].end, one.start):
                label = bounds[-1].label  # "ABI between 0.7 and ≤ 1.3"
        start = one.start
        if own and own[0].end <= one.start and one.start - own[-1].end <= 30:
            start = own[0].start
        end = max(one.end, own[-1].end) if own and own[0].start >= one.end else one.end
        code = one.unit or ("a" if (names == ["Age"] or label.startswith("age: ")) and not one.relative_to else "")
        if one.upper is not None:
            pairs = [("ge", one.value), ("le", one.upper)]
            if _EXCLUSIVE.match(text, one.end):
                pairs[1] = ("lt", one.upper)
            if comparator in ("lt", "le") and one.unit != "":
                pairs = [(comparator, one.upper)]
        elif comparator:
            pairs = [(comparator, one.value)]
        elif _is_pressure(names) and i + 1 < len(numbers) and numbers[i + 1].comparator and _PAIR.match(text, one.at):
            pairs = [(numbers[i + 1].comparator, one.value)]  # "160/110 mmHg or more"
            end = max(end, numbers[i + 1].end)
        elif names == ["Age"] and not own and _TO_SIGN.match(text, one.end):
            pairs = [("ge", one.value)]
        elif (
            names not in ([""], ["LesionCount"])
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
            op, lower, read_to = pairs[0][0], Decimal(pair[1]), pair.end()
            for name, value in (("SystolicBloodPressure", pairs[0][1]), ("DiastolicBloodPressure", lower)):
                add(Bound(start, max(end, pair.end()), name, op, value, "mm[Hg]", "", "", when, one.at, whom))
            continue
        for name in names:
            for op, value in pairs:
                measure = one.upper_unit if value == one.upper and one.upper_unit else code
                add(Bound(start, end, name, op, value, measure, one.relative_to, label, when, one.at, whom))
    return sorted(bounds, key=lambda b: (b.at, b.start))


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
    if one.unit == "{SD}" and term.unit == "{score}":
        return one.value
    if term.unit in ("{score}", "{count}", "1", "%") or not one.unit:
        return one.value if one.unit in ("", "%", term.unit) and term.unit in ("{score}", "{count}", "1", "%") else None
    return unit.convert(one.value, one.unit, term.unit, term.molar_mass)
