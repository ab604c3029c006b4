"""What of a criterion is asked, denied, allowed, an alternative, or only a condition under which the rest counts."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from kg.criteria import bounds
from kg.document import Quote
from kg.record import Constraint

#: How many characters before a mention its negation is looked for: longer than any sentence that people write.
REACH = 400
_OPENING_IF = re.compile(
    r"[\s•*(-]{0,9}+((?:if|when|in case of)\b[^.;,]{3,150}+(?=,)|(?:patients|subjects|participants|those) with (?:a )?(?:prior |previous |known )?"
    r"history of [^.;,]{3,80}?(?=\s(?:must|should|need)\b))",
    re.I,
)
#: Where a sentence begins, also where the mark before it was lost: "... or amputation Shoulder lesions allowed".
_SENTENCE = re.compile(r"[.;:\n]\s|([a-z][a-z-]{0,30})\)? (?=[A-Z][a-z]+ [a-z])")
#: Words that go on before a name with a capital: "prior Taxol".
_LEADING = frozenset(
    "and or nor with of for to the a an no not any prior previous concurrent in by from than plus including as on via other both either".split()
)
_ALLOWED_SECTION = re.compile(r"\b(?:allowed|permitted|optional)\W*+$", re.I)
_OR = re.compile(r"\W*(?:or|OR|and/or)\s+(?:(?:if|a|an|the|who|have|has|with|calculated|estimated|measured)\s+)*\(?")


def listed(above: Sequence[str], section: str, exclusion: bool) -> tuple[str, bool]:
    """The section of a criterion, and whether it excludes, after what the items say that it is listed under.

    "No history of any of the following:" denies what its list names, "... except:" forgives it.
    """
    if any(bounds.pattern("excepts_list").search(item) for item in above):
        return "allowed", exclusion
    denied = sum(negated(item, len(item.rstrip(" :"))) for item in above)
    return section, exclusion != bool(denied % 2)


def allowed_from(text: str, section: str) -> int:
    """Where in a text begins what it allows, rather than asks; its end when nothing is allowed."""
    if most := bounds.pattern("at_most").search(text):
        return most.start()
    if re.match(r"\s*not?\b", text, re.I):
        return len(text)
    if _ALLOWED_SECTION.search(section):
        return 0
    said = bounds.pattern("allowed").search(text)
    if not said:
        return len(text)
    starts = [
        m.end() for m in _SENTENCE.finditer(text, 0, said.start()) if m[1] is None or m[1].lower() not in _LEADING
    ]
    return starts[-1] if starts else 0


def under_condition(text: str, start: int, made: list[Constraint]) -> None:
    """What follows "If ..., " counts only then; what stands in it is not asked at all."""
    opening = _OPENING_IF.match(text)
    if not opening:
        return
    when = " ".join(opening[1].split())
    made[:] = [one for one in made if (one.evidence[0].start or 0) - start >= opening.end()]
    for one in made:
        one.applies_when = one.applies_when or when


def any_excludes(quote: Quote, made: list[Constraint]) -> None:
    """The things that one exclusion lists are alternatives, each excludes; things joined by "and" or "with" are not."""
    if len(made) < 2 or any(c.alternative for c in made):
        return
    number = 1
    numbers = [1]
    for one, other in pairwise(made):
        between = quote.text[(one.evidence[0].end or 0) - quote.start : (other.evidence[0].start or 0) - quote.start]
        together = (one.variable and one.variable == other.variable) or re.fullmatch(
            r"\W*(?:\w+\s+){0,2}(?:and|with|plus)\s+(?:\w+\s+){0,2}", between
        )
        number += 0 if together else 1
        numbers.append(number)
    if number > 1:
        for one, which in zip(made, numbers, strict=True):
            one.alternative = which


def alternatives(text: str, found: list[bounds.Bound], made: list[Constraint]) -> None:
    """Number the alternatives: bounds parted by "or" that each name their quantity, or by semicolons when it recurs."""
    cuts: list[int] = []
    times = Counter(b.variable for b in found if b.variable)
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


def negated(text: str, at: int) -> bool:
    """Whether a negation before ``at`` reaches it: none of the words that end its scope stands between."""
    last = max(bounds.pattern("negation").finditer(text, max(0, at - REACH), at), key=lambda m: m.end(), default=None)
    return last is not None and not bounds.pattern("scope_ends").search(text, last.end(), at)
