"""Therapies and the time since: whether a patient had one within a time, is on it for long enough, or has been off it for long enough."""

from __future__ import annotations

import re
from collections.abc import Callable

from kg.eligibility import meant
from kg.eligibility.chart import Chart, ended
from kg.eligibility.requirements import Constraint, Criterion
from kg.eligibility.truth import Reasoned, Truth, opposite, some, telling
from kg.language.duration import days
from kg.patient import Therapy, when

#: Words for how long a therapy has been had, rather than for how long it is over, and words for its end.
_LASTED = re.compile(
    r"\bfor (?:(?:at least|at minimum|a minimum of|minimum of|no less than|not less than|more than|over|longer than|the (?:past|last|previous)|≥|>=|>)\s?)*\(?(?:\d|one|two|three|four|five|six)|\b(?:stable|unchanged|constant|steady)\b",
    re.I,
)
_STOPPED = re.compile(
    r"\b(?:off|without|free|no|not|never|discontinu\w*|stop\w*|wash\w*|since|abst\w+|ceas\w*|interrupt\w*|withdr\w*|withheld|held|elapsed|passed)\b",
    re.I,
)


def had(one: Constraint, criterion: Criterion, seen: Chart) -> Reasoned:
    """Whether the patient had, or has, a therapy at the time that a constraint tells."""
    accept = _accepted(one, seen)
    found = [seen.has_therapy(node, accept, one.exceptions, itself=True) for node in one.concepts]
    truth, reason = some(truth for truth, _ in found), telling(found)
    if truth is False and _tells_nothing(one, criterion, seen):
        return None, f"{reason}; whether it is what is meant, the words must tell"
    if truth is False and all(seen.is_diagnostic(node) for node in one.concepts):
        return None, f"{one.concept_label}: what was done to diagnose is not among a patient's therapies"
    return meant.therapy(one, criterion, seen, truth, reason)


def asked(one: Constraint, criterion: Criterion, seen: Chart) -> Reasoned:
    """Whether a least time is kept: that for which a therapy must go on ("for at least 3 months"), or must be over."""
    if _LASTED.search(criterion.text) and not _STOPPED.search(criterion.text):
        return _goes_on(one, criterion, seen)
    return _is_over(one, criterion, seen)


def _accepted(one: Constraint, seen: Chart) -> Callable[[Therapy], Truth]:
    def accept(therapy: Therapy) -> Truth:
        ago = ended(therapy, seen)
        if one.kind == "ConcurrentTherapy":
            now: Truth = None if ago is None else True if ago[1] == 0 else False if ago[0] > 0 else None
            if now and one.minimum_time_since:
                began = when(therapy.start)
                least = began.days_before(seen.today)[0] if began else None
                return True if least is not None and least >= days(one.minimum_time_since) else None
            return now
        if one.maximum_time_since:
            limit = days(one.maximum_time_since)
            return None if ago is None else True if ago[1] <= limit else False if ago[0] > limit else None
        if one.minimum_time_since:
            limit = days(one.minimum_time_since)
            return None if ago is None else True if ago[0] >= limit else False if ago[1] < limit else None
        return True

    return accept


def _goes_on(one: Constraint, criterion: Criterion, seen: Chart) -> Reasoned:
    """Whether a therapy that is asked for goes on for long enough; one that is over may have."""
    limit = days(one.minimum_time_since)

    def long_enough(therapy: Therapy) -> Truth:
        began, ago = when(therapy.start), ended(therapy, seen)
        goes_on = ago is not None and ago[1] == 0
        return True if goes_on and began and began.days_before(seen.today)[0] >= limit else None

    found = [seen.has_therapy(node, long_enough, one.exceptions) for node in one.concepts]
    truth, reason = some(t for t, _ in found), telling(found)
    truth, reason = meant.therapy(one, criterion, seen, truth, f"{reason}; asked are {limit:.0f} days of it")
    return meant.narrowed(one, truth, truth, reason)


def _tells_nothing(one: Constraint, criterion: Criterion, seen: Chart) -> bool:
    """Whether a therapy of the patient, which may not be the one meant, was at another time, and others may be missing in the record."""
    if "therapies" in seen.patient.complete:
        return False
    had = some(seen.has_therapy(node, lambda _: True, one.exceptions)[0] for node in one.concepts)
    return bool(had) and meant.therapy(one, criterion, seen, True, "")[0] is None


def _is_over(one: Constraint, criterion: Criterion, seen: Chart) -> Reasoned:
    """Whether enough time has passed since the therapy, which need not have been given."""
    limit = days(one.minimum_time_since)

    def too_recent(therapy: Therapy) -> Truth:
        ago = ended(therapy, seen)
        return None if ago is None else False if ago[0] >= limit else True if ago[1] < limit else None

    found = [seen.has_therapy(node, too_recent, one.exceptions) for node in one.concepts]
    truth = some(t for t, _ in found)
    truth, reason = meant.therapy(one, criterion, seen, truth, telling(found))
    if truth is False and _tells_nothing(one, criterion, seen):
        truth = None
    return meant.narrowed(one, opposite(truth), truth, f"{reason}; asked are {limit:.0f} days since")
