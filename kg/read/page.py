"""A saved page as lines and labelled sections.

A layout (``kg/facts/layouts.toml``) lists the labels of a kind of page in the order in which they stand. Lines that
only look like a label are told from labels by that order: the sections of a page are the longest chain of labels that
stand in the order of the layout.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from kg import assets
from kg.document import Document, Quote
from kg.read.blocks import Block, of_quote
from kg.read.labels import normal

_CELL_RULE = re.compile(r"(?=[\s|:-]*+$).*---")
_EDGES = " \t\u00a0|"


@dataclass(frozen=True, slots=True)
class Section:
    """What stands under one label: the field that the label is for, the label itself, and all up to the next label.

    ``content``: the blocks of the body, where they are known better than from its lines.
    """

    field: str
    label: Quote
    body: Quote
    content: tuple[Block, ...] = ()

    def blocks(self) -> list[Block]:
        """The blocks of the body."""
        return list(self.content) or of_quote(self.body)

    def lines(self) -> list[Quote]:
        """The lines of the body that hold text, stripped of white space and table bars."""
        return [line for raw in self.body.lines() if (line := raw.strip(_EDGES)) and not _CELL_RULE.match(line.text)]

    def value(self) -> Quote:
        """The first line of the body that holds text; an empty quotation when there is none."""
        return next(iter(self.lines()), self.body.part(0, 0))

    def inline(self) -> Quote:
        """What stands on the label's own line; empty when the value begins on a later line, or there is none."""
        return next(self.body.lines(), self.body.part(0, 0)).strip(_EDGES)

    def rest(self) -> Quote:
        """The body after its first line."""
        end = self.body.text.find("\n")
        return self.body.part(end + 1, len(self.body.text)) if end >= 0 else self.body.part(0, 0)


@dataclass(frozen=True, slots=True)
class Label:
    """One label of a layout: how it begins a line, and the field that it opens."""

    field: str
    pattern: re.Pattern[str]


@dataclass(frozen=True, slots=True)
class Layout:
    """A kind of page: its labels in order, what every such page has, and what never says anything of the trial.

    A layout without labels has those of ``labels.toml``, in any order, and its ``own`` (normal form -> field); ``glued``
    labels stand before their value without a colon. ``versions``: its pages show a trial as it was on a day.
    """

    name: str
    title: str
    labels: tuple[Label, ...]
    signs: tuple[re.Pattern[str], ...]
    required: tuple[tuple[str, ...], ...]
    noise: re.Pattern[str] | None
    reader: str = "labelled"
    versions: bool = False
    own: Mapping[str, str] = field(default_factory=dict)
    glued: re.Pattern[str] | None = None


def _label(row: list[str]) -> Label:
    field, words, *flags = row
    flexible = re.escape(words).replace(r"\ ", r"[\s|]++").replace(r"\*", "[^\n]{0,300}?")
    if "line" in flags:
        return Label(field, re.compile(rf"{flexible}[\s:|]*+$", re.I))
    return Label(field, re.compile(rf"{flexible}\s*+(?::|$)" if "start" not in flags else flexible, re.I))


@cache
def layouts() -> tuple[Layout, ...]:
    """All layouts, in the order of the facts file."""
    rows: list[dict[str, Any]] = assets.facts("layouts")["layout"]
    return tuple(
        Layout(
            row["name"],
            row["title"],
            tuple(_label(label) for label in row.get("labels", ())),
            tuple(re.compile(sign, re.I | re.M) for sign in row["signs"]),
            tuple(tuple(one.split("|")) for one in row.get("required", ())),
            re.compile("|".join(row["noise"]), re.I) if row.get("noise") else None,
            row.get("reader", "labelled"),
            row.get("versions", False),
            {normal(label): name for name, words in row.get("own", {}).items() for label in words},
            re.compile("|".join(f"{re.escape(w)}(?=[\\sA-Z0-9])" for w in row["glued"])) if row.get("glued") else None,
        )
        for row in rows
    )


def _chain(hits: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest chain of (line, label) that rises in both; of two equally long ones, that which ends earlier."""
    ends: list[int] = []
    tails: list[int] = []
    before: list[int] = []
    # Several labels may fit one line: of these the chain takes one, so they are tried from the last to the first.
    order = sorted(range(len(hits)), key=lambda i: (hits[i][0], -hits[i][1]))
    for i in order:
        label = hits[i][1]
        place = bisect_right(ends, label - 1)
        before.append(tails[place - 1] if place else -1)
        if place == len(ends):
            ends.append(label)
            tails.append(i)
        elif label < ends[place]:
            ends[place], tails[place] = label, i
    position = dict(zip(order, before, strict=True))
    chain: list[tuple[int, int]] = []
    i = tails[-1] if tails else -1
    while i >= 0:
        chain.append(hits[i])
        i = position[i]
    return chain[::-1]


@dataclass(frozen=True, slots=True)
class Page:
    """A document cut into the sections of a layout; ``head`` is what stands before the first label.

    ``heading``: the page's main heading, where its form shows which it is.
    """

    document: Document
    layout: Layout
    head: Quote
    sections: tuple[Section, ...]
    heading: Quote | None = None

    def all(self, field: str) -> list[Section]:
        """The sections of a field, in order."""
        return [s for s in self.sections if s.field == field]

    def first(self, field: str) -> Section | None:
        """The first section of a field that holds text, else None."""
        return next((s for s in self.sections if s.field == field and s.value()), None)

    def value(self, field: str) -> Quote:
        """The value of the first section of a field; empty when the page does not give it."""
        section = self.first(field)
        return section.value() if section else self.document.quote(0, 0)

    @property
    def window(self) -> Quote:
        """The title of the window that an HTML page was shown in; empty when there is none."""
        return self.value("window")

    def quiet(self, quotes: list[Quote]) -> list[Quote]:
        """The quotations that are not the site's own talk (notices, navigation, contact lines)."""
        noise = self.layout.noise
        return [q for q in quotes if not (noise and noise.match(q.text))]

    def missing(self) -> list[str]:
        """What every page of the layout has and this one lacks: a page that was cut off, as a rule."""
        have = {s.field for s in self.sections}
        return [" or ".join(fields) for fields in self.layout.required if not have & set(fields)]


def cut(document: Document, layout: Layout) -> Page:
    """The document cut at the labels of the layout."""
    lines = list(document.all().lines())
    hits: list[tuple[int, int]] = []
    for number, line in enumerate(lines):
        text = line.text[:200].lstrip(_EDGES + "*#")
        if not text:
            continue
        hits += [(number, i) for i, label in enumerate(layout.labels) if label.pattern.match(text)]
    chain = _chain(hits)
    sections: list[Section] = []
    for place, (number, i) in enumerate(chain):
        line = lines[number]
        lead = len(line.text) - len(line.text.lstrip(_EDGES + "*#"))
        match = layout.labels[i].pattern.match(line.text[lead : lead + 200])
        end_of_label = lead + (match.end() if match else 0)
        stop = lines[chain[place + 1][0]].start if place + 1 < len(chain) else len(document.text)
        body = document.quote(line.start + end_of_label, stop)
        sections.append(Section(layout.labels[i].field, line.part(lead, end_of_label).strip(_EDGES + ":"), body))
    first = lines[chain[0][0]].start if chain else len(document.text)
    return Page(document, layout, document.quote(0, first), tuple(sections))


def recognise(document: Document) -> Layout | None:
    """The layout of whose signs the document shows two, and the greatest part; None when there is none.

    File names play no part.
    """
    best: tuple[tuple[float, int], Layout] | None = None
    for layout in layouts():
        shown = sum(1 for sign in layout.signs if sign.search(document.text))
        rate = (shown / len(layout.signs), shown)
        if shown >= 2 and (best is None or rate > best[0]):
            best = (rate, layout)
    return best[1] if best else None
