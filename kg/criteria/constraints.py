"""What a criterion means: bounds on quantities, windows of time, diagnoses and therapies, pregnancy and the rest."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import pairwise

from kg import assets
from kg.criteria import bounds, scope, windows
from kg.criteria.spans import Spans
from kg.criteria.windows import Window
from kg.document import Quote
from kg.language import duration
from kg.mesh import MeshIndex, words
from kg.mesh.linker import choose
from kg.record import Constraint

_THERAPY = ("D", "E02", "E04")
_DIAGNOSIS = ("C", "F03")
_THERAPY_CUE = re.compile(r"(?:no |not |any )?(?:other )?(?:prior|previous|concurrent|concomitant)\b", re.I)
_NUMERAL = re.compile(r"[IVX/-]+|.*\d.*|class|grade|stage")
_WORD_BEFORE = re.compile(r"(?<![\w/'’-])([\w/'’-]++)[ \t]++$")
_PLANNED = re.compile(
    r"\b(?:amenable|candidates?|eligible|suitable|fit|planned|scheduled|indications?|need) (?:to|for)\b[^.;,]{0,40}$",
    re.I,
)
_FOR_SOME = re.compile(r"\s*(?:for|if|in)\b")
_PARENTHESIS = re.compile(r"\(\s*$")
#: A letter that goes on with a list: "B or C", "A, B and C".
_LETTER = re.compile(r"\s*(?:,|/|or|and|and/or)\s*(?:or\s+|and\s+)?([A-Z])\b")
#: Where it is asked that no pregnancy comes about, none is asked for.
_AVOIDED = re.compile(r"contracept|birth control|child-? ?bearing|f(?:o)?etus|abstinen|become pregnant", re.I)
_NURSING = re.compile(r"nurs|lactat|breast", re.I)


@cache
def _plain_before() -> frozenset[str]:
    return frozenset(assets.facts("criteria")["plain_before"])


@cache
def _vague() -> frozenset[str]:
    return frozenset(assets.facts("criteria")["vague"])


@dataclass(slots=True)
class _Mention:
    """A concept of MeSH in a criterion."""

    start: int
    end: int
    identifier: str
    therapy: bool
    window: Window | None = None
    used: bool = field(default=False)


def constraints(
    quote: Quote, *, exclusion: bool, index: MeshIndex, section: str = "", above: Sequence[str] = ()
) -> list[Constraint]:
    """The constraints of one criterion, with their evidence, in the order of the text. ``concept`` holds MeSH identifiers.

    ``above`` are the items that it is listed under: "No history of any of the following:" denies what its list names, "... except:"
    forgives it.
    """
    text = quote.text
    section, exclusion = scope.listed(above, section, exclusion)
    found = bounds.find(text, section)
    made = [_of_bound(b, quote) for b in found]
    scope.alternatives(text, found, made)
    spans = [(b.at, b.end) for b in found]
    times = _windows(text, spans)
    spans = [(b.start, b.end) for b in found if b.variable]
    spans += [b.whom for b in found if b.when]  # whom a bound applies to is no criterion
    mentions = _mentions(text, index, spans)
    _assign(text, times, mentions)
    made += _therapies_and_diagnoses(quote, times, mentions, exclusion)
    made += _fixed_kinds(quote, times, exclusion)
    made = _timed_test(_distinct(made), quote)
    scope.under_condition(text, quote.start, made)
    allowed = quote.start + scope.allowed_from(text, section)
    for one in made:
        one.modality = (
            "Allowed"
            if (one.evidence[0].start or 0) >= allowed
            and one.kind in ("PriorTherapy", "ConcurrentTherapy", "Diagnosis")
            else ("Forbidden" if exclusion != one.negated else "Required")
        )
        if one.modality == "Allowed":
            one.negated = False
    made.sort(key=lambda c: (c.evidence[0].start or 0, c.evidence[0].end or 0))
    if exclusion:
        scope.any_excludes(quote, made)
    return made


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


def _of_bound(one: bounds.Bound, quote: Quote) -> Constraint:
    constraint = Constraint(
        kind="Demographic" if one.variable == "Age" else "Measurement",
        variable=one.variable,
        comparator=one.comparator,
        value=one.value,
        unit=one.unit,
        relative_to=one.relative_to,
        canonical_value=bounds.canonical(one),
        concept_label="" if one.variable else one.label,
        applies_when=one.when,
        negated=scope.negated(quote.text, one.start),
    )
    constraint.cite(quote.part(one.start, one.end))
    return constraint


def _windows(text: str, spans: list[tuple[int, int]]) -> list[Window]:
    """Windows of time, those in brackets that qualify another ("(6 weeks for nitrosourea)") included."""
    times = list(windows.find(text, spans))
    known = Spans((w.start, w.end) for w in times)
    for found in duration.find(text):
        bracketed = _PARENTHESIS.search(text[max(0, found.start - 5) : found.start]) and _FOR_SOME.match(
            text, found.end
        )
        if times and bracketed and not known.touch(found.start, found.end):
            times.append(Window(found.start, found.end, found.least, times[0].bound))
    return sorted(times)


def _mentions(text: str, index: MeshIndex, taken: list[tuple[int, int]]) -> list[_Mention]:
    found: list[_Mention] = []
    busy = Spans(taken)
    for start, end, owners in index.mentions(text):
        if all(w.stem in _vague() for w in words(text[start:end])) or bounds.pattern("contraception").search(
            text, start, end
        ):
            continue
        if busy.touch(start, end):
            continue
        identifier = choose(owners, "Any", index)
        again = found and found[-1].identifier == identifier and text[found[-1].end : start].strip() == "("
        if again:
            continue  # the abbreviation in brackets after the name
        if identifier and index.in_trees(identifier, _DIAGNOSIS):
            found.append(_Mention(start, end, identifier, False))
            found += _same_head(text, start, end, index)
        elif identifier and index.in_trees(identifier, _THERAPY):
            found.append(_Mention(start, end, identifier, True))
    return found


def _same_head(text: str, start: int, end: int, index: MeshIndex) -> list[_Mention]:
    """What shares the head of a name: hepatitis C in "hepatitis B or C"."""
    found: list[_Mention] = []
    head, _, letter = text[start:end].rpartition(" ")
    while len(letter) == 1 and (other := _LETTER.match(text, end)):
        owners = index.find(f"{head} {other[1]}")
        if not owners:
            break
        found.append(_Mention(other.start(1), other.end(1), owners[0], False))
        end = other.end(1)
    return found


def _assign(text: str, times: list[Window], mentions: list[_Mention]) -> None:
    """Give each mention its window: the last one before it in the bracket or clause, else the first one after it."""
    ends, starts = [w.end for w in times], [w.start for w in times]
    for mention in mentions:
        before, after = bisect_right(ends, mention.start) - 1, bisect_left(starts, mention.end)
        if before >= 0 and _same_clause(text, times[before].end, mention.start):
            mention.window = times[before]
        elif after < len(times) and _same_clause(text, mention.end, times[after].start):
            mention.window = times[after]


def _same_clause(text: str, start: int, end: int) -> bool:
    if end - start > scope.REACH:
        return False
    between = text[start:end]
    return not re.search(r";|\.\s", between) and between.count(")") <= between.count("(")


def _exceptions(text: str, mentions: list[_Mention]) -> tuple[list[_Mention], list[_Mention]]:
    """The mentions proper, and those named as exceptions."""
    cue = bounds.pattern("exception").search(text)
    if not cue:
        return mentions, []
    return [m for m in mentions if m.start < cue.start()], [m for m in mentions if m.start >= cue.end()]


def _therapies_and_diagnoses(
    quote: Quote, times: list[Window], mentions: list[_Mention], exclusion: bool
) -> Iterator[Constraint]:
    text = quote.text
    proper, excepted = _exceptions(text, mentions)
    condition = bounds.pattern("condition").search(text)
    limit = condition.start() if condition else len(text)
    when = " ".join(re.split(r"[;.)]", text[limit:])[0].split())[:200] if condition else ""
    exceptions = [m.identifier for m in excepted if m.start < limit or limit < (proper[0].start if proper else 0)]
    behind = bounds.pattern("negative_behind")
    kept: list[tuple[_Mention, Constraint]] = []
    therapy_before = False
    for mention in proper:
        if mention.start > limit > 0 and (not mention.therapy or (condition and condition[0].lower() == "unless")):
            continue
        if not mention.therapy and bounds.pattern("given_for").search(text, max(0, mention.start - 90), mention.start):
            continue
        kind = _kind(text, mention, therapy_before)
        therapy_before = therapy_before or mention.therapy
        if not kind:
            continue
        one = Constraint(
            kind=kind,
            concept=[mention.identifier],
            negated=scope.negated(text, mention.start) != bool(not mention.therapy and behind.match(text, mention.end)),
            exception=[e for e in exceptions if e != mention.identifier],
        )
        one.concept_label = " ".join(text[mention.start : mention.end].split())
        one.applies_when = when if mention.start < limit else ""
        if kind == "Diagnosis":
            _qualify(text, mention, one, barring=exclusion != one.negated)
        if kind in ("PriorTherapy", "Diagnosis") and bounds.pattern("recovered").search(
            text, max(0, mention.start - 130), mention.start
        ):
            one.concept, one.concept_label = [], f"recovered from {one.concept_label}"
        if mention.window:
            _set_window(one, mention.window)
            one.cite(quote.part(min(mention.start, mention.window.start), max(mention.end, mention.window.end)))
        else:
            one.cite(quote.part(mention.start, mention.end))
        kept.append((mention, one))
    _either(text, kept)
    yield from (one for _, one in kept)
    if (
        not kept
        and not times
        and (lead := _THERAPY_CUE.match(text))
        and (match := re.match(r"[\w\s,/-]{3,60}", text[lead.end() :]))
    ):
        kind = "ConcurrentTherapy" if "conc" in lead.group().lower() else "PriorTherapy"
        one = Constraint(
            kind=kind, concept_label=" ".join(match.group().split()), negated=scope.negated(text, lead.end())
        )
        one.cite(quote.part(0, lead.end() + match.end()).strip())
        yield one
    used = {m.window for m, _ in kept if m.window}
    for window in times:
        if window not in used:
            yield _unnamed(quote, window)


def _qualify(text: str, mention: _Mention, one: Constraint, *, barring: bool) -> None:
    """Words around a disease that narrow it, or make it something else, change what the constraint is about."""
    if turned := bounds.pattern("turned").match(text, mention.end):
        one.concept, one.concept_label = [], f"{one.concept_label} {turned[1]}"
        return
    if barring and not one.applies_when and (narrowed := bounds.pattern("narrowed").match(text, mention.end)):
        one.applies_when = " ".join(narrowed[1].split())
    start = mention.start
    while before := _WORD_BEFORE.search(text, max(0, start - 40), start):
        if (
            before[1].lower().strip("-") in _plain_before()
            or _NUMERAL.fullmatch(before[1])
            or not before[1][0].isalpha()
            or mention.start - before.start(1) > 60
        ):
            break
        start = before.start(1)
    if start < mention.start:
        one.concept_label, one.qualified = " ".join(text[start : mention.end].split()), True


def _either(text: str, kept: list[tuple[_Mention, Constraint]]) -> None:
    """Diagnoses of an inclusion joined by "or" are alternatives; a negated list is not, each must be absent."""
    joined = [
        (a, b)
        for (m, a), (n, b) in pairwise(kept)
        if a.kind == b.kind == "Diagnosis"
        and not a.negated
        and re.fullmatch(r"[\s,]*or\s+(?:\w+\s+){0,3}", text[m.end : n.start])
    ]
    if joined and len(kept) == len(joined) + 1:
        for number, (_, one) in enumerate(kept, 1):
            one.alternative = number


def _kind(text: str, mention: _Mention, therapy_before: bool) -> str:
    """PriorTherapy, ConcurrentTherapy or Diagnosis; "" for a mere mention."""
    lead = text[max(0, mention.start - scope.REACH) : mention.start]
    if not mention.therapy:
        after_therapy = therapy_before or _THERAPY_CUE.match(text)
        if re.match(
            r"[-\s]*(?:resistant|refractory|naive|specific|test|drugs?|vaccine)",
            text[mention.end : mention.end + 20],
            re.I,
        ):
            return ""
        return "" if after_therapy and bounds.pattern("purpose").search(lead) else "Diagnosis"
    if mention.window and mention.window.bound == "minimum":
        return "PriorTherapy"
    if _PLANNED.search(lead):
        return ""
    prior = _last(bounds.pattern("prior"), lead)
    concurrent = _last(bounds.pattern("concurrent"), lead)
    if prior < 0 and concurrent < 0:
        return "PriorTherapy" if mention.window else ""
    if bounds.pattern("purpose").search(lead) and max(prior, concurrent) < len(lead) - 40:
        return ""
    return "PriorTherapy" if prior > concurrent else "ConcurrentTherapy"


def _last(pattern: re.Pattern[str], text: str) -> int:
    return max((match.start() for match in pattern.finditer(text)), default=-1)


def _set_window(one: Constraint, window: Window) -> None:
    if window.bound == "minimum":
        one.minimum_time_since = window.duration
    else:
        one.maximum_time_since = window.duration


def _unnamed(quote: Quote, window: Window) -> Constraint:
    """A window whose event no vocabulary knows keeps the words for it."""
    text = quote.text
    around = text[max(0, window.start - scope.REACH) : window.end + scope.REACH]
    match = bounds.pattern("object").search(text, window.end, window.end + scope.REACH) or bounds.pattern(
        "object"
    ).search(text, max(0, window.start - scope.REACH), window.start)
    kind = (
        "Contraception"
        if bounds.pattern("contraception").search(around)
        else "PriorTherapy"
        if bounds.pattern("prior").search(around)
        else "Diagnosis"
    )
    named = match and not bounds.pattern("anchor").fullmatch(match[1])
    one = Constraint(kind=kind, concept_label=" ".join(match[1].split()) if match and named else "")
    one.negated = scope.negated(text, window.start) and kind != "Contraception"
    _set_window(one, window)
    one.cite(quote.part(window.start, window.end))
    return one


def _fixed_kinds(quote: Quote, times: list[Window], exclusion: bool) -> Iterator[Constraint]:
    """Pregnancy, nursing, contraception, consent and biomarkers, each at most once a criterion."""
    text = quote.text
    for name, kind in (
        ("pregnancy", "Pregnancy"),
        ("contraception", "Contraception"),
        ("consent", "Consent"),
        ("biomarker", "Biomarker"),
    ):
        matches = list(bounds.pattern(name).finditer(text))
        if not matches:
            continue
        if kind == "Contraception" and any(w.bound == "minimum" for w in times):
            continue  # the window says it already
        firsts = [m for m in matches if kind == "Pregnancy" and _NURSING.match(m.group())][:1]
        firsts += [m for m in matches if m not in firsts and not (kind == "Pregnancy" and _NURSING.match(m.group()))][
            :1
        ]
        for match in sorted(firsts, key=lambda m: m.start()):
            one = _fixed(quote, kind, match)
            if kind != "Pregnancy" or one.negated or exclusion or not _AVOIDED.search(text):
                yield one


def _fixed(quote: Quote, kind: str, match: re.Match[str]) -> Constraint:
    text = quote.text
    one = Constraint(kind=kind, concept_label=" ".join(match.group().split()))
    test = kind == "Pregnancy" and re.search(r"negative[\w\s,()-]{0,40}pregnancy test", text, re.I)
    joined = kind == "Pregnancy" and re.search(r"\bnon[- ]?$", text[max(0, match.start() - 5) : match.start()], re.I)
    one.negated = bool(test or joined) or (scope.negated(text, match.start()) and kind != "Consent")
    one.cite(quote.group(match))
    return one
