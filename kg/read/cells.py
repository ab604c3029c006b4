"""Tables by their columns, and cells with labels of their own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from kg.document import Quote
from kg.read.blocks import Block
from kg.read.labels import columns_of

_PARTS = re.compile(
    r"(?:^\s*+|(?<!\s)(?=\s*?\n|\s{3})\s++)(measure|time ?frame|description|safety issue|arm label|title|name|type|other names?)\s*+[:?]\s*+",
    re.I,
)


def parts(quote: Quote) -> dict[str, list[Quote]]:
    """A cell with labels of its own ("Measure: X", "Time Frame: Y"): label -> values; "" is what stands before or after."""
    found: dict[str, list[Quote]] = {}
    matches = list(_PARTS.finditer(quote.text))
    if before := quote.part(0, matches[0].start() if matches else len(quote.text)).strip():
        found.setdefault("", []).append(before)
    for match, stop in zip(matches, [*(m.start() for m in matches[1:]), len(quote.text)], strict=bool(matches)):
        value = quote.part(match.end(), stop)
        name = match[1].lower().replace(" ", "").rstrip("s")
        if name != "description" and (line := value.text.find("\n")) >= 0:
            if rest := value.part(line, len(value.text)).strip():
                found.setdefault("", []).append(rest)
            value = value.part(0, line)
        found.setdefault(name, []).append(value.strip())
    return found


def tables(blocks: Iterable[Block], wanted: tuple[str, ...]) -> Iterator[tuple[Block, dict[str, int]]]:
    """Each block with the columns of the table that it stands in; rows that name columns are left out."""
    columns: dict[str, int] = {}
    for block in blocks:
        if block.kind != "row":
            columns = {}
        elif found := columns_of(block, wanted):
            columns = found
            continue
        yield block, columns


def cell(block: Block, columns: dict[str, int], *names: str) -> Quote | None:
    """The cell of a row in the first of the named columns that has something in it."""
    for name in names:
        place = columns.get(name)
        if place is not None and place < len(block.cells) and block.cells[place].strip():
            return block.cells[place].strip()
    return None
