"""Constraints on the diseases and therapies that a criterion names."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from functools import cache
from itertools import pairwise

from kg import assets
from kg.criteria import choices, mentions, scope
from kg.criteria.cues import STOP, pattern
from kg.criteria.mentions import Mention
from kg.criteria.timing import same_clause
from kg.criteria.windows import Window
from kg.document import Quote
from kg.mesh import MeshIndex, words
from kg.record import Constraint

_NUMERAL = re.compile(r"[IVX/-]+|(?![A-Za-z]{3,}-?\d{1,2}$).*\d.*|class|grade|stage")
_WORD_BEFORE = re.compile(r"(?<![\w/'’-])([\w/'’-]++)[ \t]++$")
#: The type of a disease, which makes it another one.
_TYPE_BEFORE = re.compile(r"\btype[\s-](?:[1-9]|I{1,3}|[A-D])\s$", re.I)
_TYPE_BEHIND = re.compile(r",?\s\(?type[\s-](?:[1-9]|I{1,3}|[A-D])\b", re.I)
#: When a disease is meant that must not be there: "no recurrence after prior surgery".
_AFTER = re.compile(r"\b(?:after|following|despite)\b[^.;,]{0,80}$", re.I)
_ONLY_AFTER = re.compile(r"\b(?:after|following) (?:the |any )?(?:prior |previous )?$", re.I)
#: A bracket behind a disease that tells what counts as it: "heart disease (angina, prior infarction)".
_EXPLAINED = re.compile(r"\s?\((?!(?:with|and|or|no|not|without)\b)(?:(?!\bor\b)[^()]){3,120}\)")
_SOME_WORDS = re.compile(r"[\w\s,/-]{3,60}")
#: What stands between alternatives.
_JOINED = re.compile(r"(?:\s?\([^()]{1,20}\))?\s?,\s?|(?:\s?\([^()]{1,20}\))?[\s,]*(?:and/)?or\s+(?:\w+\s+){0,3}")
#: What a therapy is for, before it: "treatment of infection with antibiotics".
_TREATING = re.compile(r"\b(?:treat(?:ment|ed)|therapy|managed|management) (?:of|for) (?:[a-z-]{1,20} ){0,2}$", re.I)
_WITH = re.compile(r"(?: [a-z-]{1,20}){0,2} (?:with|by)\b", re.I)
#: Before a therapy that somebody's disease needed: "pneumonitis that required steroids".
_NEEDED = re.compile(
    r"\b(?:that|which) (?:(?:has|have|had) )?(?:requir(?:ed|es|e)|needed|needs?) (?:[a-z/-]{1,20} ){0,3}$|\brequiring\b[^.;()]{0,100}\((?:[a-z/-]{1,20} ){0,3}$",
    re.I,
)
#: What only explains something else that shuts out: "life expectancy below a year due to cancer".
_DUE_TO = re.compile(
    r"\b(?:(?:due to|because of|resulting from|attributable to|related to)\s(?:[a-z-]{1,20},?\s){0,8}$|(?:caused by|secondary to|as a (?:result|consequence) of)\b[^.;:]{0,140}$)",
    re.I,
)
#: How long a criterion may be that is read as alternatives: longer ones say several things.
_ONE_STATEMENT = 220
_SHORTENED = re.compile(r"(?<![\w-])(?:[a-z-]{2,20}\s){0,3}[\w-]{3,30}\s\([^()]{2,30}\)\s$")
_CLOSED = re.compile(rf"^[^()]*\)|;|{STOP}", re.I)
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


@cache
def _plain_before() -> frozenset[str]:
    return frozenset(assets.facts("criteria")["plain_before"])


@cache
def _plain_surgery() -> frozenset[str]:
    return _plain_before() | frozenset(assets.facts("criteria")["plain_surgery"])


def _exceptions(text: str, named: list[Mention]) -> tuple[list[Mention], list[Mention]]:
    """The mentions proper, and those named as exceptions."""
    cue = pattern("exception").search(text)
    if not cue:
        return named, []
    return [m for m in named if m.start < cue.start()], [m for m in named if m.start >= cue.end()]


def find(
    quote: Quote, times: list[Window], named: list[Mention], exclusion: bool, index: MeshIndex
) -> Iterator[Constraint]:
    """The constraints on what a criterion names, in its order; then those on windows of time whose event nothing names."""
    text = quote.text
    kept = _kept(quote, named, exclusion, index)
    unknown = [] if exclusion else _unknown_alternatives(quote, kept)
    if not exclusion:  # of what excludes, everything is an alternative
        _either(text, kept)
    for number, one in enumerate((*(one for _, one in kept), *unknown) if unknown else (), 1):
        one.alternative = number
    yield from (one for _, one in kept)
    yield from unknown
    if not kept and not times and (prose := _in_prose(quote, exclusion)):
        yield prose
    used = {m.window for m, _ in kept if m.window}
    for window in times:
        if window not in used:
            yield _unnamed(quote, window, exclusion)


def _kept(quote: Quote, named: list[Mention], exclusion: bool, index: MeshIndex) -> list[tuple[Mention, Constraint]]:
    """The diseases and therapies that are asked for or barred, each with its constraint; those merely mentioned are left out."""
    text = quote.text
    proper, excepted = _exceptions(text, named)
    condition = pattern("condition").search(text)
    limit = condition.start() if condition else len(text)
    when = " ".join(re.split(r"[;.)]", text[limit:])[0].split())[:200] if condition else ""
    exceptions = [
        m.identifier
        for m in excepted
        if m.identifier
        and (m.start < limit or limit < (proper[0].start if proper else 0))
        and (
            m.therapy
            or (first := _first(text, m, _plain_before())) == m.start
            or index.find(text[first : m.end]) == [m.identifier]
        )
    ]
    kept: list[tuple[Mention, Constraint]] = []
    people: list[tuple[int, int]] = []
    therapy_before = False
    for mention in proper:
        if mention.start > limit > 0 and (not mention.therapy or (condition and condition[0].lower() == "unless")):
            continue
        denied = scope.negated(text, mention.start, exclusion=exclusion)
        if mention.therapy and _needed_by_unknown(text, mention, kept):
            continue
        if not mention.therapy and _given_for(text, mention):
            continue
        if whom := mentions.whom(text, mention):
            people.append(whom)
            continue
        if mentions.is_mere(text, mention) or (kept and not exclusion and _is_example(text, kept, mention)):
            continue
        if (denied or exclusion) and _explains(text, mention, kept, denied):
            continue
        kind = mentions.kind(text, mention, therapy_before)
        therapy_before = therapy_before or mention.therapy
        if not kind:
            continue
        one = _on(quote, mention, kind, index)
        if not mention.therapy and pattern("negative_behind").match(text, mention.end):
            denied = not denied
        one.negated = denied
        if denied and mention.therapy and one.minimum_time_since:  # "no steroids for at least 2 weeks"
            one.minimum_time_since, one.maximum_time_since = "", one.minimum_time_since
        one.exception = [e for e in exceptions if e != mention.identifier]
        one.applies_when = when if mention.start < limit else ""
        kept.append((mention, one))
    _for_whom(text, people, kept)
    return kept


def _given_for(text: str, mention: Mention) -> bool:
    """Whether a disease only says what a therapy is for: "treatment of infection with antibiotics"."""
    if pattern("given_for").search(text, max(0, mention.start - 90), mention.start):
        return True
    before = _TREATING.search(text, max(0, mention.start - 60), mention.start)
    return bool(before and _WITH.match(text, mention.end))


def _needed_by_unknown(text: str, mention: Mention, kept: list[tuple[Mention, Constraint]]) -> bool:
    """Whether a therapy was needed by something that no vocabulary knows: "... that required steroids"."""
    needed = kept and _NEEDED.search(text, max(0, mention.start - 140), mention.start)
    return bool(needed and (kept[-1][0].therapy or kept[-1][0].end < needed.start() - 1))


def _explains(text: str, mention: Mention, kept: list[tuple[Mention, Constraint]], denied: bool) -> bool:
    """Whether a name only explains, or says when, what must not be is meant: "life expectancy below a year due to cancer"."""
    if not mention.therapy:
        return bool(_DUE_TO.search(text, max(0, mention.start - 160), mention.start))
    at_once = denied and _ONLY_AFTER.search(text, max(0, mention.start - 40), mention.start)
    return bool(at_once or (kept and _only_after(text, kept, mention)))


def _on(quote: Quote, mention: Mention, kind: str, index: MeshIndex) -> Constraint:
    """The constraint on one disease or therapy, with its window and its words."""
    text = quote.text
    one = Constraint(kind=kind, concept=[mention.identifier] if mention.identifier else [])
    one.concept_label = mention.said or " ".join(text[mention.start : mention.end].split())
    if kind == "Diagnosis":
        _qualify(text, mention, one, index)
    elif one.concept_label.lower() in assets.facts("criteria")["generic_therapies"]:
        bracketed = _SHORTENED.search(text, max(0, mention.start - 70), mention.start)
        first = bracketed.start() if bracketed else _first(text, mention, _plain_surgery())
        one.concept_label = " ".join(f"{text[first : mention.start]} {one.concept_label}".split())
    over = kind in ("PriorTherapy", "Diagnosis")
    if over and pattern("recovered").search(text, max(0, mention.start - 130), mention.start):
        one.concept, one.concept_label = [], f"recovered from {one.concept_label}"
    if mention.window and mention.window.ahead:
        one.concept, one.concept_label = [], f"planned {one.concept_label}"
    if mention.window:
        _set_window(one, mention.window)
        one.cite(quote.part(min(mention.start, mention.window.start), max(mention.end, mention.window.end)))
    else:
        one.cite(quote.part(mention.start, mention.end))
    return one


def _in_prose(quote: Quote, exclusion: bool) -> Constraint | None:
    """A therapy in words that no vocabulary knows, where a criterion begins like one: "No prior ..."."""
    lead = mentions.THERAPY_CUE.match(quote.text)
    match = lead and _SOME_WORDS.match(quote.text, lead.end())
    if not lead or not match:
        return None
    one = Constraint(
        kind="ConcurrentTherapy" if "conc" in lead.group().lower() else "PriorTherapy",
        concept_label=" ".join(match.group().split()),
        negated=scope.negated(quote.text, lead.end(), exclusion=exclusion),
    )
    one.cite(quote.part(0, match.end()).strip())
    return one


def _for_whom(text: str, people: list[tuple[int, int]], kept: list[tuple[Mention, Constraint]]) -> None:
    """What a statement asks of some people, it asks of those only."""
    starts = [mention.start for mention, _ in kept]
    for start, end in people:
        near = slice(bisect_left(starts, start - scope.REACH), bisect_right(starts, end + scope.REACH))
        for mention, one in kept[near]:
            if not one.applies_when and same_clause(text, min(start, mention.end), max(end, mention.start)):
                one.applies_when = " ".join(text[start:end].split())


def _only_after(text: str, kept: list[tuple[Mention, Constraint]], mention: Mention) -> bool:
    """Whether a therapy only says when the disease before it came: "no recurrence after prior surgery"."""
    before = next((m for m, c in reversed(kept[-8:]) if c.kind == "Diagnosis"), None)
    return bool(
        before
        and mention.start - before.end < 120
        and same_clause(text, before.end, mention.start)
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
    if cue is None or not same_clause(text, before.end, cue.start()):
        return False
    return not _CLOSED.search(text[cue.end() : mention.start])


def _qualify(text: str, mention: Mention, one: Constraint, index: MeshIndex) -> None:
    """Words around a disease that narrow it, or make it something else, change what the constraint is about."""
    if turned := pattern("turned").match(text, mention.end):
        one.concept, one.concept_label = [], f"{one.concept_label} {turned[1]}"
        return
    if bracketed := _before_bracket(text, mention):
        one.concept_label, one.qualified = f"{bracketed} {one.concept_label}", True
        return
    start, end = _first(text, mention, _plain_before()), mention.end
    if typed := _TYPE_BEHIND.match(text, end):
        end = typed.end()
    if index.in_trees(mention.identifier, ("C04",)) and (place := _PLACE.match(text, end)):
        end = place.end()
    if start < mention.start or end > mention.end:
        said = mention.said or text[mention.start : mention.end]
        whole = f"{text[start : mention.start]} {said} {text[mention.end : end]}"
        one.concept_label, one.qualified = " ".join(whole.split()), True


def _before_bracket(text: str, mention: Mention) -> str:
    """What stands before the short form before a lone noun: "cytomegalovirus (CMV)" before "infection"."""
    if len(words(text[mention.start : mention.end])) > 1 or mention.said:
        return ""
    match = _SHORTENED.search(text, max(0, mention.start - 70), mention.start)
    return " ".join(match[0].split()) if match else ""


def _first(text: str, mention: Mention, plain: frozenset[str]) -> int:
    """Where the words that make a disease or an operation a narrower one begin: "extrahepatic metastasis", "type 1 diabetes"."""
    start = mention.start
    if typed := _TYPE_BEFORE.search(text, max(0, start - 12), start):
        return typed.start()
    while not scope.begins_anew(text, start) and (before := _WORD_BEFORE.search(text, max(0, start - 40), start)):
        if (
            before[1].lower().strip("-") in plain
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
            found.append(choices.in_words(part))
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
    lasting = re.search(r"\bfor (?:the )?$", text[max(0, window.start - 8) : window.start], re.I)
    if (
        one.negated and lasting and kind == "PriorTherapy" and one.minimum_time_since
    ):  # "no treatment for at least 4 weeks"
        one.minimum_time_since, one.maximum_time_since = "", one.minimum_time_since
    one.cite(quote.part(window.start, window.end))
    return one
