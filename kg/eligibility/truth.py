"""Three truth values, after Kleene: what is unknown stays unknown unless every way of knowing it decides alike."""

from __future__ import annotations

from collections.abc import Iterable

#: True, False, or None for unknown.
Truth = bool | None
#: A truth with the reason for it.
Reasoned = tuple[Truth, str]


def every(truths: Iterable[Truth]) -> Truth:
    """True when all are, False when one is not, unknown otherwise."""
    found = list(truths)
    return False if False in found else None if None in found else True


def some(truths: Iterable[Truth]) -> Truth:
    """True when one is, False when none can be, unknown otherwise."""
    found = list(truths)
    return True if True in found else None if None in found else False


def opposite(truth: Truth) -> Truth:
    """What is not so; the unknown stays unknown."""
    return None if truth is None else not truth


def telling(found: list[Reasoned]) -> str:
    for wanted in (True, None, False):
        for truth, reason in found:
            if truth is wanted:
                return reason
    return ""


def deciding(found: list[Reasoned]) -> str:
    """The reason that decides: of what is not satisfied first, then of what is unknown."""
    for wanted in (False, None, True):
        reasons = [reason for truth, reason in found if truth is wanted and reason]
        if reasons:
            return "; ".join(dict.fromkeys(reasons))
    return ""
