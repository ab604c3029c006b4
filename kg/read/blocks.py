"""The page model: a page of any kind as blocks in reading order.

HTML (:mod:`kg.read.html`), markdown and plain text all become the same blocks: headings, paragraphs, list items, rows of
cells, and rules across the page. What a block means is for the readers to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from kg.document import Quote

Kind = Literal["heading", "text", "item", "row", "rule"]

_HEADING = re.compile(r"(#{1,6})\s+(?=\S)")
_STRONG = re.compile(r"(\*\*|__)(?=\S)([^*_\n]{1,150})\1:?\s*$")
_ITEM = re.compile(r"(?:[-*+•●◦∙‣▪■⁃·]|\(?\d{1,2}[.)])\s+(?=\S)")
_RULE = re.compile(r"(?=[\s|:+-]*+$).*---")
_BAR = re.compile(r"(?:(?<!\s)\s++)?+(?<!\\)\|\s*+")
_EDGES = " \t\u00a0"


@dataclass(frozen=True, slots=True)
class Block:
    """A block: its cells (one, but for a row) and where it stands in the document.

    ``level``: of a heading 1 to 6 (7 for a line in bold), of an item its depth from 1. ``seam``: where the first words of
    a paragraph end that the page sets apart by type ("**Sponsor** X"), as an offset into the document; 0 for none.
    ``header``: the row names the columns. ``look``: how the page sets the block, where it tells: those of one look mean alike.
    """

    kind: Kind
    quote: Quote
    cells: tuple[Quote, ...]
    level: int = 0
    seam: int = 0
    header: bool = False
    look: str = ""

    @property
    def text(self) -> Quote:
        """The first cell."""
        return self.cells[0]


def of_quote(quote: Quote) -> list[Block]:
    """The blocks of a stretch of plain text or markdown: a line is a block, and lines of cells with bars are rows."""
    blocks: list[Block] = []
    for raw in quote.lines():
        line = raw.strip(_EDGES)
        if not line:
            continue
        if _RULE.match(line.text):
            if blocks and blocks[-1].kind == "row":
                last = blocks[-1]
                blocks[-1] = Block("row", last.quote, last.cells, header=True)
            continue
        blocks.append(_block(raw, line))
    return blocks


def _block(raw: Quote, line: Quote) -> Block:
    if match := _HEADING.match(line.text):
        return Block("heading", line, (line.part(match.end(), len(line.text)).strip(" #*"),), len(match[1]))
    if match := _STRONG.match(line.text):
        return Block("heading", line, (line.group(match, 2).strip(" :"),), 7)
    bare = line.strip("|" + _EDGES)
    if "|" in bare.text and (cells := _cells(bare)) and len(cells) > 1:
        return Block("row", line, cells)
    if match := _ITEM.match(bare.text):
        depth = 1 + (line.start - raw.start) // 2
        return Block("item", line, (bare.part(match.end(), len(bare.text)),), depth)
    return Block("text", line, (bare or line,))


def _cells(line: Quote) -> tuple[Quote, ...]:
    ends = [m.span() for m in _BAR.finditer(line.text)]
    starts = [0, *(end for _, end in ends)]
    stops = [*(start for start, _ in ends), len(line.text)]
    return tuple(line.part(a, b) for a, b in zip(starts, stops, strict=True))
