"""HTML pages as text and blocks.

The document as read is the text that a reader of the page sees, in reading order and without the site's chrome
(navigation, cookie banners, footers): a block a line, cells of a row with bars between them. What the page says for
machines (schema.org in JSON-LD) stands at its end under a heading of its own, so that evidence can point at it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import orjson
from lxml import etree

from kg import assets
from kg.document import Document
from kg.errors import DocumentError
from kg.read.blocks import Block, Kind

_START = re.compile(
    r"\s*+(?:<!--(?:(?!-->).)*+-->\s*+|<\?xml[^>]*+>\s*+)*+<(?:!doctype\s+html|html|head|body|div|main|article|table|h1|p)\b",
    re.I | re.S,
)
_TAG = re.compile(r"</?(?:div|p|span|table|tr|td|li|h[1-6]|ul|body|html|section|br)\b[^<>]{0,400}>", re.I)
_SPACE = re.compile(r"[\s\u00a0]+")
#: Several hard spaces are a gap that a reader sees: it parts what stands on its two sides.
_GAP = "   "
_MARKED = re.compile(r"\n[^\S\n]*+(?:[-*•●∙·]\s|\(?\d{1,2}[.)]\s)")
_TOKENS = re.compile(r"[a-z]+")
_DEEP = 200
_OWN_LINES = frozenset(
    "address article aside blockquote body caption center dd details dialog div dl dt fieldset figcaption figure footer form h1 h2 "
    "h3 h4 h5 h6 header hgroup hr html legend li main menu nav ol p pre section summary table tbody td tfoot th thead tr ul".split()
)
_HEADINGS = {f"h{n}": n for n in range(1, 7)} | {"legend": 6, "summary": 6, "caption": 6}
_SET_APART = frozenset("a b em font i label span strong u".split())
_DROPPED = frozenset(
    "applet area audio base canvas embed iframe img input link map math meta nav noscript object option picture script select "
    "style svg template textarea title video".split()
)


def is_html(text: str) -> bool:
    """Whether a text is an HTML page: it begins like one, or shows many of its tags early on."""
    head = text[:20_000]
    return bool(_START.match(head[:4000])) or len(_TAG.findall(head)) >= 12


@dataclass(slots=True)
class _Raw:
    """A block before it has its place: its cells, each the lines that it holds."""

    kind: Kind
    cells: list[list[str]]
    level: int = 0
    seam: int = 0
    header: bool = False
    mark: str = ""
    look: str = ""


@dataclass(slots=True)
class _Row:
    cells: list[list[str]] = field(default_factory=list)
    headers: int = 0
    data: bool = True


@cache
def _chrome() -> tuple[frozenset[str], frozenset[str]]:
    facts = assets.facts("chrome")
    return frozenset(facts["words"]), frozenset(facts["roles"])


def _is_chrome(element: Any) -> bool:
    """Whether an element is the site's and not the page's, by its tag, its role and the names of its classes."""
    tag = element.tag
    if tag in _DROPPED or tag == "footer" or "hidden" in element.attrib or element.get("aria-hidden") == "true":
        return True
    if tag in ("html", "body", "main", "article"):
        return False
    words, roles = _chrome()
    if element.get("role") in roles or "display:none" in element.get("style", "").replace(" ", ""):
        return True
    named = tag in ("aside", "header") or not words.isdisjoint(
        _TOKENS.findall(f"{element.get('class', '')} {element.get('id', '')}".lower())
    )
    # A box that holds the page's own heading, or much of the page, is no chrome whatever it is called.
    if not named or (tag == "header" and any(element.find(f".//h{n}") is not None for n in (1, 2, 3, 4))):
        return False
    return element.find(".//h1") is None and element.find(".//main") is None and len(element.findall(".//p")) < 12


#: The parser compares each attribute of a tag with all others of it.
_ATTRIBUTES = 1_000
_LONG_TAG = re.compile(r"<[A-Za-z][^<>]{4000,}+")


def _parse(document: Document) -> Any:
    if any(match.group().count("=") > _ATTRIBUTES for match in _LONG_TAG.finditer(document.text)):
        raise DocumentError("broken-html", f"is HTML with a tag of more than {_ATTRIBUTES} attributes")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = etree.fromstring(document.text.encode("utf-8", "replace"), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise DocumentError("broken-html", f"is HTML that cannot be read: {error}") from error
    if any("depth" in entry.message for entry in parser.error_log):
        raise DocumentError("too-deep", "is HTML whose elements stand inside one another more than 250 deep")
    if root is None:
        raise DocumentError("broken-html", "is HTML without any content")
    return root


def _beside(element: Any) -> bool:
    """Whether a span is a box of its own that stands beside the one before it."""
    before = element.getprevious()
    if before is None or before.tag != "span" or (before.tail or "").strip():
        return False
    return bool(element.get("class") or before.get("class"))


class _Walk:
    """Goes through the tree once and collects the blocks."""

    def __init__(self) -> None:
        self.blocks: list[_Raw] = []
        self._lines: list[str] = [""]
        self._gap = False
        self._lists: list[int] = []
        self._rows: list[_Row] = []
        self._heading = 0
        self._mark = ""
        self._seam = 0
        self._apart: Any = None
        self._strong = False
        self._look = ""

    def walk(self, root: Any) -> None:
        events = etree.iterwalk(root, events=("start", "end"))
        skipped: Any = None  # its end follows at once
        for event, element in events:
            if not isinstance(element.tag, str):
                self._text(element.tail or "" if event == "end" else "")
                continue
            if event == "start":
                if self._skipped(element):
                    skipped = element
                    events.skip_subtree()
                else:
                    self._enter(element)
                    self._text(element.text or "", element.tag == "pre")
            else:
                if element is not skipped:
                    self._leave(element)
                self._text(element.tail or "")
        self._flush()

    def _skipped(self, element: Any) -> bool:
        if element.tag == "button":
            return not self._heading
        return _is_chrome(element)

    def _text(self, text: str, kept: bool = False) -> None:
        if not text:
            return
        if kept or len(_MARKED.findall(text)) > 1:  # lists written as text: their line breaks say what an item is
            for number, line in enumerate(text.split("\n")):
                if number:
                    self._break()
                self._words(line)
        else:
            self._words(text)

    def _words(self, text: str) -> None:
        bare = _SPACE.sub(lambda m: _GAP if m.group().count("\u00a0") > 1 else " ", text)
        if bare.strip():
            line = self._lines[-1]
            between = " " if line and (self._gap or bare[0] == " ") and not line.endswith(" ") else ""
            self._lines[-1] = line + between + bare.strip()
            self._gap = bare[-1] == " "
        elif bare:
            self._gap = True

    def _break(self) -> None:
        if self._lines[-1] or (len(self._lines) > 1 and self._lines[-2]):
            self._lines.append("")
        self._gap = False

    def _flush(self) -> None:
        lines = self._lines
        while lines and not lines[-1]:
            lines.pop()
        while lines and not lines[0]:
            lines.pop(0)
        seam, strong, mark = self._seam, self._strong, self._mark
        self._lines, self._gap, self._seam, self._strong, self._apart = [""], False, 0, False, None
        if not lines:
            return
        if self._rows and self._rows[-1].data and self._rows[-1].cells:
            self._rows[-1].cells[-1] += [f"- {line}" if mark and n == 0 else line for n, line in enumerate(lines)]
            self._mark = ""
        elif self._heading:
            self.blocks.append(_Raw("heading", [[" ".join(lines)]], self._heading))
        elif mark:
            self.blocks.append(_Raw("item", [lines], len(self._lists), seam, mark=mark))
            self._mark = ""
        elif strong and len(lines) == 1 and seam >= len(lines[0]) and len(lines[0]) <= 150:
            self.blocks.append(_Raw("heading", [lines], 7))
        else:
            self.blocks.append(_Raw("text", [lines], len(self._lists), seam, look=self._look))

    def _enter(self, element: Any) -> None:
        tag = element.tag
        if tag == "br":
            self._break()
            return
        if tag in _OWN_LINES:
            self._flush()
            self._look = f"{tag}.{element.get('class')}" if element.get("class") else ""
            if tag == "hr" and not self._rows:
                self.blocks.append(_Raw("rule", [["-----"]]))
        elif tag in _SET_APART:
            if tag == "span" and self._lines[-1] and _beside(element):
                self._lines[-1] = self._lines[-1].rstrip() + _GAP
            if self._apart is None and not self._seam and self._lines == [""]:
                self._apart, self._strong = element, tag in ("b", "strong")
        if tag in _HEADINGS:
            self._heading = _HEADINGS[tag]
        elif tag in ("ul", "ol"):
            self._lists.append(0 if tag == "ul" else 1)
        elif tag == "li":
            number = self._lists[-1] if self._lists else 0
            self._mark = f"{number}. " if number else "- "
            if number:
                self._lists[-1] += 1
        elif tag == "tr":
            laid_out = any(element.find(f".//{inner}") is not None for inner in ("table", "h1", "h2", "h3"))
            self._rows.append(_Row(data=not laid_out))
        elif tag in ("td", "th") and self._rows:
            self._rows[-1].cells.append([])
            self._rows[-1].headers += tag == "th"
        elif tag == "dt":
            self._end_pair()
            self._rows.append(_Row([[]], 1))
        elif tag == "dd" and self._rows and len(self._rows[-1].cells) == 1:
            self._rows[-1].cells.append([])

    def _leave(self, element: Any) -> None:
        tag = element.tag
        if element is self._apart:
            if len(self._lines) == 1 and self._lines[0]:
                self._seam = len(self._lines[0])
            self._apart = None
        if tag in _OWN_LINES:
            self._flush()
        if tag in _HEADINGS:
            self._heading = 0
        elif tag in ("ul", "ol") and self._lists:
            self._lists.pop()
        elif tag == "li":
            self._mark = ""
        elif tag == "tr" and self._rows:
            self._row(self._rows.pop())
        elif tag == "dl":
            self._end_pair()

    def _end_pair(self) -> None:
        if (
            self._rows
            and self._rows[-1].headers == 1
            and len(self._rows[-1].cells) in (1, 2)
            and self._rows[-1].cells[0]
        ):
            self._row(self._rows.pop())

    def _row(self, row: _Row) -> None:
        cells = row.cells
        while cells and not cells[-1]:
            cells.pop()
        if not row.data or not any(cells):
            return
        if len(cells) == 1:
            self.blocks.append(_Raw("row" if row.headers else "text", [cells[0]]))
        else:
            header = row.headers == len(row.cells)
            self.blocks.append(_Raw("row", [cell or [""] for cell in cells], header=header))


def _structured(root: Any) -> Iterator[tuple[str, str]]:
    """What the page says for machines: property paths and values of its JSON-LD, one a line."""
    for script in root.iterfind(".//script"):
        if "ld+json" not in (script.get("type") or ""):
            continue
        try:
            data = orjson.loads((script.text or "").strip())
        except orjson.JSONDecodeError:
            continue
        for item in data if isinstance(data, list) else [data]:
            graph = item.get("@graph") if isinstance(item, dict) else None
            for thing in graph if isinstance(graph, list) else [item]:
                if isinstance(thing, dict) and _is_study(thing):
                    yield from _leaves(thing, "", 0)


def _is_study(thing: dict[str, Any]) -> bool:
    kinds = thing.get("@type")
    return any(
        str(k).rsplit("/", 1)[-1] in assets.facts("chrome")["studies"]
        for k in ([kinds] if isinstance(kinds, str) else kinds or [])
    )


def _leaves(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > 6:
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            if not name.startswith("@"):
                yield from _leaves(inner, f"{path}.{name}" if path else name, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, path, depth + 1)
    elif isinstance(value, (str, int, float)) and not isinstance(value, bool) and str(value).strip():
        yield path, " ".join(str(value).split())


def read(document: Document) -> tuple[Document, list[Block]]:
    """The document as read (its text, known by the bytes of its source) and its blocks. Raises DocumentError."""
    root = _parse(document)
    walk = _Walk()
    title = root.findtext(".//title")
    body = root.find("body")
    walk.walk(root if body is None else body)
    raw = walk.blocks
    if structured := list(_structured(root)):
        raw.append(_Raw("heading", [["Structured data"]], 1))
        raw += [_Raw("row", [[f"schema:{path}"], [value]]) for path, value in structured]
    if title and title.strip():
        raw.append(_Raw("heading", [["Title of the window"]], 1))
        raw.append(_Raw("row", [["window title"], [" ".join(title.split())]]))
    return _placed(document, raw)


def _placed(source: Document, raw: list[_Raw]) -> tuple[Document, list[Block]]:
    parts: list[str] = []
    places: list[list[tuple[int, int]]] = []
    length = 0
    last: Kind | None = None
    for one in raw:
        lead = "\n" if last is not None and not (last == one.kind and one.kind in ("item", "row")) else ""
        lead += "  " * (one.level - 1) if one.kind == "item" else ""
        text, spans = lead + one.mark, []
        for number, cell in enumerate(one.cells):
            text += " | " if number else ""
            start = length + len(text)
            text += "\n".join(cell)
            spans.append((start, length + len(text)))
        places.append(spans)
        parts.append(text + "\n")
        length += len(text) + 1
        last = one.kind
    document = Document(source.name, "".join(parts), source.sha256)
    blocks: list[Block] = []
    for one, spans in zip(raw, places, strict=True):
        start, stop = spans[0][0], spans[-1][1]
        cells = tuple(document.quote(*span) for span in spans)
        blocks.append(
            Block(
                one.kind,
                document.quote(start, stop),
                cells,
                one.level,
                start + one.seam if one.seam else 0,
                one.header,
                one.look,
            )
        )
    return document, blocks
