"""Saved listings in the manner of CenterWatch: a summary, a description, and the research sites with their people."""

from __future__ import annotations

import re
from itertools import pairwise

from kg.document import Document, Quote
from kg.mesh import MeshIndex
from kg.read import fields, identifier
from kg.read.page import Page
from kg.record import Site, SourceDocument, TrialRecord

_TITLE = re.compile(
    r",\s*(?:Pr|Prof|Professor|Dr|Doctor|MD|M\.D\.|PhD|Ph\.D\.|DO|RN|MSc|Principal Investigator|Study Director)\b\.?",
    re.I,
)


def read(document: Document, page: Page, index: MeshIndex) -> TrialRecord:
    """The record that such a page shows."""
    record = TrialRecord(was_derived_from=[SourceDocument(layout=page.layout.name, title=document.name)])
    lines = [q for raw in page.head.lines() if (q := raw.strip(" \t\u00a0#*|"))]
    title = next((q for q in lines if not q.text.lower().startswith("last updated on")), None)
    if title is None and (updated := page.first("updated")):
        title = next((q for q in updated.lines()[1:] if q), None)
    if title:
        record.set("title", title.words, title)
        fields.passage(record, "title", title)
    if updated := page.first("updated"):
        fields.a_date(record, "lastUpdatePosted", updated.inline())
    for found, quote in identifier.find(page.value("identifier")) or identifier.find(document.all())[:1]:
        record.add("identifier", found, quote)
    fields.code(record, "overallStatus", page.value("status"))
    for field in ("summary", "description"):
        text = fields.first_text(page, field)
        record.set(field, text.words, text)
        fields.passage(record, field, text)
    for field, kind in (("eligibility", ""), ("inclusion", "inclusion"), ("exclusion", "exclusion")):
        if section := page.first(field):
            fields.passage(record, "eligibility", section.body, kind)
    if section := page.first("sites"):
        _sites(record, page.quiet(section.lines()))
    return record


def _sites(record: TrialRecord, lines: list[Quote]) -> None:
    """A person with a title begins an entry; then the institution, then "City, Country"."""
    starts = [i for i, line in enumerate(lines) if _TITLE.search(line.text)]
    for start, stop in pairwise([*starts, len(lines)]):
        entry = lines[start:stop]
        place = entry[-1] if len(entry) > 2 and "," in entry[-1].text else None
        institution = entry[1] if len(entry) > 1 and entry[1] is not place else None
        someone = fields.person(record, entry[0], "Investigator", institution)
        if institution is None and place is None:
            continue
        site = Site(label=(institution or entry[0]).words)
        site.cite(*(q for q in (institution, place) if q))
        if place:
            parts = [p.strip() for p in place.text.split(",")]
            site.city, site.country = parts[0], parts[-1]
        if someone:
            site.investigator = [someone.label]
        record.has_site.append(site)
