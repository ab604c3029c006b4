"""Saved pages of Cancer Research UK's "Find a clinical trial": lay text with few labels."""

from __future__ import annotations

import re

from kg.document import Document
from kg.mesh import MeshIndex
from kg.read import fields, identifier
from kg.read.page import Page
from kg.record import Site, SourceDocument, TrialRecord


def read(document: Document, page: Page, index: MeshIndex) -> TrialRecord:
    """The record that such a page shows. Trials are known there by the sponsor's code in the title."""
    record = TrialRecord(was_derived_from=[SourceDocument(layout=page.layout.name, title=document.name)])
    fields.titled(record, page)
    title = next(p.quote for p in record.passages if p.role == "title") if record.passages else document.quote(0, 0)
    for found, quote in identifier.find(title):
        record.add("identifier", found, quote)
    database = page.value("database")
    record.add("identifier", database.words, database)
    if section := page.first("cancerType"):
        for line in page.quiet(section.lines()):
            fields.condition(record, line)
    fields.code(record, "overallStatus", page.value("status"))
    for section in page.all("phase"):
        fields.phases(record, section.label if re.search(r"\d", section.label.text) else section.value())
        if text := fields.first_text(page, "phase"):
            record.set("summary", text.words, text)
            fields.passage(record, "summary", text)
    if section := page.first("results"):
        fields.passage(record, "results", section.body)
    if section := page.first("design"):
        fields.passage(record, "outline", section.body)
    if section := page.first("whoCanEnter"):
        fields.passage(record, "eligibility", section.body)
    for name, field in (("startDate", "startDate"), ("endDate", "completionDate")):
        if section := page.first(name):
            fields.a_date(record, field, section.value())
    if section := page.first("investigator"):
        for line in page.quiet(section.lines()):
            fields.person(record, line, section.label.words)
    if section := page.first("supportedBy"):
        for line in page.quiet(section.lines()):
            fields.organization(record, "collaborator", line)
    if section := page.first("sites"):
        for line in page.quiet(section.lines()):
            site = Site(label=line.words)
            site.cite(line)
            record.has_site.append(site)
    return record
