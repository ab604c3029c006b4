"""The sections of a page of any site, found by what their labels say (``kg/facts/labels.toml``).

A label may be a heading, the first cell of a row, words in bold, words before a colon, a line of its own, or the head of a
column. A section goes on to the next label; a label with its value beside it takes that value only, and what follows
belongs to the section around it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from kg import assets
from kg.criteria import heading_kind
from kg.document import Document, Quote
from kg.mesh import key
from kg.read.blocks import Block
from kg.read.page import Layout, Page, Section

_NUMBER = re.compile(r"^\s*(?:[A-Z]\.)?\d{1,2}(?:\.\d{1,2}){0,4}[.)]?\s+|^\s*[A-Z]\.\d{1,2}(?:\.\d{1,2})*\s+")
_CODE = re.compile(r"(?:[A-Z]\.?)?\d{0,2}(?:\.\d{1,2})*\.?")
_LONGEST = 90
#: Fields whose text may go on after the label's own line, over blocks that have no label.
_LONG = frozenset(
    "summary description eligibility inclusion exclusion arms interventions outcomes primaryOutcomes secondaryOutcomes "
    "otherOutcomes conditions keywords sites meshTerms sponsors collaboratorNames principalInvestigator design otherIds "
    "whyStopped".split()
)
#: Those that may go on after a value beside the label.
_PROSE = _LONG - frozenset(
    "conditions keywords sites meshTerms collaboratorNames principalInvestigator design otherIds".split()
)
_CRITERIA = frozenset(("eligibility", "inclusion", "exclusion"))
_TABLED = frozenset("arms interventions outcomes primaryOutcomes secondaryOutcomes otherOutcomes sites".split())
#: Labels that are ordinary words within such a section, unless they stand alone on their line and are among the second.
_SHUT = {
    "arms": ("arms", "interventions", "summary", "status", "title", "identifier", "phase"),
    "interventions": ("arms", "interventions", "summary", "status", "title", "identifier", "phase"),
    "summary": ("interventions", "conditions", "arms", "summary", "purpose"),
    "description": ("interventions", "conditions", "arms", "summary", "purpose"),
}
_APART = frozenset(
    "sites navigation arms interventions outcomes summary description identifier keywords startDate completionDate".split()
)


def _normal(text: str) -> str:
    return " ".join(w for w in key(text).split() if w not in ("s", "and"))


@cache
def _lexicon() -> dict[str, str]:
    words: dict[str, str] = {}
    for field, labels in assets.facts("labels")["fields"].items():
        for label in labels:
            words.setdefault(_normal(label), field)
    return words


@cache
def _columns() -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for column, labels in assets.facts("labels")["columns"].items():
        for label in labels:
            found.setdefault(_normal(label), []).append(column)
    return {label: tuple(columns) for label, columns in found.items()}


def field_of(label: str) -> str:
    """The field that a label opens; "" when it is no label.

    >>> field_of("Conditions:"), field_of("E.3 Principal inclusion criteria"), field_of("Our team")
    ('conditions', 'inclusion', '')
    """
    if len(label) > _LONGEST:
        return ""
    return _field_of(label)


@cache
def _field_of(label: str) -> str:
    words = _normal(_NUMBER.sub("", label)).split()
    lexicon = _lexicon()
    if not words:
        return ""
    if found := lexicon.get(" ".join(words)):
        return found
    if kind := heading_kind(label.strip(" :")):
        return kind
    around = set(assets.facts("labels")["around"]["words"])
    start, stop = 0, len(words)
    while start < stop - 1 and words[start] in around:
        start += 1
        if found := lexicon.get(" ".join(words[start:stop])):
            return found
    while stop > start + 1 and words[stop - 1] in around:
        stop -= 1
        if found := lexicon.get(" ".join(words[start:stop])) or lexicon.get(" ".join(words[:stop])):
            return found
    return ""


def columns_of(row: Block, wanted: Iterable[str]) -> dict[str, int]:
    """The columns that the cells of a row name, of those wanted: column -> place; {} when the row names no two."""
    found: dict[str, int] = {}
    for place, cell in enumerate(row.cells):
        for column in _columns().get(_normal(cell.text), ()):
            if column in wanted and column not in found:
                found[column] = place
                break
    return found if len(found) >= 2 or (found and row.header) else {}


@dataclass(frozen=True, slots=True)
class _Opening:
    """A label: its field, where it stands, where what belongs to it begins and, when it is given beside it, ends."""

    field: str
    label: Quote
    start: int
    stop: int = 0
    level: int = 8


def _lines(document: Document, blocks: Iterable[Block]) -> Iterator[Block]:
    """The blocks, those apart whose lines have labels of their own ("Sponsor: X", line break, "Phase: 2")."""
    for block in blocks:
        if block.kind == "text" and "\n" in block.quote.text:
            lines = [q.strip() for q in block.quote.lines() if q.strip()]
            if any(_before_colon(line) for line in lines):
                for n, line in enumerate(lines):
                    yield Block("text", line, (line,), block.level, block.seam if n == 0 else 0)
                continue
        yield block


def _before_colon(text: Quote) -> tuple[str, int]:
    """The field of the words before the first colon of a text, and where the colon ends; ("", 0) when they are none."""
    colon = text.text.find(":", 0, _LONGEST)
    if colon < 1:
        return "", 0
    field = field_of(text.text[:colon])
    if field == "identifier" and text.text[colon + 1 : colon + 3] == "//":
        return "", 0
    return (field, colon + 1) if field else ("", 0)


def _opening(block: Block, inside: str, among_items: bool = False) -> _Opening | None:
    """What a block opens. ``inside``: the field of the section that it stands in, which an item of a list may have opened."""
    text = block.text
    weak = assets.facts("labels")["weak"]["fields"]
    if block.kind == "row" and len(block.cells) > 2 and _CODE.fullmatch(text.text) and not block.header:
        block = Block("row", block.quote, block.cells[1:])  # "E.3 | Principal inclusion criteria | ..."
        text = block.text
    if block.kind == "row" and len(block.cells) > 1:
        field = "" if block.header else field_of(text.text)
        if not field or (inside in _TABLED and field in weak):
            return None
        return _Opening(field, text, block.cells[1].start, block.quote.end)
    if block.kind in ("heading", "row"):
        if field := field_of(text.text):
            return _Opening(field, text, text.end, level=block.level or 6)
        field, colon = _before_colon(text)
        if field and (value := text.part(colon, len(text.text)).strip()):
            return _Opening(field, text.part(0, colon), value.start, value.end)
        return None
    field, place = "", 0
    if block.seam > text.start:
        place = block.seam - text.start
        field = field_of(text.text[:place])
    if not field:
        field, place = _before_colon(text)
    if not field and block.kind == "text" and "\n" not in text.text:
        field, place = field_of(text.text), len(text.text)
    if not field or (block.kind == "item" and inside in _LONG and not among_items):
        return None
    value = text.part(place, len(text.text)).strip(" \t\u00a0:")
    alone = block.kind == "text" and (not value or text.text[place : place + 1] == "\n") and field in _APART
    if not alone and field in _SHUT.get(inside, weak if inside in _CRITERIA else ()):
        return None
    if not value:
        return _Opening(field, text, text.end, level=6)
    return _Opening(field, text.part(0, place).strip(" :"), value.start, 0 if field in _PROSE else text.end)


def find(document: Document, blocks: Iterable[Block]) -> list[Section]:
    """The sections of a page, in order; those of the field "" have a heading that says nothing known."""
    sections: list[Section] = []
    inside: tuple[str, Quote, int] = ("", document.quote(0, 0), 8)  # field, label, level of the section that goes on
    by_item = False  # whether an item of a list opened it
    start = 0
    held: list[Block] = []
    columns: list[str] = []

    def close(stop: int) -> None:
        nonlocal held
        if inside[0] and (held or inside[1].end > inside[1].start):
            body = document.quote(start, max(start, stop))
            sections.append(Section(inside[0], inside[1], body, tuple(held)))
        held = []

    for block in _lines(document, blocks):
        if block.kind == "row" and inside[0] not in _TABLED:
            fields = [field_of(c.text) for c in block.cells]
            if len(fields) > 1 and all(fields) and (block.header or len(fields) > 2):
                columns = fields
                continue
            if columns and len(columns) == len(block.cells):
                close(block.quote.start)
                for field, cell in zip(columns, block.cells, strict=True):
                    content = (Block("text", cell, (cell,)),)
                    sections.append(Section(field, cell.part(0, 0), cell, content))
                start = block.quote.end
                continue
        if block.kind != "row":
            columns = []
        if block.kind == "row" and block.text.text.startswith("schema:"):
            content = (Block("text", block.cells[1], block.cells[1:2]),)
            sections.append(Section(block.text.text, block.text, block.cells[1], content))
            continue
        if block.kind == "rule":
            close(block.quote.start)
            inside, start = ("", document.quote(0, 0), 8), block.quote.end
            continue
        opened = _opening(block, inside[0], by_item)
        if opened is None:
            if block.kind == "heading" and not (inside[0] in _LONG and block.level > inside[2]):
                close(block.quote.start)
                inside, start, by_item = ("", block.text, block.level), block.quote.end, False
            else:
                held.append(block)
            continue
        close(block.quote.start)
        if opened.stop:
            content = (_rest(block, opened, document),)
            sections.append(Section(opened.field, opened.label, document.quote(opened.start, opened.stop), content))
            if inside[0] not in _LONG:
                inside = ("", document.quote(0, 0), 8)
            start = block.quote.end
        else:
            inside, start = (opened.field, opened.label, opened.level), opened.start
            by_item = block.kind == "item"
            if opened.start < block.quote.end:
                held.append(_rest(block, opened, document))
    close(len(document.text))
    return sections


def _rest(block: Block, opened: _Opening, document: Document) -> Block:
    """What a block holds beside its label."""
    cells = tuple(cell for cell in block.cells if cell.start >= opened.start)
    if block.kind == "row" and len(cells) > 1:
        return Block("row", document.quote(opened.start, block.quote.end), cells)
    quote = document.quote(opened.start, opened.stop or block.quote.end)
    return Block("text", quote, (quote,))


def page(document: Document, blocks: list[Block], layout: Layout) -> Page:
    """The page as sections; its head is what stands before the first that says something of a trial."""
    sections = find(document, blocks)
    first = next((s for s in sections if s.field not in ("navigation", "")), None)
    head = document.quote(0, first.label.start or first.body.start) if first else document.all()
    heading = next((b.text for b in blocks if b.kind == "heading" and b.level == 1 and _is_title(b.text)), None)
    return Page(document, layout, head, tuple(sections), heading)


def _is_title(text: Quote) -> bool:
    return len(text.text.split()) >= 4 and not field_of(text.text) and text.text != "Title of the window"
