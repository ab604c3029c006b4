"""Records of the WHO's registry platform as it exports them, in XML or CSV (https://trialsearch.who.int/).

An export gives every register's trials in one flat form. A record is read as a page of labels and values: what the labels
say stands in ``kg/facts/layouts.toml`` ("ictrp-record").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from kg.document import Document, Quote
from kg.mesh import MeshIndex
from kg.read import labelled, sections
from kg.read.blocks import Block
from kg.read.page import layouts
from kg.read.rendering import Rendering
from kg.record import TrialRecord

_BREAK = re.compile(r"<\s*+br\s*+/?+\s*+>", re.I)
_TAG = re.compile(r"</?[a-z][^<>]{0,80}>", re.I)
_GROUPS = re.compile(r"[^:;]{1,80}:[^;]+(?:;|$)")
_NOTHING = frozenset(("", "n/a", "na", "nil", "none", "null", "not applicable", "no limit", "-"))


def is_record(fields: Mapping[str, Any]) -> bool:
    """Whether a JSON object is such a record, one value a field."""
    return "TrialID" in fields and not any(isinstance(v, (dict, list)) for v in fields.values())


def read(document: Document, fields: Mapping[str, Any], index: MeshIndex) -> tuple[TrialRecord, Document]:
    """The record, and the document as read (see :mod:`kg.read.rendering`)."""
    text = Rendering()
    register = str(fields.get("Source_Register") or fields.get("Source Register") or "")
    blocks: list[Block] = []
    for name, value in fields.items():
        label = " ".join(str(name).replace("_", " ").split())
        for shown, part in _parts(label, _clean(str(value or "")), register):
            quote = text.add(shown, part)
            if quote:
                blocks.append(_row(shown, quote))
    rendered = text.document(document)
    layout = next(one for one in layouts() if one.name == "ictrp-record")
    page = sections.page(rendered, blocks, layout)
    record = labelled.read(rendered, page, index)
    if not page.value("title") and not page.value(
        "officialTitle"
    ):  # what the export leaves out is not to be had elsewhere
        record.title = ""
        named = page.value("identifier")
        record.set("title", named.words, named)
    return record, rendered


def _row(label: str, value: Quote) -> Block:
    start = value.start - len(label) - 2  # ": " or a colon and a line break
    name = Quote(start, start + len(label), label)
    if ":" in value.text and label == "Group":
        cut = value.text.index(":")
        getting = value.part(cut + 1, len(value.text)).strip(" ;")
        cells = (name, value.part(0, cut).strip(), getting)
        return Block("row", Quote(start, value.end, ""), cells)
    return Block("row", Quote(start, value.end, ""), (name, value))


def _clean(value: str) -> str:
    """A value without the remains of HTML, and without the white space that it is padded with."""
    lines = (line.rstrip() for line in _TAG.sub(" ", _BREAK.sub("\n", value)).replace("\r", "").split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    return "" if text.casefold() in _NOTHING else text


def _parts(label: str, value: str, register: str) -> list[tuple[str, str]]:
    """The values of a field, each with the label that it is shown under."""
    name = label.casefold()
    if name in ("primary outcome", "secondary outcome"):
        return [(label, part.strip()) for part in value.split(";") if part.strip()]
    if name == "condition":  # the European register adds codes of MedDRA
        return [(label, re.split(r"[\s;]*(?:MedDRA version|Therapeutic area)\b", value)[0])]
    if name == "study design":
        return [(label, re.sub(r"\.\s+|\.$", "; ", value).strip("; "))]
    if name in ("target size", "target_size") and not re.fullmatch(r"\d[\d,]*", value):
        return [("Target size by group", value)]
    if name.startswith("inclusion agem"):
        return [(label, re.sub(r"^(\d+)\s*Y$", r"\1 Years", re.sub(r"^(\d+)\s*M$", r"\1 Months", value)))]
    if name == "intervention":
        groups = [m.group().strip(" ;") for m in _GROUPS.finditer(value)]
        if register == "ChiCTR" and groups and ";".join(groups) == value.strip("; "):
            return [("Group", group) for group in groups]
        return [(label, value.replace(";", "\n"))]
    return [(label, value)]
