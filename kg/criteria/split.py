"""Eligibility text of any style into a tree of criteria.

A line is a heading, an item or the rest of the item before it. Headings decide whether what follows includes or excludes;
where there is none, as in the older records, statements say what must hold and are inclusion criteria, "No ..." too.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache

from kg import assets
from kg.criteria.cues import pattern
from kg.document import Quote
from kg.record import Criterion, Passage

_MARK = re.compile(
    r"(?P<bullet>[-–—•●◦∙‣▪■□○⁃·*§¨»✓✔✗✘→►▶☐☑]|\+(?=\s)|>(?!\s*[\d=])|o(?=\s)|\uf0b7)\s*"
    r"|(?P<number>\(?(?:\d{1,2}(?:\.\d{1,2})*|[a-zA-Z]|[ivx]{1,5}|[IVX]{1,4})[.)](?!\d)\)?)\s+"
)
_ONLY_MARK = re.compile(r"(?:[-–—•●◦∙‣▪■□○⁃·*]|\(?\d{1,2}[.)])\s*$")
_JOINED = re.compile(
    r"\b(?:and|or|of|with|no|not|for|the|any|in|to|a|an|if|than|by|on|from|prior|other|least|be|is|are|must)$", re.I
)
_INLINE_HEADING = re.compile(
    r"(?<=[.;:)\]])\s{1,5}(?=(?:(?:key|main|major|principal) )?(?:inclusion|exclusion) criteria\s{0,3}:)", re.I
)
_INLINE_NUMBER = re.compile(r"(?<![^\s|(])\(?(\d{1,2})[.)]\s{1,5}(?=[A-Z≥≤<>(])")
_BEFORE_LIST = re.compile(r"[\s|(]*(?:(?:[a-z]{1,12} )?(?:inclusion|exclusion) criteria[\s:.-]*)?\(?", re.I)
_CHOICE = re.compile(r";\s*(?:and/)?or\b|:[^;:]*+;|\beither\b", re.I)
_SEMICOLONS = re.compile(r"(?:[^;()]|\([^()]*\))+")
_GOES_ON = re.compile(r"\bOR\W*$")
#: An item that begins a list of what is forgiven, the rest of which follows as items of its own, and such an item.
_EXCEPT = re.compile(r"\bexcept(?:ions?|ing)?(?: for| of)?:\s[^.;:]{3,90}\.?$", re.I)
_EXCEPTED = re.compile(
    r"(?!(?:no|not|at least|must|prior|history)\b)(?:[\w,/()-]{1,24}\s){0,8}(?:in situ|cancers?|carcinomas?|tumou?rs?|melanomas?|neoplasms?|cervix|skin)(?:\s[\w,/()-]{1,24}){0,6}\.?",
    re.I,
)
#: Whose criteria a heading tells that are not the patient's: "Donor inclusion criteria".
_OF_OTHERS = re.compile(r"\b(?:donors?|controls?|caregivers?|relatives?|siblings?|partners?)\b", re.I)
_TAIL = re.compile(r"(?<!\s)\s*+:?+\s*+$")


@cache
def _facts(name: str) -> tuple[str, ...]:
    return tuple(assets.facts("headings")[name])


@cache
def _heading(kind: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(_facts(kind))})\s*+(?::|\.|$)\s*+", re.I)


@cache
def _labels() -> re.Pattern[str]:
    words = sorted({*_facts("labelled"), *_facts("section")}, key=lambda w: (-len(w), w))
    return re.compile(rf"(?<![\w/-])(?<!minimum )(?<!maximum )({'|'.join(map(re.escape, words))})\s*:", re.I)


@cache
def _section() -> re.Pattern[str]:
    return re.compile(rf"(?:{'|'.join(map(re.escape, _facts('section')))})\s*+:?+\s*+", re.I)


@cache
def _glued() -> re.Pattern[str]:
    words = sorted(_facts("glued"), key=lambda w: (-len(w), w))
    return re.compile(rf"(?<=[\w)%.\];])\s++({'|'.join(map(re.escape, words))})\s*+:?+\s*+$")


@cache
def _starters() -> re.Pattern[str]:
    words = sorted(_facts("starters"), key=lambda w: (-len(w), w))
    return re.compile(rf"(?<=[a-z0-9)%\]])\s+(?=(?:{'|'.join(map(re.escape, words))})\b)")


@dataclass(slots=True)
class _Item:
    """A piece of the text: an item with its depth, or a heading."""

    quote: Quote
    depth: tuple[int, int] = (0, 0)
    heading: bool = False
    kind: str = ""
    opens: bool = False
    apart: bool = False
    parts: list[Quote] = field(default_factory=list)


def _says_nothing(text: str) -> bool:
    bare = text.strip(" .:;-").lower()
    return (
        not re.search(r"[A-Za-z0-9]", text)
        or bare in _facts("nothing")
        or bare.split(":")[-1].strip() in _facts("nothing")
    )


def heading_kind(text: str) -> str:
    """Whether the whole text is a heading for ``inclusion`` or ``exclusion`` criteria; "" when it is neither."""
    for kind in ("exclusion", "inclusion"):
        if _heading(kind).fullmatch(text):
            return kind
    return ""


def _lines(passage: Passage) -> Iterator[_Item]:
    """The items of a passage, line by line, headings among them."""
    last: _Item | None = None
    blank = True
    lone_mark = False
    empty = 0
    for line in _cut(passage.quote.lines()):
        stripped = line.strip(" \t\u00a0|")
        if not stripped:
            blank = True
            empty += 1
            continue
        if _ONLY_MARK.match(stripped.text):
            lone_mark, blank = True, True
            continue
        indent = stripped.start - line.start
        mark = _MARK.match(stripped.text)
        body = stripped.part(mark.end(), len(stripped.text)).strip() if mark else stripped
        if not body:
            continue
        numbered = 0 if mark is None else 1 if mark["bullet"] else 2
        if (kind := heading_kind(body.text)) or _section().fullmatch(body.text):
            last = None
            yield _Item(body, heading=True, kind=kind)
        elif lead := _leading_kind(body):
            last = _Item(lead[2], depth=(indent, numbered))
            yield _Item(lead[1], heading=True, kind=lead[0])
            yield last
        elif _is_heading(body, mark is not None):
            last = None
            yield _Item(body, heading=True)
        elif (
            mark is None
            and last is not None
            and not blank
            and not lone_mark
            and _continues(last.quote, body, indent, last)
        ):
            last.parts.append(body)
        else:
            last = _Item(body, depth=(indent, numbered), opens=lone_mark, apart=empty > 1)
            yield last
        blank = lone_mark = False
        empty = 0


def _cut(lines: Iterable[Quote]) -> Iterator[Quote]:
    """The lines, those apart that hold several: a heading amid a line, or a numbered list ("1. ... 2. ... 3. ...")."""
    for line in lines:
        places = {m.end() for m in _INLINE_HEADING.finditer(line.text)}
        for start in sorted({0, *places}):
            places |= _numbering(line.text, start)
        start = 0
        for place in [*sorted(places), len(line.text)]:
            if place > start or not places:
                yield line.part(start, place)
                start = place


def _numbering(text: str, start: int) -> set[int]:
    """Where the items of a numbered list begin that starts at ``start``, or after a heading there, on one line."""
    numbers = [(int(m[1]), m.start()) for m in _INLINE_NUMBER.finditer(text, start)]
    if not numbers or numbers[0][0] != 1 or not _BEFORE_LIST.fullmatch(text, start, numbers[0][1]):
        return set()
    places: list[int] = []
    for number, place in numbers:
        if number == len(places) + 1:
            places.append(place)
    return set(places) if len(places) > 1 else set()


def _leading_kind(body: Quote) -> tuple[str, Quote, Quote] | None:
    """A heading for inclusion or exclusion with the first item on its own line: kind, heading, item."""
    for kind in ("exclusion", "inclusion"):
        match = re.match(rf"({kind} criteria)\s*:\s*(?=\S)", body.text, re.I)
        if match:
            return kind, body.group(match, 1), body.part(match.end(), len(body.text)).strip()
    return None


def _is_heading(body: Quote, marked: bool) -> bool:
    bare = _TAIL.sub("", body.text)
    if bare.lower() in _facts("labelled") and (body.text.rstrip().endswith(":") or not marked):
        return True
    if marked:
        return False
    if (
        body.text.rstrip().endswith(":")
        and len(bare.split()) <= 6
        and not re.search(r"\b(?:following|any of|one of|all of|must|have)\b", bare)
    ):
        return True
    letters = [c for c in bare if c.isalpha()]
    return len(letters) > 8 and all(c.isupper() for c in letters) and len(bare.split()) <= 8


def _continues(before: Quote, body: Quote, indent: int, last: _Item) -> bool:
    """Whether an unmarked line goes on with the item before it (hard-wrapped text)."""
    if last.depth[1]:
        return indent > last.depth[0] or body.text[:1].islower() or len(before.text) > 60
    return body.text[:1].islower() or (
        indent > 0 and indent == last.depth[0] and len(before.text) > 60 and before.text[-1] not in ".;:"
    )


def _labelled(quote: Quote) -> Iterator[_Item]:
    """A line of several labelled values ("Age: 18 and over Performance status: ECOG 0-2") comes apart at the labels."""
    matches = list(_labels().finditer(quote.text))
    if not matches or (len(matches) == 1 and matches[0].start() > 0):
        yield _Item(quote)
        return
    if lead := quote.part(0, matches[0].start()).strip():
        yield _Item(lead)
    for i, match in enumerate(matches):
        stop = matches[i + 1].start() if i + 1 < len(matches) else len(quote.text)
        value = quote.part(match.end(), stop).strip()
        label = quote.group(match, 1)
        if not value or label.text.lower() in _facts("section"):
            yield _Item(label, heading=True)
            if value:
                yield _Item(value)
        elif re.fullmatch(r"age|sex|performance status|life expectancy|menopausal status", label.text, re.I):
            yield _Item(quote.part(match.start(), stop).strip())
        else:
            yield _Item(label, heading=True)
            yield _Item(value)


def _unglued(quote: Quote) -> tuple[Quote, Quote | None]:
    """An item without the heading of the next section that stuck to its end, and that heading."""
    match = _glued().search(quote.text)
    if not match:
        return quote, None
    before = quote.text[: match.start()].rstrip()
    last_word = before.rsplit(None, 1)[-1].lower()
    if last_word in (
        "no",
        "and",
        "or",
        "of",
        "the",
        "for",
        "any",
        "a",
        "with",
        "prior",
        "concurrent",
        "in",
        "to",
        "other",
        "major",
        "by",
    ):
        return quote, None
    return quote.part(0, match.start()).strip(), quote.group(match, 1)


def _statements(quote: Quote, prose: bool) -> Iterator[Quote]:
    """The statements of an item: run-on prose comes apart at sentences and at words that begin a new statement."""
    if not prose or len(quote.text) < 90:
        yield quote
        return
    for sentence in quote.sentences():
        starts = (
            m
            for m in _starters().finditer(sentence.text)
            if not _JOINED.search(sentence.text, max(0, m.start() - 12), m.start())
        )
        cuts = [0, *(m.end() for m in starts), len(sentence.text)]
        for a, b in itertools.pairwise(cuts):
            if piece := sentence.part(a, b).strip(" \t\r\n;"):
                yield piece


def _listed(quote: Quote) -> Iterator[Quote]:
    """The statements of a section that is one line: a list with semicolons, or prose."""
    if len(_SEMICOLONS.findall(quote.text)) > 1 and not _CHOICE.search(quote.text):
        for match in _SEMICOLONS.finditer(quote.text):
            yield quote.group(match)
    elif len(quote.text) < 90:
        yield from quote.sentences()
    else:
        yield from _statements(quote, prose=True)


def above(criteria: Iterable[Criterion]) -> dict[str, list[str]]:
    """The texts of the items that each criterion is listed under, by its identifier, the nearest first."""
    by_id = {one.id: one for one in criteria}
    found: dict[str, list[str]] = {}
    forgiving, beside = "", ""
    for one in by_id.values():
        parent = by_id.get(one.part_of)
        found[one.id] = [parent.text, *found[parent.id]] if parent else []
        goes_on = _GOES_ON.search(one.text) or _EXCEPT.search(one.text)
        listed = not _EXCEPT.search(forgiving) or _EXCEPTED.fullmatch(one.text)
        if forgiving and beside == one.part_of and listed:  # "... except skin cancer OR" goes on here
            found[one.id].insert(0, forgiving)
            forgiving = forgiving if goes_on or _EXCEPT.search(forgiving) else ""
        else:
            forgiving = one.text if goes_on and pattern("excepts_list").search(one.text) else ""
        beside = one.part_of
    return found


def split(passages: Iterable[Passage], text: str) -> list[Criterion]:
    """The criteria of a trial's eligibility passages, in order, each with its evidence; ``text`` is the document's.

    ``part_of`` and ``id`` are local (``criterion/3``).
    """
    criteria: list[Criterion] = []
    for passage in passages:
        if passage.role != "eligibility":
            continue
        kind: str = passage.kind or "inclusion"
        section, section_glued = "", False
        stack: list[tuple[tuple[int, int], Criterion]] = []
        items = list(_lines(passage))
        marked = any(i.depth[1] for i in items)
        for item in items:
            if item.heading:
                named = not item.kind or _OF_OTHERS.search(item.quote.text)
                kind, section, stack = item.kind or kind, item.quote.words.rstrip(" :") if named else "", []
                if not item.kind and _section().fullmatch(item.quote.text) and not passage.kind:
                    kind = "inclusion"
                continue
            if item.apart and section_glued:
                section, section_glued = "", False
            whole = Quote.join(item.quote, item.parts[-1], text) if item.parts else item.quote
            if not item.depth[1] and marked and whole.text.rstrip().endswith(":"):
                section, section_glued = "", False  # "Patients must have:" ends what stood under "Allowed:"
            for piece in _labelled(whole):
                if piece.heading:
                    section, stack = piece.quote.words, []
                    continue
                quote, following = _unglued(piece.quote)
                alone = bool(passage.kind) and len(items) == 1
                for statement in (
                    _listed(quote) if alone else _statements(quote, prose=not item.depth[1] and not marked)
                ):
                    if not _says_nothing(statement.text):
                        _add(criteria, stack, statement, kind, section, item)
                if following is not None:
                    section, stack, section_glued = following.words, [], True
                    kind = heading_kind(following.text) or kind
    return criteria


def _add(
    criteria: list[Criterion],
    stack: list[tuple[tuple[int, int], Criterion]],
    quote: Quote,
    kind: str,
    section: str,
    item: _Item,
) -> None:
    depth = item.depth
    while stack and not _nested(stack[-1][0], depth, stack[-1][1], quote):
        stack.pop()
    name = "InclusionCriterion" if kind == "inclusion" else "ExclusionCriterion"
    number = len(criteria) + 1
    one = Criterion(id=f"criterion/{number}", type=[name, "Criterion"], text=quote.words, order=number, section=section)
    one.cite(quote)
    if stack:
        one.part_of = stack[-1][1].id
    criteria.append(one)
    if depth[1] or quote.text.rstrip().endswith(":"):
        # An item whose mark stood alone on its line and that ends with a colon holds the list that follows it.
        stack.append(((-1, 0) if item.opens and quote.text.rstrip().endswith(":") else depth, one))


def _nested(above: tuple[int, int], depth: tuple[int, int], parent: Criterion, quote: Quote) -> bool:
    if depth[0] > above[0]:
        return True
    if depth[0] < above[0]:
        return False
    return depth[1] != above[1] and depth[1] > 0 and parent.text.endswith(":")
