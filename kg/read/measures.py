"""Outcomes of a page of any site: rows, items or lines, each with its time frame."""

from __future__ import annotations

import re

from kg.document import Quote
from kg.read import fields
from kg.read.blocks import Block
from kg.read.cells import cell, parts, tables
from kg.record import TrialRecord

_FRAME = re.compile(
    r"[\[(]\s*(?:time ?frame|timepoint|time point|assessed at|when)\s*+:\s*+([^\])]{1,600}+)[\])]|\btime ?frame\s*:\s*([^\n]+)",
    re.I,
)
_BRACKETED = re.compile(r"\[([^\[\]]*\b(?:years?|months?|weeks?|days?|hours?|minutes?|baseline)\b[^\[\]]*)\]\s*$", re.I)


def read_outcomes(record: TrialRecord, kind: str, blocks: list[Block]) -> None:
    """Add the outcomes of a section: rows, items or lines, with the time frame beside, below or in brackets."""
    pending: Quote | None = None
    for block, columns in tables(blocks, ("measure", "timeFrame", "description")):
        text = block.text.strip()
        if columns and (measure := cell(block, columns, "measure")):
            frame, description = cell(block, columns, "timeFrame"), cell(block, columns, "description")
            fields.outcome(record, kind, measure, frame, description)
            continue
        if block.kind == "row" and len(block.cells) > 1:
            fields.outcome(
                record, kind, block.cells[0], block.cells[1], block.cells[2] if len(block.cells) > 2 else None
            )
            continue
        if block.kind == "heading":
            if pending is not None:
                fields.outcome(record, kind, pending, None, None)
            pending = text
            continue
        told = parts(text)
        measure = next(iter(told.get("measure") or told.get("title") or told.get("name") or []), None)
        frame = next(iter(told.get("timeframe", [])), None)
        description = next(iter(told.get("description", [])), None)
        if measure is None and pending is not None:
            measure, pending = pending, None
            description = description or next(iter(told.get("", [])), None)
        elif measure is None:
            measure = next(iter(told.get("", [])), None)
            if measure is None:
                if frame:
                    fields.time_frame(record, frame)
                continue
        if match := _FRAME.search(measure.text) or _BRACKETED.search(measure.text):
            frame = frame or measure.group(match, 1 if match[1] else 2)
            after = measure.part(match.end(), len(measure.text)).strip()
            measure, description = measure.part(0, match.start()).strip(), description or after or None
        fields.outcome(record, kind, measure, frame, description)
    if pending is not None:
        fields.outcome(record, kind, pending, None, None)
