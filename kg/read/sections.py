"""The sections of a page of any site, found by what their labels say (:mod:`kg.read.labels`).

A label may be a heading, the first cell of a row, words set apart by type, words before a colon, a line of its own, or the
head of a column. A section goes on to the next label; a label with its value beside it takes that value only, and what
follows belongs to the section around it.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from kg import assets
from kg.document import Document, Quote
from kg.read import labels
from kg.read.blocks import Block
from kg.read.page import Layout, Page, Section

_CODE = re.compile(r"(?:[A-Z]\.?)?\d{0,2}(?:\.\d{1,2})*\.?")
_BESIDE = re.compile(r"\s[·|•]\s")
_AT_END = re.compile(r"(?:Title of the window|Structured data)$")
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


@dataclass(frozen=True, slots=True)
class _Opening:
    """A label: its field, where it stands, where what belongs to it begins and, when it is given beside it, ends."""

    field: str
    label: Quote
    start: int
    stop: int = 0
    level: int = 8


@cache
def _talk() -> re.Pattern[str]:
    return re.compile("|".join(assets.facts("chrome")["talk"]), re.I)


class _Finder:
    """Goes through the blocks of a page once. ``inside``: the section that goes on; ``held``: its blocks so far."""

    def __init__(self, document: Document, layout: Layout) -> None:
        self.document = document
        self.own = layout.own
        self.glued = layout.glued
        self.sections: list[Section] = []
        self.inside = ""
        self.label = document.quote(0, 0)
        self.level = 8
        self.style = ""  # how the label was set: the kind of its block, or "apart" by type
        self.waiting = False  # whether the label stood alone, and its value is still to come
        self.start = 0
        self.held: list[Block] = []

    def field_of(self, label: str, *, beside: bool = True) -> str:
        if self.own and (found := self.own.get(labels.normal(label))):
            return found
        return labels.field_of(label, beside=beside)

    def before_colon(self, text: Quote) -> tuple[str, int]:
        """The field of the words before the first colon, and where the colon ends; ("", 0) when they are no label."""
        colon = text.text.find(":", 0, labels.LONGEST)
        if colon < 1 or text.text[colon + 1 : colon + 3] == "//":
            return "", 0
        field = self.field_of(text.text[:colon])
        return (field, colon + 1) if field else ("", 0)

    def lines(self, blocks: list[Block]) -> Iterator[Block]:
        """The blocks, those apart whose lines or cells have labels of their own ("Sponsor: X", line break, "Phase: 2")."""
        for block in blocks:
            names, text = block.cells[::2], block.text
            if block.kind == "row" and len(block.cells) >= 4 and len(block.cells) % 2 == 0 and not block.header:
                if all(c.text.endswith(":") or self.field_of(c.text) for c in names):
                    for name, value in zip(names, block.cells[1::2], strict=True):
                        yield Block("row", self.document.quote(name.start, value.end), (name, value))
                    continue
            elif block.kind in ("text", "item") and "\n" not in text.text and _BESIDE.search(text.text):
                parts = [
                    text.group(m).strip(" \t\u00a0·|•") for m in re.finditer(r"(?:(?!\s{1,9}[·|•]\s).)+", text.text)
                ]
                if sum(1 for part in parts if self.before_colon(part)[0]) > 1:
                    yield from (Block("text", part, (part,)) for part in parts if part)
                    continue
            elif block.kind == "text" and "\n" in text.text:
                lines = [q.strip() for q in text.lines() if q.strip()]
                if any(
                    self.before_colon(line)[0] or self.field_of(line.text, beside=False) in _CRITERIA for line in lines
                ):
                    for n, line in enumerate(lines):
                        yield Block("text", line, (line,), block.level, block.seam if n == 0 else 0)
                    continue
            elif self.glued and block.kind == "text" and (match := self.glued.match(text.text)):
                if self.field_of(text.text, beside=False):
                    yield block
                    continue
                value = text.part(match.end(), len(text.text)).strip()
                yield Block("row", text, (text.group(match), value)) if value else block
                continue
            yield block

    def opening(self, block: Block) -> _Opening | None:
        """What a block opens, where it stands."""
        if block.kind == "row" and len(block.cells) > 2 and _CODE.fullmatch(block.text.text) and not block.header:
            block = Block("row", block.quote, block.cells[1:])  # "E.3 | Principal inclusion criteria | ..."
        text = block.text
        if block.kind == "row" and len(block.cells) > 1:
            field = "" if block.header else self.field_of(text.text)
            if not field or (self.inside in _TABLED and field in labels.weak()):
                return None
            return _Opening(field, text, block.cells[1].start, block.quote.end)
        if block.kind in ("heading", "row"):
            if field := self.field_of(text.text, beside=block.kind == "row"):
                return _Opening(field, text, text.end, level=block.level or 6)
            field, colon = self.before_colon(text)
            if field and (value := text.part(colon, len(text.text)).strip()):
                return _Opening(field, text.part(0, colon), value.start, value.end)
            return None
        return self._in_text(block, text)

    def _in_text(self, block: Block, text: Quote) -> _Opening | None:
        """What a paragraph or an item opens: by words set apart, by words before a colon, or as a line of its own."""
        field, place = "", 0
        if block.seam > text.start:
            place = block.seam - text.start
            field = self.field_of(text.text[:place])
        if not field:
            field, place = self.before_colon(text)
        if not field and block.kind == "text" and "\n" not in text.text:
            field, place = self.field_of(text.text, beside=False), len(text.text)
        if not field or (block.kind == "item" and self.inside in _LONG and self.style != "item"):
            return None
        value = text.part(place, len(text.text)).strip(" \t\u00a0:")
        short = self.waiting and not self.held and self.inside not in (*_LONG, "", "navigation")
        if value and short and block.kind == "text" and not block.seam and field != self.inside:
            return None  # the value of the label above, whatever its words
        prose = self.inside in ("summary", "description") and self.style in ("row", "heading")
        if prose and field not in _CRITERIA and not (value and not self.held and self.style == "heading"):
            return None  # a page that labels with rows or headings does not label within its prose
        alone = block.kind == "text" and (not value or text.text[place : place + 1] == "\n") and field in _APART
        if alone and field == self.inside and field in _TABLED:
            return None  # "Drug" among interventions says of what kind the next one is
        like = self.style == "apart" and block.kind == "text" and block.seam > text.start
        shut = _SHUT.get(self.inside, labels.weak() if self.inside in _CRITERIA else ())
        if field in shut and not (alone or like or self._certain(text.text[:place], field)):
            return None
        if not value:
            return _Opening(field, text, text.end, level=6)
        return _Opening(field, text.part(0, place).strip(" :"), value.start, 0 if field in _PROSE else text.end)

    def _certain(self, label: str, field: str) -> bool:
        """Whether words can hardly be anything but a label: the site's own, or several words for a plain value."""
        words = labels.normal(label).split()
        plain = self.inside in _CRITERIA and field not in (
            "conditions",
            "interventions",
            "arms",
            "summary",
            "description",
        )
        return " ".join(words) in self.own or (plain and len(words) > 1)

    def close(self, stop: int) -> None:
        """End the section that goes on."""
        if self.held or (self.inside and self.label):
            body = self.document.quote(self.start, max(self.start, stop))
            self.sections.append(Section(self.inside, self.label, body, tuple(self.held)))
        self.held = []

    def open(self, field: str, label: Quote, start: int, level: int, style: str) -> None:
        """Let a section go on from ``start``."""
        self.inside, self.label, self.start, self.level, self.style = field, label, start, level, style

    def columns(self, block: Block, columns: list[str]) -> tuple[list[str], bool]:
        """The fields that the columns of a table are for, and whether the row was used up."""
        fields = [self.field_of(c.text) for c in block.cells]
        about = self.inside not in _TABLED or not _CRITERIA.isdisjoint(fields)
        named = all(fields) and len(set(fields)) == len(fields)
        if about and named and len(fields) > 1 and (block.header or len(fields) > 2):
            self.close(block.quote.start)
            self.start = block.quote.end
            return fields, True
        if columns and len(columns) == len(block.cells):
            self.close(block.quote.start)
            for field, cell in zip(columns, block.cells, strict=True):
                self.sections.append(Section(field, cell.part(0, 0), cell, (Block("text", cell, (cell,)),)))
            self.start = block.quote.end
            return columns, True
        return columns, False

    def find(self, blocks: list[Block]) -> list[Section]:
        """The sections, in order; those of the field "" have a label that says nothing known, or none."""
        names = [b for b in blocks if b.kind == "heading" and b.level == 1 and not _AT_END.match(b.text.text)]
        nothing = self.document.quote(0, 0)
        columns: list[str] = []
        named = Counter(
            b.look for b in blocks if b.look and b.kind == "text" and self.field_of(b.text.text, beside=False)
        )
        looks = {
            look for look, count in named.items() if count > 1
        }  # how the page sets its labels, the unknown ones too
        for block in self.lines(blocks):
            used = False
            if block.kind == "row":
                columns, used = self.columns(block, columns)
            else:
                columns = []
            if used:
                continue
            if block.kind == "row" and block.text.text.startswith("schema:"):
                content = (Block("text", block.cells[1], block.cells[1:2]),)
                self.sections.append(Section(block.text.text, block.text, block.cells[1], content))
            elif block.kind == "rule" or names == [block]:
                # A line across the page, or its one main heading, which is its name whatever its words.
                self.close(block.quote.start)
                self.open("", nothing, block.quote.end, 1 if block.kind == "heading" else 8, "")
            elif opened := self.opening(block):
                self._opened(block, opened)
            elif block.kind == "heading" and not (self.inside in _LONG and block.level > self.level):
                self.close(block.quote.start)
                self.open("", block.text, block.quote.end, block.level, "")
            elif self._ends(block, looks):
                self.close(block.quote.start)
                self.open("", nothing, block.quote.end, 8, "")
            else:
                self.held.append(block)
        self.close(len(self.document.text))
        return self.sections

    def _ends(self, block: Block, looks: set[str]) -> bool:
        """Whether a block is set like a label but says nothing known, or is the site's talk to its reader."""
        if block.kind != "text":
            return False
        unknown = block.look in looks and not self.field_of(block.text.text, beside=False)
        return unknown or bool(_talk().match(block.text.text))

    def _opened(self, block: Block, opened: _Opening) -> None:
        self.close(block.quote.start)
        rest = self._rest(block, opened)
        if opened.stop:
            body = self.document.quote(opened.start, opened.stop)
            self.sections.append(Section(opened.field, opened.label, body, (rest,)))
            if self.inside not in _LONG:
                self.open("", body.part(0, 0), block.quote.end, 8, "")
            self.start = block.quote.end
            return
        apart = block.seam and block.kind == "text"
        self.open(opened.field, opened.label, opened.start, opened.level, "apart" if apart else block.kind)
        self.waiting = opened.start == block.text.end
        if opened.start < block.quote.end:
            self.held.append(rest)

    def _rest(self, block: Block, opened: _Opening) -> Block:
        """What a block holds beside its label."""
        cells = tuple(cell for cell in block.cells if cell.start >= opened.start)
        if block.kind == "row" and len(cells) > 1:
            return Block("row", self.document.quote(opened.start, block.quote.end), cells)
        quote = self.document.quote(opened.start, opened.stop or block.quote.end)
        return Block("text", quote, (quote,))


def page(document: Document, blocks: list[Block], layout: Layout) -> Page:
    """The page as sections; its head is what stands before the first that says something of a trial."""
    sections = _Finder(document, layout).find(blocks)
    first = next((s for s in sections if s.field not in ("navigation", "")), None)
    head = document.quote(0, first.label.start or first.body.start) if first else document.all()
    headings = [b for b in blocks if b.kind == "heading" and b.level <= 3 and _is_title(b.text)]
    heading = next((b.text for b in headings if b.level == 1 or b.text.start < head.end + 200), None)
    return Page(document, layout, head, tuple(sections), heading)


def _is_title(text: Quote) -> bool:
    return len(text.text.split()) >= 4 and not labels.field_of(text.text, beside=False) and not _AT_END.match(text.text)
