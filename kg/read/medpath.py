"""Saved trial pages of MedPath, whose tables lost the borders of their cells."""

from __future__ import annotations

import re

from kg import assets
from kg.document import Document, Quote
from kg.mesh import MeshIndex, key
from kg.read import fields, identifier
from kg.read.ctgov import TYPES
from kg.read.page import Page
from kg.read.table_rows import split_arm_rows, split_outcome, vocabulary
from kg.record import Arm, Intervention, SourceDocument, TrialRecord

_ENGLISH = " ".join(assets.facts("runon")["plain"])
_TYPED = re.compile(rf"({'|'.join(map(re.escape, TYPES))}):\s*(\S.*)")


def read(document: Document, page: Page, index: MeshIndex) -> TrialRecord:
    """The record that a MedPath page shows. ``index`` helps where cells ran together."""
    record = TrialRecord(was_derived_from=[SourceDocument(layout=page.layout.name, title=document.name)])
    _head(record, page)
    for found, quote in identifier.find(page.value("identifier")):
        record.add("identifier", found, quote)
    if not record.identifier:
        record.add("identifier", page.value("identifier").words, page.value("identifier"))
    fields.organization(record, "sponsor", page.value("sponsorName"))
    for field in ("summary", "description"):
        text = fields.first_text(page, field)
        record.set(field, text.words, text)
        fields.passage(record, field, text)
    for field, name in (
        ("status", "overallStatus"),
        ("sex", "sex"),
        ("studyType", "studyType"),
        ("model", "interventionModel"),
    ):
        fields.code(record, name, page.value(field))
    fields.enrollment(record, page.value("enrollment"))
    if section := page.first("conditions"):
        for line in section.lines():
            fields.condition(record, line)
    _interventions(record, page)
    _arms(record, page, index)
    for field, kind in (("primaryOutcomes", "PrimaryOutcome"), ("secondaryOutcomes", "SecondaryOutcome")):
        _outcomes(record, page, field, kind)
    for field in ("inclusion", "exclusion"):
        if section := page.first(field):
            fields.passage(record, "eligibility", section.body, field)
    return record


def _head(record: TrialRecord, page: Page) -> None:
    """Title, then phase and status, each on a line of its own."""
    lines = [line for raw in page.head.lines() if (line := raw.strip(" \t\u00a0")) and line.text != "MedPath"]
    if lines:
        record.set("title", lines[0].words, lines[0])
        fields.passage(record, "title", lines[0])
    for line in lines[1:]:
        if len(line.text) < 40:
            fields.phases(record, line)
            if not record.overall_status:
                fields.code(record, "overallStatus", line)


def _interventions(record: TrialRecord, page: Page) -> None:
    section = page.first("interventions")
    for line in section.lines() if section else []:
        typed = _TYPED.match(line.text)
        name = line.group(typed, 2) if typed else line
        if all(i.name.casefold() != name.words.casefold() for i in record.has_intervention):
            one = Intervention(name=name.words, kind=TYPES[typed[1]] if typed else "OtherIntervention")
            one.cite(line)
            record.has_intervention.append(one)


def _arms(record: TrialRecord, page: Page, index: MeshIndex) -> None:
    section = page.first("armTable")
    if not section:
        return
    rows = [line for line in section.lines() if not re.match(r"Group\s?Intervention\s?Description$", line.text)]
    rows = _whole_rows(rows)
    names = [i.name for i in record.has_intervention]
    prose = " ".join((record.title, record.summary, record.description, _ENGLISH))
    for arm_label, name, description in split_arm_rows(rows, index, names, prose):
        arm = next((a for a in record.has_arm if a.label == arm_label.words), None)
        if arm is None:
            arm = Arm(label=arm_label.words, order=len(record.has_arm) + 1)
            arm.cite(arm_label)
            record.has_arm.append(arm)
        if description and not arm.description:
            arm.description = description.words
            arm.cite(description, supports=["armDescription"])
        if not name:
            continue
        one = next((i for i in record.has_intervention if key(i.name) == key(name.text)), None)
        if one is None:
            one = Intervention(name=name.words, kind="")
            record.has_intervention.append(one)
        one.cite(name)
        if one.name not in arm.has_intervention:
            arm.has_intervention.append(one.name)


def _whole_rows(rows: list[Quote]) -> list[Quote]:
    """Lines that go on with the description of the row before are left with that row's first line."""
    if len(rows) < 2:
        return rows
    kept: list[Quote] = []
    for row in rows:
        shares = any(row.text[:8] == other.text[:8] for other in rows if other is not row)
        if kept and not shares and re.match(r"[-•*]\s|\(?\d{1,2}[.)]\s|[a-z]+\s", row.text):
            continue
        kept.append(row)
    return kept


def _outcomes(record: TrialRecord, page: Page, field: str, kind: str) -> None:
    section = page.first(field)
    if not section:
        return
    words = vocabulary(
        record.title, record.summary, record.description, *(p.quote.text for p in record.passages), _ENGLISH
    )
    # A blank line stands between a row and the method below it; rows without a method follow each other.
    raw = list(section.body.lines())
    expecting_row = True
    pending: tuple[Quote, Quote | None] | None = None
    method: list[Quote] = []
    blank = 0

    def flush() -> None:
        if pending:
            text = page.document.quote(method[0].start, method[-1].end) if method else None
            fields.outcome(record, kind, pending[0], pending[1], text)

    for line_raw in raw:
        line = line_raw.strip(" \t\u00a0|")
        if not line or re.match(r"Name\s?Time\s?Method$", line.text):
            blank += not line
            continue
        if page.layout.noise and page.layout.noise.match(line.text):
            continue
        is_method = pending is not None and blank > 0 and not method and not expecting_row
        continues = bool(method) and blank == 0
        if is_method or continues:
            method.append(line)
        else:
            flush()
            pending, method, expecting_row = split_outcome(line, words), [], False
        blank = 0
    flush()
