"""Numbers of a patient against the bounds of criteria, in the canonical units of the quantities."""

from __future__ import annotations

from decimal import Decimal

from kg import terms
from kg.eligibility.chart import Chart
from kg.eligibility.requirements import Constraint
from kg.eligibility.truth import Reasoned
from kg.language import unit
from kg.patient import When, when


def compare(value: Decimal, sign: str, limit: Decimal) -> bool:
    """Whether a value stands to a limit as the comparator (``lt``, ``le`` ...) says."""
    return {"lt": value < limit, "le": value <= limit, "eq": value == limit, "ge": value >= limit, "gt": value > limit}[
        sign
    ]


def age(one: Constraint, seen: Chart) -> Reasoned:
    """Whether the patient's age is within a bound in years."""
    years = seen.patient.years()
    if years is None:
        return None, "the patient's age is not given"
    limit = Decimal(one.canonical_value or one.value)
    outcomes = {compare(_whole(age, limit, one.comparator), one.comparator, limit) for age in years}
    said = f"aged {int(years[0])}" if years[0] >= 2 else f"aged {years[0]:.2g}"
    truth = outcomes.pop() if len(outcomes) == 1 else None
    asked = f"{said}, asked is {terms.SIGNS[one.comparator]} {limit} years"
    if not one.concept_label:
        return truth, asked
    # An age at an earlier event is the age of today at most.
    sure = truth is (one.comparator in ("lt", "le"))
    return (truth if sure else None), f"{asked} {one.concept_label}"


def _whole(age: Decimal, limit: Decimal, sign: str) -> Decimal:
    """An age is told in completed years: a person of 75 and a half is 75, and not above 75."""
    return Decimal(int(age)) if limit == limit.to_integral_value() and limit >= 2 and sign != "lt" else age


def bound(one: Constraint, seen: Chart) -> Reasoned:
    """Whether the last measurement of a quantity is within a bound, which may be a multiple of the limit of normal."""
    if one.variable == "Age":
        return age(one, seen)
    if not one.comparator or not (one.value or one.canonical_value):
        return None, "the limit is not understood"
    term = terms.scheme("VariableScheme").get(one.variable)
    label = term.label if term else one.concept_label or "the quantity"
    asked = f"asked is {terms.SIGNS[one.comparator]} {one.value}"
    measures = seen.measures.get(one.variable, []) if one.variable else []
    if not measures:
        return None, f"{label} is not given"
    last = max(measures, key=lambda m: (_day_of(m.date), m.date))
    said = f"{label} {last.value:f}{' ' + last.unit if last.unit else ''}"
    if one.relative_to:
        limit = last.upper_limit if one.relative_to.startswith("Upper") else last.lower_limit
        times = last.value if "ULN" in last.unit.upper() and one.relative_to.startswith("Upper") else None
        if times is None and limit:
            times = last.value / limit
        name = {"UpperLimitOfNormal": "× ULN", "LowerLimitOfNormal": "× LLN"}.get(one.relative_to, one.relative_to)
        if times is None:
            return None, f"{said}, {asked} {name}; the limit of normal is not given"
        return compare(times, one.comparator, Decimal(one.value)), f"{said} ({times:.3g} {name}), {asked} {name}"
    target = term.unit if term else ""
    asked = f"{asked}{' ' + one.unit if one.unit else ''}"
    bare = target in ("", "1") or target.startswith("{")  # a score, or a ratio
    code = unit.ucum(last.unit) or last.unit or (target if bare else "")
    value = unit.convert(last.value, code, target, term.molar_mass if term else None) if target else last.value
    if one.canonical_value and value is not None and (code or not target):
        if one.comparator == "eq" and not bare and value != Decimal(one.canonical_value):
            return None, f"{said}; whether {one.value} is the least or the most, the words must tell"
        return compare(value, one.comparator, Decimal(one.canonical_value)), f"{said}, {asked}"
    if one.unit and code == one.unit:
        return compare(last.value, one.comparator, Decimal(one.value)), f"{said}, {asked}"
    return None, f"{said}, {asked}; the units cannot be compared"


def _day_of(text: str) -> str:
    found: When | None = when(text)
    return found.last.isoformat() if found else ""
