"""Which constraints of a criterion hold together, and which are alternatives."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from itertools import pairwise

from kg import assets
from kg.criteria import bounds
from kg.document import Quote
from kg.record import Constraint

_LOUD = re.compile(r"(?<=\w[\s)])OR\s(?=\S)")
_JOINED = re.compile(
    r"\W*(?:(?!or\b)\w+\s+){0,2}(?:(?:and|with|plus)\s+(?:\w+\s+){0,2}|and\s+(?:is|are|has|have|had|who|does|do|cannot)\b[^.;]{0,80})"
    r"|(?:-?\s?positive)?\s(?:(?:patients|subjects|participants|individuals|people)\s)?(?:that|who|which)\s(?:are|is|have|has|were|had|receive|take)\b[^.;,]{0,60}"
    r"|,\s(?:that|who|which)\s(?:are|is|have|has|were|had|receive|take)\b[^.;,]{0,60}"
    r"|\s(?:\w+\s){0,2}\(?but (?:no|not)\s(?:\w+\s){0,2}"
    r"|\sand\s[^.;,]{3,60}\b(?:can ?not|can't|not)\b[^.;,]{0,30}"
)
_WITH = re.compile(r"\W*(?:with|plus)\s+(?:\w+\s+){0,2}")
#: Between a disease and the therapy that it must need to count: "pneumonitis that required steroids".
_WHICH_NEEDS = re.compile(
    r",?\s(?:(?:that|which)\s)?(?:(?:has|have|had)\s)?(?:requir(?:ed|es|e|ing)|needing|treated with|managed with)\s(?:[a-z/-]{2,20}\s){0,4}"
)
#: Between a disease and the grade or the value that says which of its cases are meant.
_GRADE = r"(?:(?:[A-Z]{2,6}\s)?(?:functional\s)?(?:stages?|grades?|class(?:es)?)\s)?"
_BEFORE_GRADE = re.compile(rf"(?:,?\s|\s?[(\[])(?:(?:of|with|in|at)\s)?(?:the\s)?{_GRADE}", re.I)
_BEHIND_GRADE = re.compile(r"[)\]]?\s(?:of\s|in\s)?(?:[a-z-]{3,20}\s){0,2}")
_WITH_VALUE = re.compile(r",?\swith\s(?:[a-z-]{1,20}\s){0,3}")
#: Between a disease and the value that it means there, which counts alone: "anemia (hemoglobin < 10 g/dL)".
_BEFORE_MEANING = re.compile(
    r"(?:\s(?:syndrome|disease|disorder))?(?:\s?:\s|\s?[(\[](?:(?:defined (?:as|by)|i\.?e\.?,?|with)\s)?|,?\s(?:as\s)?defined (?:as|by)\s)(?:[a-z-]{1,20}\s){0,3}"
)
#: Between two ranges of one quantity that are alternatives.
_LISTED = re.compile(r"[^\w.]*(?:(?:and|or|and/or)\b[^\w.]*)?(?:(?:the|a|between|from|of)\s)*", re.I)
_GRADED = re.compile(r"\b(?:stage|grade|class|score)$", re.I)
_OR_NOT = re.compile(r"\bor\b[^.;:]{0,40}\b(?:no|not|without)\b", re.I)
_OR = re.compile(r"\W*(?:or|OR|and/or)\s+(?:(?:if|a|an|the|who|have|has|with|calculated|estimated|measured)\s+)*\(?")


def any_excludes(quote: Quote, made: list[Constraint]) -> None:
    """The things that one exclusion lists are alternatives, each excludes; things joined by "and" or "with" are not.

    Nor are a disease and what says which of its cases are meant: "stage 4 or 5 chronic kidney disease", "diabetes with HbA1c > 9%".
    Where a value in brackets says what a disease means, the value counts alone, and the disease where it holds.
    """
    made = [c for c in made if c.modality != "Allowed"]
    if len(made) < 2 or any(c.alternative for c in made):
        return
    numbers = [1]
    narrowed = False
    spans = [((c.evidence[0].start or 0) - quote.start, (c.evidence[0].end or 0) - quote.start) for c in made]
    for (one, (_, end)), (other, (start, last)) in pairwise(zip(made, spans, strict=True)):
        between = quote.text[end:start]
        limit = _limits(one, other)
        narrows = limit is not None and _says_which(one, limit, between)
        meaning = other is limit and not narrows and not one.applies_when
        defines = meaning and _BEFORE_MEANING.fullmatch(between)
        if defines:
            one.applies_when = " ".join(quote.text[start:last].split())
        narrowed |= narrows
        needs = one.kind == "Diagnosis" and _WHICH_NEEDS.fullmatch(between)
        narrowed |= bool(needs or _WITH.fullmatch(between))
        joined = not defines and _JOINED.fullmatch(between) and not _listed_alike(one, other, between)
        narrowed |= bool(joined and one.kind != other.kind)
        together = narrows or needs or _of_one_quantity(one, other) or joined
        numbers.append(numbers[-1] + (0 if together else 1))
    if numbers[-1] > 1 or narrowed:
        for one, which in zip(made, numbers, strict=True):
            one.alternative = which


def _listed_alike(one: Constraint, other: Constraint, between: str) -> bool:
    """Whether "and" only lists: "patients with asthma and epilepsy" shuts out both."""
    return one.kind == other.kind == "Diagnosis" and not _WITH.fullmatch(between)


def _of_one_quantity(one: Constraint, other: Constraint) -> bool:
    if one.variable or other.variable:
        return one.variable == other.variable
    return one.kind == other.kind == "Measurement" and one.concept_label == other.concept_label


def _limits(one: Constraint, other: Constraint) -> Constraint | None:
    """The bound, of a disease and a bound that both must not be."""
    if {one.kind, other.kind} != {"Diagnosis", "Measurement"} or one.modality != other.modality:
        return None
    return one if one.kind == "Measurement" else other


def _says_which(one: Constraint, limit: Constraint, between: str) -> bool:
    """Whether a bound says which cases of the disease beside it are meant, so that neither counts alone."""
    graded = limit.variable in assets.facts("patient")["scored"] or _GRADED.search(limit.concept_label)
    if limit is one:
        return bool((graded or limit.variable.startswith("Tnm")) and _BEHIND_GRADE.fullmatch(between))
    return bool((graded and _BEFORE_GRADE.fullmatch(between)) or _WITH_VALUE.fullmatch(between))


def or_not(quote: Quote, made: list[Constraint]) -> None:
    """Number as alternatives to have a disease and not to have it: "asthma that is well treated, or no asthma"."""
    if (
        len(made) != 2
        or {one.modality for one in made} != {"Required", "Forbidden"}
        or any(o.alternative for o in made)
    ):
        return
    one, other = made
    start, end = (one.evidence[0].end or 0) - quote.start, (other.evidence[0].start or 0) - quote.start
    if one.kind == other.kind == "Diagnosis" and _OR_NOT.search(quote.text, start, end):
        one.alternative, other.alternative = 1, 2


def loud_choice(quote: Quote, made: list[Constraint]) -> None:
    """Number the alternatives that a capital OR parts: "aged 55 or over OR both ovaries removed"; what no constraint says is one too.

    Where a disease is asked for first, the rest only says which of its cases are meant.
    """
    edges = [m.span() for m in _LOUD.finditer(quote.text)]
    if not edges or quote.text.isupper() or any(one.alternative or one.applies_when for one in made):
        return
    starts = [end for _, end in edges]
    parts = [bisect_right(starts, (one.evidence[0].start or 0) - quote.start) for one in made]
    if any(one.kind == "Diagnosis" for one, part in zip(made, parts, strict=True) if part == 0):
        return
    for one, part in zip(made, parts, strict=True):
        one.alternative = part + 1
    for part in sorted({*range(len(edges) + 1)} - set(parts)):
        start, end = (starts[part - 1] if part else 0), (edges[part][0] if part < len(edges) else len(quote.text))
        said = quote.part(start, end).strip(" \t\n,.;:()")
        if said:
            unknown = in_words(said)
            unknown.alternative = part + 1
            made.append(unknown)


def in_words(said: Quote) -> Constraint:
    """A disease that is asked for in words that no vocabulary knows."""
    one = Constraint(kind="Diagnosis", concept_label=" ".join(said.text.split()[:12]), modality="Required")
    one.cite(said)
    return one


def alternatives(text: str, found: list[bounds.Bound], made: list[Constraint], *, chosen: bool) -> None:
    """Number the alternatives: bounds parted by "or" that each name their quantity, or by semicolons when it recurs.

    Ranges that exclude each other are alternatives too, unless there is a choice among other things already (``chosen``).
    """
    cuts: list[int] = []
    times = Counter(variable for variable, _ in {(b.variable, b.at) for b in found if b.variable and not b.when})
    for one, other in pairwise(found):
        between = text[one.end : max(other.start, one.end)]
        if other.at <= one.at:
            continue
        if (";" in between and times[other.variable] > 1) or (
            _OR.fullmatch(between) and other.variable != one.variable and other.start < other.at
        ):
            cuts.append(other.at)
    if cuts:
        for bound, constraint in zip(found, made, strict=True):
            constraint.alternative = 1 + bisect_right(cuts, bound.at)
    elif not chosen:
        _exclusive(text, found, made)
        _either_pressure(found, made)


def _exclusive(text: str, found: list[bounds.Bound], made: list[Constraint]) -> None:
    """Number ranges that nobody can be in together: "aged 18-30 or 60-75 years" asks for one or the other."""
    ranges: dict[str, dict[int, list[tuple[bounds.Bound, Constraint]]]] = {}
    for bound, constraint in zip(found, made, strict=True):
        if bound.variable and not (bound.when or constraint.negated):
            ranges.setdefault(bound.variable, {}).setdefault(bound.at, []).append((bound, constraint))
    for name, each in ranges.items():
        numbers = [1]
        for one, other in pairwise(each.values()):
            listed = name == "Age" or _LISTED.fullmatch(text, one[-1][0].end, max(one[-1][0].end, other[0][0].at))
            parts = listed and contradict([constraint for _, constraint in (*one, *other)])
            numbers.append(numbers[-1] + bool(parts))
        if numbers[-1] > 1:
            for number, pairs in zip(numbers, each.values(), strict=True):
                for _, constraint in pairs:
                    constraint.alternative = number


def _either_pressure(found: list[bounds.Bound], made: list[Constraint]) -> None:
    """Of a pressure that must be high, either number is enough: "blood pressure > 130/80"."""
    if any(one.alternative for one in made):
        return
    for place, ((bound, one), (_, other)) in enumerate(pairwise(zip(found, made, strict=True))):
        pair = (one.variable, other.variable) == ("SystolicBloodPressure", "DiastolicBloodPressure")
        high = one.comparator == other.comparator and one.comparator in ("ge", "gt")
        around = found[max(0, place - 1) : place + 3]
        if pair and high and sum(near.at == bound.at for near in around) == 2:
            one.alternative, other.alternative = 1, 2
            return


def contradict(made: list[Constraint]) -> bool:
    """Whether no value is within all these bounds on one quantity."""
    if len({(one.unit, one.relative_to) for one in made}) == 1:
        values = [(one.comparator, one.value) for one in made if one.value is not None]
    else:
        values = [(one.comparator, one.canonical_value) for one in made if one.canonical_value is not None]
    if len(values) < len(made):
        return False
    low = [value for comparator, value in values if comparator in ("ge", "gt", "eq")]
    high = [value for comparator, value in values if comparator in ("le", "lt", "eq")]
    return bool(low and high) and max(low) > min(high)
