"""What a criterion means: bounds on quantities, windows of time, diagnoses and therapies, pregnancy and the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence

from kg.criteria import bounds, choices, concepts, kinds, mentions, scope, timing
from kg.criteria.cues import pattern
from kg.document import Quote
from kg.mesh import MeshIndex
from kg.record import Constraint

_NOTE = re.compile(r"\W{0,4}unless\b", re.I)
#: A statement about donors.
_DONORS = re.compile(r"[\W_]{0,9}+(?:\w[\w-]{0,29}+\s){0,3}donors?\b(?! (?:lymphocyte|leukocyte|specific))", re.I)
_CRITERIA_OF_OTHERS = re.compile(
    r"\b(?:donor|control|caregiver|relative|sibling|partner)s?\b(?=.*clusion)|(?<=for )(?:donor|control|caregiver|relative|sibling|partner)s?\b|(?<=- )(?:donor|control)s?\b",
    re.I,
)
#: Numbers that are denied themselves: "ECOG not 0 or 1".
_NOT_THESE = re.compile(r"\bnot \d", re.I)
#: Words before a bound, or at the head of what it bounds, that deny it: "unable to walk 10 m", "unlikely to live 3 months".
#: How a time that must have passed is told.
_ELAPSED = re.compile(r"\bmust (?:have (?:elapsed|passed)|be (?:off|free))\b", re.I)
_UNABLE = re.compile(r"\b(?:unlikely|unable|inability|incapable) (?:to|of) (?:[a-z-]{1,20} ){0,4}$", re.I)
#: The ends of a range.
_ENDS = ("ge", "le")
_OUTSIDE = re.compile(r"\b(?:outside|out of)(?: of)? (?:the |a )?[^.;<>≥≤]{0,140}$", re.I)
_NOT_ABLE = re.compile(r"(?:unlikely|unable|inability|incapable|not (?:able|likely|capable)) (?:to|of) ", re.I)
#: What a statement may allow; a bound or a consent is asked for, though it says who "is eligible".
_MAY_BE_ALLOWED = ("PriorTherapy", "ConcurrentTherapy", "Diagnosis", "Pregnancy")


def constraints(
    quote: Quote, *, exclusion: bool, index: MeshIndex, section: str = "", above: Sequence[str] = ()
) -> list[Constraint]:
    """The constraints of one criterion, with their evidence, in the order of the text. ``concept`` holds MeSH identifiers.

    ``above`` are the items that it is listed under: "No history of any of the following:" denies what its list names, "... except:"
    forgives it.
    """
    text = quote.text
    if _NOTE.match(text):
        return []  # a note on the item above, which says when that does not count
    section, exclusion = scope.listed(above, section, exclusion)
    found = bounds.find(text, section)
    made = [_of_bound(b, quote, exclusion) for b in found]
    spans = [(b.at, b.end) for b in found]
    spans += [m.span() for m in kinds.OF_THE_YOUNG.finditer(text)] if pattern("consent").search(text) else []
    times = timing.find(text, spans)
    spans = [(b.start, b.end) for b in found if b.variable]
    spans += [b.whom for b in found if b.when]  # whom a bound applies to is no criterion
    spans += [span for b in found if (span := _dose_of(b, text))]
    named = mentions.find(text, index, spans)
    timing.assign(text, times, named)
    of_bounds = list(made)
    made += concepts.find(quote, times, named, exclusion, index)
    if not exclusion:  # of what excludes, everything is an alternative
        choices.alternatives(text, found, of_bounds, chosen=any(one.alternative for one in made))
    made += kinds.find(quote, times, exclusion)
    if not made:
        return []
    statements = scope.Statements(text)
    made = [
        one
        for one in _timed_test(_distinct(made), quote)
        if not statements.say("not_asked", (one.evidence[0].start or 0) - quote.start)
    ]
    scope.under_condition(text, quote.start, made)
    if others := _DONORS.match(text) or _CRITERIA_OF_OTHERS.search(section):
        for one in made:
            one.applies_when = one.applies_when or " ".join(others[0].split())
    _modalities(quote, made, statements, exclusion, section)
    made.sort(key=lambda c: (c.evidence[0].start or 0, c.evidence[0].end or 0))
    if exclusion:
        choices.any_excludes(quote, made)
    else:
        choices.loud_choice(quote, made)
        choices.or_not(quote, made)
    return made


def _modalities(
    quote: Quote, made: list[Constraint], statements: scope.Statements, exclusion: bool, section: str
) -> None:
    """Say of each constraint whether what it speaks of must, must not or may hold."""
    text = quote.text
    wholly = scope.under_allowed(text, section)
    asked = not (wholly or exclusion or "exclu" in text) and all(one.kind not in _MAY_BE_ALLOWED for one in made)
    allowed = len(text) if asked else scope.allowed_from(text, section)
    for one in made:
        at = (one.evidence[0].start or 0) - quote.start
        barred = exclusion or statements.say("shut_out", at)
        excepted = exclusion and one.value is not None and not one.applies_when and scope.in_exception(text, at)
        let_in = excepted or (
            at >= allowed
            and (
                wholly
                or one.kind in _MAY_BE_ALLOWED
                or statements.say("no_bar", at)
                or (exclusion and one.kind == "Demographic" and statements.say("allowed", at))
            )
        )
        if exclusion and one.minimum_time_since and one.kind == "PriorTherapy" and _ELAPSED.search(text):
            one.negated = True  # what must have passed, told in a list of what excludes
        one.modality = "Allowed" if let_in else "Forbidden" if barred != one.negated else "Required"
        if one.modality == "Allowed":
            one.negated = False


def _timed_test(made: list[Constraint], quote: Quote) -> list[Constraint]:
    """The window of a pregnancy test belongs to the test: "negative pregnancy test within 7 days"."""
    tests = [c for c in made if c.kind == "Pregnancy" and c.negated]
    windows = [
        c
        for c in made
        if not (c.concept or c.variable or c.concept_label)
        and c.kind in ("PriorTherapy", "Diagnosis")
        and c.maximum_time_since
    ]
    if len(tests) != 1 or len(windows) != 1 or not re.search(r"\btests?\b", quote.text, re.I):
        return made
    test, window = tests[0], windows[0]
    test.maximum_time_since = window.maximum_time_since
    spans = [(e.start or 0, e.end or 0) for c in (test, window) for e in c.evidence]
    start, end = min(s for s, _ in spans) - quote.start, max(e for _, e in spans) - quote.start
    test.evidence = []
    test.cite(quote.part(start, end))
    return [c for c in made if c is not window]


def _distinct(made: list[Constraint]) -> list[Constraint]:
    """Constraints on concepts that say the same (COPD after its full name) are one."""
    kept: dict[tuple[object, ...], Constraint] = {}
    for one in made:
        key = (
            (
                one.kind,
                tuple(one.concept),
                one.concept_label if one.qualified else "",
                one.negated,
                one.minimum_time_since,
                one.maximum_time_since,
            )
            if one.concept
            else (id(one),)
        )
        kept.setdefault(key, one)
    return list(kept.values())


def _dose_of(one: bounds.Bound, text: str) -> tuple[int, int] | None:
    """The words of a dose that is bounded, which name the drug: "prior total doxorubicin dose"."""
    if one.variable or not re.search(r"\bdoses?\b", one.label, re.I):
        return None
    at = text.rfind(one.label, max(0, one.start - 120), one.start)
    return (at, one.end) if at >= 0 else None


def _of_bound(one: bounds.Bound, quote: Quote, exclusion: bool) -> Constraint:
    constraint = Constraint(
        kind="Demographic" if one.variable == "Age" else "Measurement",
        variable=one.variable,
        comparator=one.comparator,
        value=one.value,
        unit=one.unit,
        relative_to=one.relative_to,
        canonical_value=bounds.canonical(one),
        concept_label=_NOT_ABLE.sub("", one.label, count=1) if _NOT_ABLE.match(one.label) else one.label,
        applies_when=one.when,
        negated=_denied(one, quote.text, exclusion),
    )
    constraint.cite(quote.part(one.start, one.end))
    return constraint


def _denied(one: bounds.Bound, text: str, exclusion: bool) -> bool:
    before = _UNABLE.search(text, max(0, one.start - 90), one.start) or (
        one.comparator in _ENDS and _OUTSIDE.search(text, max(0, one.at - 160), one.at)
    )
    negated = scope.negated(text, one.start, exclusion=exclusion)
    if negated and not exclusion and scope.parted_by_and(text, one.start):
        return bool(before)
    itself = _NOT_THESE.search(text, one.start, one.end)
    return bool(before) != (negated != bool(itself))
