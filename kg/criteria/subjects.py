"""Which of the quantities that a text names a number belongs to."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cache

from kg import terms
from kg.criteria import stages, unnamed, variables
from kg.criteria.quantities import LENGTHS, PERCENTILE, Quantity
from kg.criteria.variables import Named
from kg.mesh import words

_CHAINED = re.compile(
    r"[\s/,()\[\]-]*+(?:(?:(?:and/or|and|or|&)[\s/,()]*+|(?<=[/,])|(?<=[/,]\s))(?:(?:the|serum|total|absolute|either|both)\s++)*+)?$",
    re.I,
)
_LINK_AFTER = re.compile(
    r"[ \t,()-]*+(?:(?:of|for|in|on|the|a|an|serum|total|their|as|by|estimated|measured|resting|body)\s++)*+$", re.I
)
#: Measures of sight that are no decimals.
_OTHER_SIGHT = re.compile(r"\s{0,3}(?:logMAR|ETDRS|letters?|lines?)\b", re.I)
#: Where "EF" is the erectile function.
_ERECTILE = re.compile(r"\b(?:erectile|erection|IIEF)\b|\bEF (?:domain|score)", re.I)
_CLOSED = re.compile(r"[^()]*+\)")
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
#: How much something became more or less, which is no value of it: "weight loss > 10 kg", "decrease in hemoglobin of more than 2 g/dL".
_CHANGE = re.compile(
    r"\s?\(?\b(?:loss|gain|changes?|changed|fluctuations?|fluctuated|variations?|variability|differences?|gradient|drop|decline|reduction|(?:in|de)crease(?=\s(?:of|by)\b))\b(?!.{0,40}\b(?:to|below|above)\s*$)",
    re.I,
)
_CHANGE_BY = re.compile(r"\b(drop|fall|decrease|increase|change|rise|decline|reduction)s? (?:of|by) \Z", re.I)
_CHANGE_APART = re.compile(r"\b(gain|loss|change|fluctuation|variation)s?\b[^.;]{0,12}\Z", re.I)
_CHANGE_BEFORE = re.compile(
    r"\b(loss|gain|changes?|fluctuations?|variations?|drop|decline|reduction|(?:in|de)crease) (?:of|in) (?:the |their |his |her |body |total |serum ){0,2}$",
    re.I,
)
_TIMES_A_DAY = re.compile(r"\s{0,3}times\s(?:per|an?|each|every|daily|weekly|monthly)\b", re.I)
_GRADE_OF = re.compile(r"\b(?:grade|stage|class)\W{0,3}\Z", re.I)
_AFTER_NUMBER = re.compile(r"(?:year|yr|month|week)", re.I)
#: Below this a number without a unit is no blood pressure ("hypertension of stage 2").
_LEAST_PRESSURE = 30
_TIMED = frozenset({"a", "mo", "wk", "d"})
_PRESSURES = ("SystolicBloodPressure", "DiastolicBloodPressure")
_DAILY = re.compile(r"(?:mg|ug|g)/d(?![A-Za-z])")


@cache
def timed_variables() -> frozenset[str]:
    return frozenset(n for n, t in terms.scheme("VariableScheme").items() if t.unit in _TIMED)


def _fits(variable: str, one: Quantity) -> bool:
    """Whether a number with this unit can be a value of the variable."""
    timed = variable in timed_variables()
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
    if (
        one.unit == "%"
        and not one.relative_to
        and wanted not in ("%", "{score}", "{count}")
        and variable != "Fev1FvcRatio"
    ):
        return False
    if wanted == "mm[Hg]" and not one.unit and one.value < _LEAST_PRESSURE:
        return False
    if variable == "PriorRegimens" and one.unit:
        return False
    if (one.unit == "g" and not wanted.startswith(("g", "kg"))) or (
        one.unit == "kg" and wanted not in ("kg", "g", "kg/m2")
    ):
        return False  # "an oral glucose solution of up to 100 g"
    if one.relative_to and wanted == "{count}":
        return False
    if one.unit == "mm[Hg]" and wanted not in ("mm[Hg]", "kPa") and variable != "PaO2FiO2Ratio":
        return False
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


def near(found: list[Named], ends: list[int], one: Quantity) -> list[Named]:
    """The few variables around a number; those further off are never its own."""
    place = bisect_right(ends, one.start)
    return found[max(0, place - 8) : place + 6]


def of(one: Quantity, found: list[Named], text: str, clause: int, previous_end: int) -> list[Named]:
    """The variables that a number bounds, from the words before it or directly after it.

    ``previous_end`` is where the number before it ends; beyond the variable behind that number, if it bounds that one.
    """
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
    directly = directly and not (one.unit == "kg" and after[0].variable == "BodyMassIndex")
    if directly and _GRADE_OF.search(text, max(0, one.start - 12), one.start):
        directly = terms.scheme("VariableScheme")[after[0].variable].unit == "{score}"  # "stage 3 or higher (eGFR ..."
    if directly and ")" in text[one.end : after[0].start]:
        directly = text.rfind("(", clause, one.start) <= text.rfind(
            ")", clause, one.start
        )  # its bracket ends before that
    if one.flipped and directly:
        return after[:1]
    if inside and not before:
        return inside[:1]
    if before:
        nearest = found[before[-1]]
        gap = text[nearest.end : one.start]
        if one.spelled and len(gap) > 20:
            return after[:1] if directly else []
        split = nearest.variable == "BloodPressure" and after and after[0].variable in _PRESSURES
        if directly and (previous_end > nearest.end or len(gap) > 40 or split):
            return after[:1]  # also "blood pressure > 140 systolic or > 90 diastolic"
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
        if _TIMES_A_DAY.match(text, one.end) or (
            nearest.variable in ("TumorSize", "LesionCount") and text.endswith("worse", one.at, one.end)
        ):
            return []  # "glucose testing 4-5 times per day", "intraepithelial lesions 2 or worse"
        if nearest.variable == "VisualAcuity" and _OTHER_SIGHT.match(text, one.end):
            return []
        if one.unit in LENGTHS and unnamed.from_place(text, one.end):
            return []
        told = nearest.variable == "Age" and not one.unit
        if told and (len(gap) > 45 or again or one.value != int(one.value)):
            return []  # "age 65 and under who have failed at least 1 therapy"
        if one.is_time and again and (nearest.variable != "Age" or one.unit != "a" or _PASSED.search(between)):
            return []  # "aged 18 or older with a recent (< 48 h) admission"
        if len(gap) <= 90:
            return [v for v in _chain(found, before[-1], text) if _fits(v.variable, one)]
    return after[:1] if directly else []


def is_erectile(named: Named, text: str) -> bool:
    """Whether "EF" is the erectile function there, and no ejection fraction."""
    around = max(0, named.start - 90), named.end + 30
    return named.variable == "EjectionFraction" and bool(_ERECTILE.search(text, *around))


def counted(named: Named, one: Quantity, text: str) -> str:
    """The variable, but the number of tumors where the number has no unit of length."""
    if named.variable == "TumorSize" and not one.unit:
        return "LesionCount" if text[named.start : named.end].rstrip().endswith("s") else ""
    return named.variable


def change(text: str, own: list[Named], one: Quantity, clause: int) -> str:
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
