"""What a criterion means: bounds on quantities, windows of time, diagnoses and therapies, pregnancy and the rest."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import pairwise

from kg import assets
from kg.criteria import bounds, kinds, mentions, scope, windows
from kg.criteria.cues import pattern
from kg.criteria.mentions import Mention
from kg.criteria.spans import Spans
from kg.criteria.windows import Window
from kg.document import Quote
from kg.language import duration
from kg.mesh import MeshIndex, words
from kg.record import Constraint

_NUMERAL = re.compile(r"[IVX/-]+|.*\d.*|class|grade|stage")
_WORD_BEFORE = re.compile(r"(?<![\w/'’-])([\w/'’-]++)[ \t]++$")
_FOR_SOME = re.compile(r"\s*(?:for|if|in)\b")
_PARENTHESIS = re.compile(r"\(\s*$")
_SINCE = re.compile(r"[\s)]{0,4}(?:have (?:elapsed|passed) )?(?:since|after|following|from)\b", re.I)
_NOTE = re.compile(r"\W{0,4}unless\b", re.I)
#: When a disease is meant that must not be there: "no recurrence after prior surgery".
_AFTER = re.compile(r"\b(?:after|following|despite)\b[^.;,]{0,80}$", re.I)
#: A bracket behind a disease that tells what counts as it: "heart disease (angina, prior infarction)".
_EXPLAINED = re.compile(r"\s?\((?!(?:with|and|or|no|not|without)\b)(?:(?!\bor\b)[^()]){3,120}\)")
#: What stands between alternatives.
_JOINED = re.compile(r"(?:\s?\([^()]{1,20}\))?\s?,\s?|(?:\s?\([^()]{1,20}\))?[\s,]*(?:and/)?or\s+(?:\w+\s+){0,3}")
#: A list of therapies with semicolons, of which one time is asked: "since prior radiotherapy; total lung radiotherapy; or ...".
_LISTED = re.compile(r"[a-z\s,-]{0,90}+(?:;\s(?:or |and )?[a-z\s,-]{3,90}+){1,4}.$", re.S)
#: A statement about donors.
_DONORS = re.compile(r"[\W_]{0,9}+(?:\w[\w-]{0,29}+\s){0,3}donors?\b(?! (?:lymphocyte|leukocyte|specific))", re.I)
_CRITERIA_OF_OTHERS = re.compile(
    r"\b(?:donor|control|caregiver|relative|sibling|partner)s?\b(?=.*clusion)|(?<=for )(?:donor|control|caregiver|relative|sibling|partner)s?\b|(?<=- )(?:donor|control)s?\b",
    re.I,
)
#: How long a criterion may be that is read as alternatives: longer ones say several things.
_ONE_STATEMENT = 220
_EITHER = re.compile(r",?\s(?:OR|or)\s")
#: How words begin that only say which course a disease took.
_COURSE = re.compile(
    r"(?:refractory|recurrent|progressive|persistent|relapsed|relapsing|stable|measurable|evaluable|cytologic|histologic)",
    re.I,
)
#: Where a tumor is: "carcinoma of the breast".
_PLACE = re.compile(
    r"\s(?:of|involving)\s(?:the\s)?(?!(?:any|this|all|these|unknown|which|whom|situ)\b)[a-z]{3,20}(?:\s(?:and|or)\s[a-z]{3,20}(?=\s*(?:[.,;()]|$)))?"
)
#: What a statement may allow; a bound or a consent is asked for, though it says who "is eligible".
_MAY_BE_ALLOWED = ("PriorTherapy", "ConcurrentTherapy", "Diagnosis", "Pregnancy")


@cache
def _plain_before() -> frozenset[str]:
    return frozenset(assets.facts("criteria")["plain_before"])


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
    scope.alternatives(text, found, made)
    spans = [(b.at, b.end) for b in found]
    spans += [m.span() for m in kinds.OF_THE_YOUNG.finditer(text)] if pattern("consent").search(text) else []
    times = _windows(text, spans)
    spans = [(b.start, b.end) for b in found if b.variable]
    spans += [b.whom for b in found if b.when]  # whom a bound applies to is no criterion
    spans += [span for b in found if (span := _dose_of(b, text))]
    named = mentions.find(text, index, spans)
    _assign(text, times, named)
    made += _therapies_and_diagnoses(quote, times, named, exclusion, index)
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
        scope.any_excludes(quote, made)
    else:
        scope.loud_choice(quote, made)
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
        let_in = at >= allowed and (
            wholly
            or one.kind in _MAY_BE_ALLOWED
            or statements.say("no_bar", at)
            or (exclusion and one.kind == "Demographic" and statements.say("allowed", at))
        )
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
        concept_label=one.label,
        applies_when=one.when,
        negated=scope.negated(quote.text, one.start, exclusion=exclusion),
    )
    constraint.cite(quote.part(one.start, one.end))
    return constraint


def _windows(text: str, spans: list[tuple[int, int]]) -> list[Window]:
    """Windows of time, those in brackets that qualify another ("(6 weeks for nitrosourea)") included."""
    times = list(windows.find(text, spans))
    known = Spans((w.start, w.end) for w in times)
    for found in duration.find(text) if times else ():
        bracketed = _PARENTHESIS.search(text[max(0, found.start - 5) : found.start]) and _FOR_SOME.match(
            text, found.end
        )
        if bracketed and not known.touch(found.start, found.end):
            times.append(Window(found.start, found.end, found.least, times[0].bound))
    return sorted(times)


def _assign(text: str, times: list[Window], named: list[Mention]) -> None:
    """Give each mention its window: the last one before it in the bracket or clause, else the first one after it."""
    ends, starts = [w.end for w in times], [w.start for w in times]
    for mention in named:
        before, after = bisect_right(ends, mention.start) - 1, bisect_left(starts, mention.end)
        if before >= 0 and (
            (_same_clause(text, times[before].end, mention.start) and not _is_over(text, times[before], mention.start))
            or (mention.therapy and _LISTED.match(text, times[before].end, mention.start + 1))
        ):
            mention.window = times[before]
        elif after < len(times) and _same_clause(text, mention.end, times[after].start):
            mention.window = times[after]


def _is_over(text: str, window: Window, at: int) -> bool:
    """Whether a window belongs to what stands before it, and what is listed behind a comma is not in it: "surgery within 4 weeks, angina"."""
    between = text[window.end : at]
    comma = between.find(",")
    if comma < 0 or ":" in between or _SINCE.match(between):
        return False
    lead = text[max(0, window.start - scope.REACH) : window.start]
    opening = max(lead.rfind(mark) for mark in (";", ". ", "\n", ":"))
    return any(word.lower().strip("-•*") not in _opens_windows() for word in lead[opening + 1 :].split())


@cache
def _opens_windows() -> frozenset[str]:
    """Words that may stand before a window that a list follows: "have received within 4 weeks steroids, insulin"."""
    return frozenset(("", *assets.facts("criteria")["opens_windows"]))


def _same_clause(text: str, start: int, end: int) -> bool:
    if end - start > scope.REACH:
        return False
    between = text[start:end]
    if re.search(r";|\.\s", between) or between.count(")") > between.count("("):
        return False
    return not scope.anew().search(text, max(0, start - 1), end + 1)


def _exceptions(text: str, named: list[Mention]) -> tuple[list[Mention], list[Mention]]:
    """The mentions proper, and those named as exceptions."""
    cue = pattern("exception").search(text)
    if not cue:
        return named, []
    return [m for m in named if m.start < cue.start()], [m for m in named if m.start >= cue.end()]


def _therapies_and_diagnoses(
    quote: Quote, times: list[Window], named: list[Mention], exclusion: bool, index: MeshIndex
) -> Iterator[Constraint]:
    text = quote.text
    proper, excepted = _exceptions(text, named)
    condition = pattern("condition").search(text)
    limit = condition.start() if condition else len(text)
    when = " ".join(re.split(r"[;.)]", text[limit:])[0].split())[:200] if condition else ""
    exceptions = [
        m.identifier
        for m in excepted
        if (m.start < limit or limit < (proper[0].start if proper else 0))
        and (m.therapy or _first(text, m) == m.start or index.find(text[_first(text, m) : m.end]) == [m.identifier])
    ]
    behind = pattern("negative_behind")
    kept: list[tuple[Mention, Constraint]] = []
    people: list[tuple[int, int]] = []
    therapy_before = False
    for mention in proper:
        if mention.start > limit > 0 and (not mention.therapy or (condition and condition[0].lower() == "unless")):
            continue
        if not mention.therapy and pattern("given_for").search(text, max(0, mention.start - 90), mention.start):
            continue
        if whom := mentions.whom(text, mention):
            people.append(whom)
            continue
        if mentions.is_mere(text, mention) or (kept and not exclusion and _is_example(text, kept, mention)):
            continue
        denied = scope.negated(text, mention.start, exclusion=exclusion)
        if mention.therapy and kept and (denied or exclusion) and _only_after(text, kept, mention):
            continue
        kind = mentions.kind(text, mention, therapy_before)
        therapy_before = therapy_before or mention.therapy
        if not kind:
            continue
        one = Constraint(
            kind=kind,
            concept=[mention.identifier] if mention.identifier else [],
            negated=denied != bool(not mention.therapy and behind.match(text, mention.end)),
            exception=[e for e in exceptions if e != mention.identifier],
        )
        one.concept_label = mention.said or " ".join(text[mention.start : mention.end].split())
        one.applies_when = when if mention.start < limit else ""
        if kind == "Diagnosis":
            _qualify(text, mention, one, index)
        if kind in ("PriorTherapy", "Diagnosis") and pattern("recovered").search(
            text, max(0, mention.start - 130), mention.start
        ):
            one.concept, one.concept_label = [], f"recovered from {one.concept_label}"
        if mention.window and mention.window.ahead:
            one.concept, one.concept_label = [], f"planned {one.concept_label}"
        if mention.window:
            _set_window(one, mention.window)
            one.cite(quote.part(min(mention.start, mention.window.start), max(mention.end, mention.window.end)))
        else:
            one.cite(quote.part(mention.start, mention.end))
        kept.append((mention, one))
    _for_whom(text, people, kept)
    unknown = [] if exclusion else _unknown_alternatives(quote, kept)
    _either(text, kept)
    for number, (_, one) in enumerate(kept if unknown else [], 1):
        one.alternative = number
    for number, one in enumerate(unknown, len(kept) + 1):
        one.alternative = number
    yield from (one for _, one in kept)
    yield from unknown
    if (
        not kept
        and not times
        and (lead := mentions.THERAPY_CUE.match(text))
        and (match := re.match(r"[\w\s,/-]{3,60}", text[lead.end() :]))
    ):
        kind = "ConcurrentTherapy" if "conc" in lead.group().lower() else "PriorTherapy"
        one = Constraint(
            kind=kind,
            concept_label=" ".join(match.group().split()),
            negated=scope.negated(text, lead.end(), exclusion=exclusion),
        )
        one.cite(quote.part(0, lead.end() + match.end()).strip())
        yield one
    used = {m.window for m, _ in kept if m.window}
    for window in times:
        if window not in used:
            yield _unnamed(quote, window, exclusion)


def _for_whom(text: str, people: list[tuple[int, int]], kept: list[tuple[Mention, Constraint]]) -> None:
    """What a statement asks of some people, it asks of those only."""
    starts = [mention.start for mention, _ in kept]
    for start, end in people:
        near = slice(bisect_left(starts, start - scope.REACH), bisect_right(starts, end + scope.REACH))
        for mention, one in kept[near]:
            if not one.applies_when and _same_clause(text, min(start, mention.end), max(end, mention.start)):
                one.applies_when = " ".join(text[start:end].split())


def _only_after(text: str, kept: list[tuple[Mention, Constraint]], mention: Mention) -> bool:
    """Whether a therapy only says when the disease before it came: "no recurrence after prior surgery"."""
    before = next((m for m, c in reversed(kept[-8:]) if c.kind == "Diagnosis"), None)
    return bool(
        before
        and mention.start - before.end < 120
        and _same_clause(text, before.end, mention.start)
        and _AFTER.search(text, before.end, mention.start)
    )


def _is_example(text: str, kept: list[tuple[Mention, Constraint]], mention: Mention) -> bool:
    """Whether a disease only illustrates the one before it that must be there: "cancer, including melanoma"."""
    of_therapies = ("PriorTherapy", "ConcurrentTherapy") if mention.therapy else ("Diagnosis",)
    before, one = next(((m, c) for m, c in reversed(kept[-8:]) if c.kind in of_therapies), (None, None))
    if before is None or one is None or one.negated or mention.start - before.end > scope.REACH:
        return False
    bracket = None if mention.therapy else _EXPLAINED.match(text, before.end)
    if bracket and bracket.start() < mention.start < bracket.end():
        return True
    cue = pattern("examples").search(text, before.end, mention.start)
    if cue is None or not _same_clause(text, before.end, cue.start()):
        return False
    return not re.search(r"^[^()]*\)|;|\.\s", text[cue.end() : mention.start])


def _qualify(text: str, mention: Mention, one: Constraint, index: MeshIndex) -> None:
    """Words around a disease that narrow it, or make it something else, change what the constraint is about."""
    if turned := pattern("turned").match(text, mention.end):
        one.concept, one.concept_label = [], f"{one.concept_label} {turned[1]}"
        return
    start, end = _first(text, mention), mention.end
    if index.in_trees(mention.identifier, ("C04",)) and (place := _PLACE.match(text, end)):
        end = place.end()
    if start < mention.start or end > mention.end:
        said = mention.said or text[mention.start : mention.end]
        whole = f"{text[start : mention.start]} {said} {text[mention.end : end]}"
        one.concept_label, one.qualified = " ".join(whole.split()), True


def _first(text: str, mention: Mention) -> int:
    """Where the words that make a disease a narrower one begin: "extrahepatic metastasis"."""
    start = mention.start
    while not scope.begins_anew(text, start) and (before := _WORD_BEFORE.search(text, max(0, start - 40), start)):
        if (
            before[1].lower().strip("-") in _plain_before()
            or _NUMERAL.fullmatch(before[1])
            or not before[1][0].isalpha()
            or mention.start - before.start(1) > 60
        ):
            break
        start = before.start(1)
    return start


def _unknown_alternatives(quote: Quote, kept: list[tuple[Mention, Constraint]]) -> list[Constraint]:
    """The alternatives to the diseases of an inclusion that no vocabulary knows: "or subclinical disease at high risk"."""
    plain = all(one.kind == "Diagnosis" and not one.negated and not one.applies_when for _, one in kept)
    if not kept or not plain or len(quote.text) > _ONE_STATEMENT or ":" in quote.text:
        return []
    found, start = [], 0
    for match in [*_EITHER.finditer(quote.text), None]:
        part = quote.part(start, match.start() if match else len(quote.text)).strip(" \t\n,.;()")
        loud = bool(match and "OR" in match[0]) or "OR" in quote.text[max(0, start - 4) : start]
        start = match.end() if match else start
        first = [w.stem for w in words(part.text)][:5]
        named = any(m.start + quote.start < part.end and m.end + quote.start > part.start for m, _ in kept)
        known = loud or (not scope.diseases().isdisjoint(first) and not _COURSE.match(part.text))
        if part and not named and first and known:
            one = Constraint(kind="Diagnosis", concept_label=" ".join(part.text.split()[:12]))
            one.cite(part)
            found.append(one)
    return found


def _either(text: str, kept: list[tuple[Mention, Constraint]]) -> None:
    """Diagnoses of an inclusion joined by "or" are alternatives; a negated list is not, each must be absent."""
    joined = [
        (a, b)
        for (m, a), (n, b) in pairwise(kept)
        if a.kind == b.kind == "Diagnosis" and not a.negated and _JOINED.fullmatch(text, m.end, n.start)
    ]
    if (
        joined
        and len(kept) == len(joined) + 1
        and any("or" in text[m.end : n.start] for m, n in pairwise(m for m, _ in kept))
    ):
        for number, (_, one) in enumerate(kept, 1):
            one.alternative = number


def _set_window(one: Constraint, window: Window) -> None:
    if window.bound == "minimum":
        one.minimum_time_since = window.duration
    else:
        one.maximum_time_since = window.duration


def _unnamed(quote: Quote, window: Window, exclusion: bool) -> Constraint:
    """A window whose event no vocabulary knows keeps the words for it."""
    text = quote.text
    around = text[max(0, window.start - scope.REACH) : window.end + scope.REACH]
    match = pattern("object").search(text, window.end, window.end + scope.REACH) or pattern("object").search(
        text, max(0, window.start - scope.REACH), window.start
    )
    kind = (
        "Contraception"
        if pattern("contraception").search(around)
        else "PriorTherapy"
        if pattern("prior").search(around)
        else "Diagnosis"
    )
    named = match and not pattern("anchor").fullmatch(match[1])
    label = " ".join(match[1].split()) if match and named else ""
    one = Constraint(kind=kind, concept_label=f"planned {label}".strip() if window.ahead else label)
    one.negated = scope.negated(text, window.start, exclusion=exclusion) and kind != "Contraception"
    _set_window(one, window)
    one.cite(quote.part(window.start, window.end))
    return one
