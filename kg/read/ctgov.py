"""Saved study pages of ClinicalTrials.gov (the site of 2010-2023): text with lost tables, or markdown tables."""

from __future__ import annotations

import itertools
import re

from kg.document import Document, Quote
from kg.mesh import MeshIndex
from kg.read import fields, identifier
from kg.read.arm_table import read_arms, read_intervention_details
from kg.read.page import Page, Section
from kg.read.runon import split, split_terms
from kg.record import Intervention, Site, SourceDocument, TrialRecord

#: "Drug: imatinib mesylate": the types of the registry's data dictionary, with our classes.
TYPES = {
    "Drug": "Drug",
    "Procedure": "Procedure",
    "Biological": "Biological",
    "Device": "Device",
    "Radiation": "Radiation",
    "Behavioral": "Behavioral",
    "Dietary Supplement": "DietarySupplement",
    "Genetic": "Genetic",
    "Combination Product": "CombinationProduct",
    "Diagnostic Test": "DiagnosticTest",
    "Other": "OtherIntervention",
}
TYPE = re.compile(rf"(?<![\w-])({'|'.join(TYPES)}):\s?(?=\S)")
_PHASE_AT_END = re.compile(r"(?:Early\s)?Phase\s[0-4](?:\s?/\s?Phase\s[0-4])?\s*$|(?:Not Applicable|N/A)\s*$")
_OUTCOME = re.compile(r"^\s*(?:(\d{1,3})\.|[-•*])\s+")
_FRAME = re.compile(
    r"\[\s?(?:Designated as safety issue:[^\]]{0,99}\]\s*+\[\s?)?Time\s++Frame:\s?((?:[^\[\]]|\[[^\[\]]{0,200}+\]){0,600}+(?=\])|[^\]]{0,600}+)\]"
)
_DEGREES = re.compile(r",\s?(?:M\.?D|Ph\.?\s?D|Dr\.?|D\.?O|MSc?|Pharm\.?D|R\.?N|Prof|MBBS|FACS|FRCP|M\.?P\.?H)", re.I)
_IDS = re.compile(r"\S[^()]*?(?:\(\s?[^()]*\))?(?=\s{1,}|$)")


def read(document: Document, page: Page, index: MeshIndex) -> TrialRecord:
    """The record that a page of ClinicalTrials.gov shows. ``index`` helps where terms ran together."""
    record = TrialRecord(was_derived_from=[SourceDocument(layout=page.layout.name, title=document.name)])
    fields.titled(record, page)
    _identifiers(record, page)
    _design(record, page)
    _people(record, page)
    _sites(record, page)
    _conditions(record, page, index)
    _arms(record, page)
    _outcomes(record, page)
    _eligibility(record, page)
    _keywords(record, page, index)
    return record


def _keywords(record: TrialRecord, page: Page, index: MeshIndex) -> None:
    for section in page.all("keywords"):
        for line in section.lines():
            record.add("keyword", line.words, line)
    for section in page.all("meshTerms"):
        for line in section.lines():
            record.add("meshTermLabel", line.words, line)
    if page.first("keywords") or page.first("meshTerms") or not (verified := page.first("lastVerified")):
        return
    # Markdown pages lose these two headings: after the last date come keywords on one line, then MeSH terms on one or
    # two. A line that MeSH terms alone make up holds MeSH terms.
    hints = [c.label for c in record.has_condition] + [i.name for i in record.has_intervention]
    for i, line in enumerate(verified.lines()[1:]):
        terms = split_terms(line, index)
        if terms or i > 0:
            for term in terms or [line]:
                record.add("meshTermLabel", term.words, term)
        else:
            for word in split(line, index, hints):
                record.add("keyword", word.words, word)


def _identifiers(record: TrialRecord, page: Page) -> None:
    text = page.document.all()
    stated = list(re.finditer(r"Identifier:[\s|]*(NCT\d{8})", text.text))
    if stated:
        quote = text.group(stated[0], 1)
        record.add("identifier", quote.text, quote)
    else:
        for found, quote in identifier.find(text)[:1]:
            record.add("identifier", found, quote)
    if not record.identifier:
        return  # a sponsor's own number alone does not name a trial
    if section := page.first("otherIds"):
        for line in section.lines():
            # Several identifiers share a line, each with its register in brackets: "A-1 B-2 ( Registry Identifier: X )".
            bare = re.sub(r"\([^)]{0,200}+\)", lambda m: " " * len(m.group()), line.text)
            for match in re.finditer(r"\S+(?:\s\d[\w.-]*)?", bare):
                if any(c.isdigit() for c in match.group()) or len(bare.split()) == 1:
                    record.add("identifier", match.group(), line.part(*match.span()))


def _design(record: TrialRecord, page: Page) -> None:
    for field, name in (
        ("status", "overallStatus"),
        ("studyType", "studyType"),
        ("allocation", "allocation"),
        ("model", "interventionModel"),
        ("masking", "masking"),
        ("purpose", "primaryPurpose"),
        ("sex", "sex"),
    ):
        fields.code(record, name, page.value(field))
    for field in (
        "startDate",
        "primaryCompletionDate",
        "completionDate",
        "firstPosted",
        "lastUpdatePosted",
        "lastVerified",
    ):
        fields.a_date(record, field, page.value(field))
    for field, kind in (("enrollmentActual", "Actual"), ("enrollmentAnticipated", "Anticipated"), ("enrollment", "")):
        fields.enrollment(record, page.value(field), kind)
    record.set("officialTitle", page.value("officialTitle").words, page.value("officialTitle"))
    fields.ages(record, page.value("ages"))
    fields.yes_no(record, "healthyVolunteers", page.value("healthyVolunteers"))
    for field in ("summary", "description"):
        text = fields.first_text(page, field)
        record.set(field, text.words, text)
        fields.passage(record, field, text)


def _people(record: TrialRecord, page: Page) -> None:
    responsible = page.value("responsibleParty")
    fields.organization(record, "sponsor", page.value("sponsorName"))
    if section := page.first("sponsors"):
        for i, line in enumerate(page.quiet(section.lines())):
            if role := re.match(r"(Principal Investigator|Study Chair|Study Director|None)[:\s|]+", line.text):
                _official(record, role[1], line.part(role.end(), len(line.text)))
            else:
                fields.organization(record, "sponsor" if i == 0 and not record.sponsor else "collaborator", line)
    for section in page.all("collaboratorNames"):
        for line in section.lines():
            fields.organization(record, "collaborator", line)
    for section in page.all("principalInvestigator"):
        _official(record, section.label.words, section.inline() or section.value())
    if responsible:
        comma = responsible.text.find(",")
        is_person = comma > 0 and (
            bool(_DEGREES.match(responsible.text[comma:]))
            or bool(
                re.search(
                    r"investigator|professor|director|physician|chief|doctor|head|chair|dr\b",
                    responsible.text[comma:],
                    re.I,
                )
            )
            or bool(record.sponsor and record.sponsor[0].label in responsible.text[comma:])
        )
        if is_person:
            _official(record, "Responsible Party", responsible)
        elif not record.sponsor:  # an organization that is the responsible party is the sponsor (42 CFR 11.10)
            fields.organization(record, "sponsor", responsible)


def _official(record: TrialRecord, role: str, quote: Quote) -> None:
    """Name and affiliation: parted by a table bar, or by the first comma that no degree follows."""
    quote = quote.strip(" \t|")
    cut = quote.text.find("|")
    if cut < 0:
        cut = next((m.start() for m in re.finditer(",", quote.text) if not _DEGREES.match(quote.text[m.start() :])), -1)
    name = quote.part(0, cut) if cut >= 0 else quote
    affiliation = quote.part(cut + 1, len(quote.text)).strip(" \t|") if cut >= 0 else None
    if role != "None":
        fields.person(record, name.strip(), role, affiliation if affiliation and affiliation.text != "None" else None)


def _sites(record: TrialRecord, page: Page) -> None:
    section = page.first("sites")
    if not section:
        return
    facility: Quote | None = None
    for line in page.quiet(section.lines())[1:]:
        if re.match(
            r"Contact:|Sub-Investigator:|Principal Investigator:|Layout table|Show \d+|United States, [A-Z]\w+$",
            line.text,
        ):
            continue
        parts = [p.strip() for p in line.text.split(",")]
        if facility is not None and len(parts) >= 2:
            postal = parts.pop() if any(c.isdigit() for c in parts[-1]) else ""
            site = Site(
                label=facility.words, postal_code=postal, city=parts[0], country=parts[-1] if len(parts) > 1 else ""
            )
            if len(parts) > 2:
                site.region = ", ".join(parts[1:-1])
            site.cite(facility, line)
            record.has_site.append(site)
            facility = None
        else:
            facility = line


def _conditions(record: TrialRecord, page: Page, index: MeshIndex) -> None:
    section = page.first("conditionRow")
    if not section:
        return
    row = section.value()
    cells = row.text.split(" | ")
    if len(cells) >= 3:  # a markdown table keeps its cells apart
        starts = [0, len(cells[0]) + 3, len(cells[0]) + len(cells[1]) + 6]
        condition, intervention, phase = (row.part(s, s + len(c)) for s, c in zip(starts, cells, strict=False))
    else:
        ending = _PHASE_AT_END.search(row.text)
        before = ending.start() if ending else len(row.text)
        first = TYPE.search(row.text)
        condition = row.part(0, first.start() if first else before).strip(" |")
        intervention = row.part(first.start() if first else before, before)
        phase = row.part(before, len(row.text))
    fields.phases(record, phase.strip())
    starts_of = [m.start() for m in TYPE.finditer(intervention.text)] + [len(intervention.text)]
    for start, stop in itertools.pairwise(starts_of):
        _intervention(record, intervention.part(start, stop).strip(" |"))
    hints = [line.words for s in (*page.all("keywords"), *page.all("meshTerms")) for line in s.lines()]
    for quote in split(condition.strip(" |"), index, hints):
        fields.condition(record, quote)
    if len(section.lines()) > 1 and not record.description:  # markdown pages lose the heading of the description
        rest = section.lines()[1:]
        text = Quote.join(rest[0], rest[-1], page.document.text)
        record.set("description", text.words, text)
        fields.passage(record, "description", text)


def _intervention(record: TrialRecord, quote: Quote) -> None:
    match = TYPE.match(quote.text)
    if not match:
        return
    name = quote.part(match.end(), len(quote.text)).strip()
    if all((i.name, i.kind) != (name.words, TYPES[match[1]]) for i in record.has_intervention):
        one = Intervention(name=name.words, kind=TYPES[match[1]])
        one.cite(quote)
        record.has_intervention.append(one)


def _arms(record: TrialRecord, page: Page) -> None:
    if section := page.first("arms") or page.first("groups"):
        lines = page.quiet(section.lines())
        body = [line for line in lines if not _is_outcome(line)]
        if len(body) < len(lines):  # markdown pages lose the headings of the outcomes, which follow the table
            body = lines[: next(i for i, line in enumerate(lines) if _is_outcome(line))]
        read_arms(record, body, TYPES, typed=section.field == "arms")
    elif section := page.first("interventionDetails"):
        read_intervention_details(record, page.quiet(section.lines()), TYPES)


def _is_outcome(line: Quote) -> bool:
    return bool(_OUTCOME.match(line.text) and _FRAME.search(line.text))


def _outcomes(record: TrialRecord, page: Page) -> None:
    labelled = False
    for field, kind in fields.OUTCOMES.items():
        for section in page.all(field):
            labelled = True
            _outcome_list(record, section, page, kind)
    if labelled:
        return
    # Markdown pages lose the headings of the outcomes. The site lists primary outcomes first, and most records have
    # one: so the first is taken for primary and the others for secondary, and both are marked as inferred.
    for field in ("arms", "groups", "interventionDetails", "completionDate"):
        for section in page.all(field):
            lines = page.quiet(section.lines())
            start = next((i for i, line in enumerate(lines) if _is_outcome(line)), len(lines))
            for line in lines[start:]:
                if _OUTCOME.match(line.text):
                    _one_outcome(record, "SecondaryOutcome" if record.has_outcome else "PrimaryOutcome", [line], page)
    for one in record.has_outcome:
        one.inferred = True


def _outcome_list(record: TrialRecord, section: Section, page: Page, kind: str) -> None:
    items: list[list[Quote]] = []
    expected = 1
    for line in page.quiet(section.lines()):
        match = _OUTCOME.match(line.text)
        if match and (match[1] is None or int(match[1]) == expected):
            items.append([line])
            expected += 1
        elif items:
            items[-1].append(line)
    for item in items:
        _one_outcome(record, kind, item, page)


def _one_outcome(record: TrialRecord, kind: str, lines: list[Quote], page: Page) -> None:
    first = lines[0]
    lead = _OUTCOME.match(first.text)
    begin = lead.end() if lead else 0
    frame = _FRAME.search(first.text)
    measure = first.part(begin, frame.start() if frame else len(first.text)).strip()
    description = first.part(frame.end(), len(first.text)).strip() if frame else None
    if not description and len(lines) > 1:
        description = page.document.quote(lines[1].start, lines[-1].end)
    fields.outcome(record, kind, measure, first.group(frame, 1) if frame else None, description)


def _eligibility(record: TrialRecord, page: Page) -> None:
    if criteria := page.first("criteria"):
        fields.passage(record, "eligibility", criteria.body)
        return
    for field in ("population", "sampling", "healthyVolunteers"):
        if section := page.first(field):
            fields.passage(record, "eligibility", section.rest())
            return
