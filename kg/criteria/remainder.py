"""What of a criterion its constraints leave out: a criterion is not met by what was understood of it alone."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

from kg import assets
from kg.criteria import scope
from kg.criteria.cues import STOP, pattern
from kg.criteria.spans import Spans
from kg.document import Quote
from kg.mesh import words
from kg.record import Constraint

#: Where one statement, or one member of a list, ends and the next begins.
_CUT = re.compile(rf"[;:,()\[\]]|{STOP}|(?<![\w-])(?:and/or|and|or|nor|plus|as well as)(?![\w-])", re.I)
_HARD = re.compile(rf"[;:]|{STOP}|^\s+$", re.I)
#: Other tumors that trials forgive, whether or not a vocabulary knows the words.
_FORGIVEN = re.compile(r"\b(?:skin|cervi\w+|in[- ]situ|melanoma\w*)\b", re.I)
#: The short form of what was just named: "New York Heart Association (NYHA)".
_SHORT_FORM = re.compile(r"\(\s?[A-Z][A-Za-z0-9/-]{1,9}\s?\)")
_WORD = re.compile(r"[A-Za-z][\w'-]*")
#: How a part of a statement begins that asks for something of its own.
_ASKS = re.compile(r"\s*(?:with|without|have|has|had|must|be|is|are|can|no|not|agree|able|willing|receive)\b", re.I)
#: How words end that only say of what kind something is.
_ADJECTIVE = re.compile(r"(?:ic|al|ous|ive|ed|ary|able|ible|ant|ent|ar|ing|ory|ful|less|ere|ute|te|ly|or)$")
_OPENING = re.compile(rf"[;(]|{STOP}", re.I)
_JOINT = re.compile(r"[\s,/]*+(?:(?:and/or|and|or)\s)?")
_STOP = re.compile(rf"[;)]|{STOP}|$", re.I)
#: How many words a remainder keeps.
_MOST = 24
#: How far apart words of one phrase are at most.
_GAP = 30


@cache
def _facts(name: str) -> frozenset[str]:
    return frozenset(assets.facts("remainder")[name])


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(assets.facts("remainder")[name], re.I)


def _covered(quote: Quote, made: Iterable[Constraint]) -> list[tuple[int, int]]:
    """The stretches of the text that a constraint says in its own terms."""
    text = quote.text
    found = [m.span() for m in _pattern("asides").finditer(text)]
    found += [(_long_form(text, m), m.end()) for m in _SHORT_FORM.finditer(text)]
    found += [m.span() for m in pattern("shut_out").finditer(text)]
    found += _sentences(text, pattern("allowed"))
    if cue := pattern("exception").search(text):
        stretch = (cue.start(), _stop(text, cue.end()))
        if any(one.exception for one in made) or _FORGIVEN.search(text, *stretch):
            found.append(stretch)
    for one in made:
        start, end = _place(quote, one)
        named = one.concept_label and not one.value and _named(one.concept_label, text, start, end)
        found.append(named or (start, end))
        if one.applies_when and (match := _spoken(one.applies_when).search(text)):
            found.append(match.span())
    return found


def _long_form(text: str, short: re.Match[str]) -> int:
    """Where the words begin that a short form stands for: "New York Heart Association (NYHA)"; else where its bracket does."""
    letters = [c for c in short[0] if c.isupper()]
    before = [m.span() for m in _WORD.finditer(text, max(0, short.start() - 80), short.start())][-len(letters) :]
    initials = [text[start].upper() for start, _ in before]
    return before[0][0] if before and initials == letters else short.start()


def _sentences(text: str, pattern: re.Pattern[str]) -> list[tuple[int, int]]:
    """The sentences, and what stands in brackets, in which a pattern is found."""
    found: list[tuple[int, int]] = []
    starts: list[int] = []
    for match in pattern.finditer(text):
        starts = starts or sorted([0, *(m.end() for p in (_OPENING, scope.anew()) for m in p.finditer(text))])
        if not found or match.start() >= found[-1][1]:
            found.append((starts[bisect_right(starts, match.start()) - 1], _stop(text, match.end())))
    return found


def _stop(text: str, start: int) -> int:
    """Where a sentence, or what stands in brackets, ends."""
    end = _STOP.search(text, start)
    return end.start() if end else len(text)


def _named(label: str, text: str, start: int, end: int) -> tuple[int, int] | None:
    """Where a label stands in the evidence of its constraint, or runs into it."""
    spans = (m.span() for m in _spoken(label).finditer(text, max(0, start - 80), end))
    return next((span for span in spans if span[1] > start), None)


def _spoken(said: str) -> re.Pattern[str]:
    return re.compile(r"\s+".join(map(re.escape, said.split())))


def _place(quote: Quote, one: Constraint) -> tuple[int, int]:
    return (one.evidence[0].start or 0) - quote.start, (one.evidence[0].end or 0) - quote.start


def _segments(text: str) -> list[tuple[int, int]]:
    short = Spans(m.span() for m in _SHORT_FORM.finditer(text))
    cuts = [m.span() for p in (_CUT, scope.anew(), pattern("examples")) for m in p.finditer(text)]
    cuts = [cut for cut in cuts if not short.touch(*cut)]
    found, start = [], 0
    for a, b in sorted(cuts):
        if start < a:
            found.append((start, a))
        start = max(start, b)
    return [*found, (start, len(text))] if start < len(text) else found


def leave(quote: Quote, made: Sequence[Constraint]) -> list[str]:
    """Note with each constraint the words that narrow what it speaks of, and return the words beside all of them.

    "No uncontrolled infection or serious illness": "uncontrolled" narrows the infection, "serious illness" is left. Nothing is left of a
    criterion that its constraints say wholly.
    """
    text = quote.text
    made = sorted(made, key=lambda one: _place(quote, one))
    covered = Spans(_covered(quote, made))
    illustrated = _examples(text)
    examples = Spans(illustrated)
    open_words = [
        w
        for w in words(text)
        if w.stem not in _facts("plain")
        and not w.stem[0].isdigit()
        and not covered.touch(w.start, w.end)
        and not examples.touch(w.start, w.end)
    ]
    if not open_words:
        return []
    segments = _segments(text)
    starts = [a for a, _ in segments]
    owners: list[list[Constraint]] = [[] for _ in segments]
    for one in made:
        start, end = _place(quote, one)
        first, last = bisect_right(starts, start) - 1, bisect_right(starts, max(start, end - 1)) - 1
        for number in range(max(first, 0), last + 1):
            owners[number].append(one)
    own = [bool(one) for one in owners]
    owners = _attached(text, segments, owners)
    places = [_place(quote, one)[0] for one in made]
    cues = [start for start, _ in illustrated]
    left: list[tuple[int, int]] = []
    narrowing: dict[int, list[tuple[int, int]]] = {id(one): [] for one in made}
    for word in open_words:
        number = bisect_right(starts, word.start) - 1
        span = (word.start, word.end)
        after = segments[number + 1][0] if number + 1 < len(segments) else len(text)
        cue = bisect_left(cues, segments[number][1])
        exemplified = not own[number] and cue < len(cues) and cues[cue] < after
        narrowed = owners[number]
        if exemplified:
            narrowed = list(made[bisect_left(places, cues[cue]) : bisect_left(places, illustrated[cue][1])])[:_MOST]
        a_kind = not own[number] and word.stem in _facts("kinds")
        for one in () if a_kind else narrowed:
            narrowing[id(one)].append(span)
        if not owners[number] or exemplified or a_kind:
            left.append(span)
    for before, one in pairwise(made):
        if before.concept and narrowing[id(before)] and not narrowing[id(one)] and _shares(quote, before, one):
            narrowing[id(one)] = narrowing[id(before)]
    for one in made:
        one.remainder = _phrases(text, narrowing[id(one)], covered)
    return _phrases(text, left, covered)


def _phrases(text: str, found: list[tuple[int, int]], covered: Spans) -> list[str]:
    """The words left over as they stand: those with nothing but little words between them as one phrase."""
    phrases: list[tuple[int, int]] = []
    for start, end in found[:_MOST]:
        if phrases and start - phrases[-1][1] < _GAP and not covered.touch(phrases[-1][1], start):
            phrases[-1] = (phrases[-1][0], end)
        else:
            phrases.append((start, end))
    return [" … ".join(" ".join(text[start:end].split()) for start, end in phrases)] if phrases else []


def _shares(quote: Quote, before: Constraint, one: Constraint) -> bool:
    """Whether the first of two neighbours in a list has its last word from the second: "severe hepatic or kidney disease"."""
    (start, end), (after, _) = _place(quote, before), _place(quote, one)
    last = before.concept_label.rpartition(" ")[2]
    return bool(last and last not in quote.text[start:end] and _JOINT.fullmatch(quote.text, end, max(end, after)))


def _examples(text: str) -> list[tuple[int, int]]:
    """The stretches of examples, each to the end of its bracket or sentence."""
    found: list[tuple[int, int]] = []
    for match in pattern("examples").finditer(text):
        if not found or match.start() >= found[-1][1]:
            found.append((match.start(), _stop(text, match.end())))
    return found


def _attached(text: str, segments: Sequence[tuple[int, int]], owners: list[list[Constraint]]) -> list[list[Constraint]]:
    """The constraints that each piece of the text narrows: those in it, or those before or behind that it goes on about."""
    found = list(owners)
    narrowing = False
    for number, ((start, end), (after, stop)) in enumerate(pairwise(segments)):
        between = text[end:after]
        if owners[number]:
            last = max((m.end() for m in _pattern("narrows").finditer(text, start, end)), default=0)
            narrowing = bool(last)
        if _HARD.search(between) or ")" in between:
            narrowing = False
        if found[number + 1] or not found[number]:
            continue
        goes_on = narrowing and "," not in between and not _ASKS.match(text, after, stop)
        bracket = "(" in between or "[" in between
        if goes_on or bracket or _pattern("narrows").match(text, after + _blank(text, after, stop)):
            found[number + 1] = found[number]
            narrowing = True
    for number in range(len(segments) - 2, -1, -1):
        # "serious or uncontrolled infection": the word before narrows what follows, unless it is a kind of disease itself.
        if found[number] or not found[number + 1]:
            continue
        start, end = segments[number]
        whole = words(text[start:end])
        inside = [w.stem for w in whole if w.stem not in _facts("plain")]
        exemplified = pattern("examples").search(text, end, segments[number + 1][0])
        if exemplified:
            found[number] = found[number + 1]
            continue
        if (whole and whole[-1].stem in scope.heads()) or not all(_ADJECTIVE.search(w) for w in inside):
            continue
        denied = all(one.negated for one in found[number + 1])
        if denied and not pattern("negation").search(text, 0, end):
            continue  # "sedentary people, free of heart disease": not denied
        between = text[end : segments[number + 1][0]]
        joined = not _HARD.search(between) and "(" not in between
        if joined and len(inside) <= 2:
            found[number] = found[number + 1]
    return found


def _blank(text: str, start: int, stop: int) -> int:
    piece = text[start:stop]
    return len(piece) - len(piece.lstrip())
