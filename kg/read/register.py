"""Records of ISRCTN, EUCTR and CTIS as JSON objects, in the form that collections such as ctrdata's keep them.

What stands where is data (``kg/facts/registers.toml``); each value is read like the section of a page.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kg import assets
from kg.document import Document, Quote
from kg.mesh import MeshIndex
from kg.read import labelled
from kg.read.blocks import Block
from kg.read.page import Layout, Page, Section
from kg.read.rendering import Rendering, values
from kg.record import TrialRecord

_NOTHING = frozenset(
    ("", "nil known", "n/a", "na", "not applicable", "none", "-", "not provided at time of registration")
)
_SUBSTANCES = re.compile(r"(?:(?<!\s)\s++)?+[;|]\s*+")
_TABS = re.compile(r"(?m)^(\d{1,2}(?:\.\d{1,2})*)[.)]?\t")
_PHASE = re.compile(r"\((Phase [IV/ ]+(?: and Phase [IV]+)?)\)")


def _register(record: Mapping[str, Any]) -> Mapping[str, Any] | None:
    rows = assets.facts("registers")["register"]
    return next((row for row in rows if all(sign in record for sign in row["signs"])), None)


def is_record(record: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a record of one of these registers."""
    return _register(record) is not None


def _values(record: Any, path: str) -> list[str]:
    return [str(one) for one in values(record, path) if isinstance(one, (str, int)) and not isinstance(one, bool)]


def _all(record: Mapping[str, Any], path: str, anywhere: list[str]) -> list[str]:
    """The values at a path; at the first place that has some where the path begins with "*"."""
    if not path.startswith("*."):
        return _values(record, path)
    for place in anywhere:
        if found := _values(record, f"{place}{path[1:]}"):
            return found
    return []


def read(document: Document, record: Mapping[str, Any], index: MeshIndex) -> tuple[TrialRecord, Document]:
    """The record, and the document as read (see :mod:`kg.read.rendering`)."""
    register = _register(record) or {}
    text = Rendering()
    sections: list[Section] = []
    for path, field, *form in register.get("fields", ()):
        seen: set[str] = set()
        for raw in _all(record, path, register.get("anywhere", [])):
            value = _shown(raw, field, form[0] if form else "")
            if value.casefold() in _NOTHING or value in seen:
                continue
            seen.add(value)
            label = "product" if field == "drugs" else path.rsplit(".", 1)[-1]
            quote = text.add(label, value)
            name = Quote(quote.start - len(label) - 2, quote.start - 2, label)  # it stands before the value
            named = {"drugs": "interventions", "interventionProse": "arms"}.get(field, field)
            blocks = (
                tuple(Block("item", line, (line,), 1) for line in quote.lines() if line.strip())
                if field == "drugs"
                else ()
            )
            sections.append(Section(named, name, quote, blocks or (Block("text", quote, (quote,)),)))
    rendered = text.document(document)
    layout = Layout(f"{register.get('name', 'register')}-record", "record of a register", (), (), (), None)
    page = Page(rendered, layout, rendered.quote(0, 0), tuple(sections))
    return labelled.read(rendered, page, index), rendered


def _shown(raw: str, field: str, form: str) -> str:
    """A value as it is read: "Yes" may stand for what was asked, substances stand a line each."""
    value = raw.replace("\r\n", "\n").strip()
    if "=" in form:
        word, meaning = form.split("=", 1)
        return meaning if value == word else ""
    if form:
        return form.format(value)
    if field == "phase" and (match := _PHASE.search(value)):
        return match[1]
    if field == "drugs":
        return _SUBSTANCES.sub("\n", value)
    if field in ("inclusion", "exclusion", "primaryOutcomes", "secondaryOutcomes"):
        return _TABS.sub(r"\1. ", value)
    return value
