"""Pages whose labels say what is what: the record from sections, whatever site they are from.

Used for the sites of ``layouts.toml`` that need nothing more, and for pages of unknown sites.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from kg import assets, terms
from kg.document import Document, Quote
from kg.mesh import MeshIndex
from kg.read import fields, identifier
from kg.read.blocks import Block
from kg.read.groups import Groups
from kg.read.measures import read_outcomes
from kg.read.page import Page, Section
from kg.record import Site, SourceDocument, TrialRecord

_DATES = ("startDate", "primaryCompletionDate", "completionDate", "firstPosted", "lastUpdatePosted", "lastVerified")
_CODES = {
    "status": "overallStatus",
    "studyType": "studyType",
    "allocation": "allocation",
    "model": "interventionModel",
    "masking": "masking",
    "purpose": "primaryPurpose",
    "sex": "sex",
}
_OUTCOMES = fields.OUTCOMES | {"outcomes": "OtherOutcome"}
_SITE_NAME = re.compile(r"(?<!\s)\s++[|–—-]\s++[^|–—]{2,60}$|^View of\b.*")
_TRAILING_ID = re.compile(r"(?:(?<!\s)\s++)?+[(\[][^()\[\]]{6,30}[)\]]\s*+$")
_SENTENCE = re.compile(r"(?<!\w)\w++[.!?]$")
_INSTITUTION = re.compile(
    r"hospital|universit|clinic|klinik|cent(?:er|re)|institut|infirmary|unit\b|college|foundation|school|h[oô]pital",
    re.I,
)
_CONDITION_MARKS = re.compile(r"\s*(?:;|•|·|\||\n|\s{3,})\s*")
_DEGREE = re.compile(r",\s*(?=(?:MD|M\.D\.|PhD|Ph\.D\.|DO|MBBS|FRCP|MSc|MPH|PharmD|RN|Prof)\b)")


def read(document: Document, page: Page, index: MeshIndex) -> TrialRecord:
    """The record that a page with labels shows. ``index`` helps where names ran together."""
    record = TrialRecord(was_derived_from=[SourceDocument(layout=page.layout.name, title=document.name)])
    _title(record, page)
    _identifiers(record, page)
    _plain(record, page)
    _eligibility(record, page)
    _bodies(record, page)
    _conditions(record, page, index)
    groups = Groups(record)
    for section in page.all("interventions"):
        groups.read_interventions(section.blocks(), section.label.text)
    for section in page.all("arms"):
        groups.read_arms(section)
    for section in page.sections:
        if kind := _OUTCOMES.get(section.field):
            read_outcomes(record, kind, section.blocks())
        elif section.field == "timeFrame":
            fields.time_frame(record, section.value())
    _words(record, page)
    _structured(record, page, groups)
    return record


def _items(section: Section) -> list[Quote]:
    """The values of a section: its items, rows and paragraphs, each line of its own."""
    found = [line for block in section.blocks() for cell in block.cells for line in cell.lines()]
    return [q for line in found if (q := line.strip(" \t\u00a0|-•"))]


def _title(record: TrialRecord, page: Page) -> None:
    stated = page.value("title")
    official = page.value("officialTitle")
    record.set("officialTitle", official.words, official)
    title = stated or _heading(page) or official or _loose(page)
    if title and (cut := _SITE_NAME.search(title.text)) and title is not stated:
        title = title.part(0, cut.start()) if cut.start() > 0 else title
    if title and (named := _TRAILING_ID.search(title.text)) and identifier.find(title.group(named)):
        title = title.part(0, named.start())
    record.set("title", title.words, title)
    fields.passage(record, "title", title)
    if acronym := page.value("acronym"):
        record.set("acronym", acronym.words, acronym)


def _heading(page: Page) -> Quote | None:
    """The heading of a page: of the lines before the first section, the first that reads like a title."""
    noise = page.layout.noise
    for line in [page.heading] if page.heading else page.head.lines():
        text = line.strip(" \t\u00a0|#*")
        bare = text.text
        for _, quote in identifier.find(text)[:1]:
            if quote.start == text.start:  # "NCT01234567: Title"
                text = text.part(quote.end - text.start, len(text.text)).strip(" :-–—|\t")
                bare = text.text
        if len(bare.split()) >= 4 and not (noise and noise.match(bare)):
            return text
    return None


def _loose(page: Page) -> Quote:
    """A title that stands below the first labels, or only above the window."""
    lines = (q.strip(" \t\u00a0|#*") for s in page.all("") for q in s.body.lines())
    for line in page.quiet(list(lines)):
        if len(line.text.split()) >= 3 and len(line.text) <= 250 and not line.text.endswith((".", ":")):
            return line
    return page.window if len(page.window.text.split()) >= 4 else page.document.quote(0, 0)


def _identifiers(record: TrialRecord, page: Page) -> None:
    """What the labels give, the best-known registry first; else what the head or the window's title names, else the first."""
    text = page.document.all()
    stated = [q for name in ("identifier", "otherIds") for s in page.all(name) for q in _items(s)]
    found = [pair for quote in stated for pair in identifier.find(quote)]
    if not any(identifier.find(q) for s in page.all("identifier") for q in _items(s)):
        near = [page.head, *([page.window] if page.window else [])]
        found = [pair for quote in near for pair in identifier.find(quote)][:1] + found
    for name, quote in sorted(found or identifier.find(text)[:1], key=lambda pair: identifier.rank(pair[0])):
        record.add("identifier", name, quote)
    if record.identifier:
        for quote in (q for s in page.all("otherIds") for q in _items(s)):
            if not identifier.find(quote) and len(quote.text) <= 40 and any(c.isdigit() for c in quote.text):
                record.add("identifier", quote.words, quote)


def _plain(record: TrialRecord, page: Page) -> None:
    for name, field in _CODES.items():
        # A registry may give the state of recruitment beside that of the trial, which is meant here.
        for section in sorted(page.all(name), key=lambda s: "overall" not in s.label.text.lower()):
            fields.code(record, field, section.value())
    for section in page.all("phase"):
        fields.phases(record, section.value())
        if not record.phase and re.fullmatch(r"[1-4](?:\s?/\s?[2-4])?|I{1,3}V?|IV", section.value().text):
            record.add("phase", terms.code("PhaseScheme", f"Phase {section.value().text}"), section.value())
    for section in page.all("design"):
        _design(record, section)
    for field in _DATES:
        for section in page.all(field):
            fields.a_date(record, field, section.value())
    for section in page.all("enrollment"):
        value = section.value()
        kind = re.search(r"\b(actual|anticipated|estimated)\b", value.text, re.I)
        if number := re.search(r"\d", value.text[:40]):
            stated = ("Actual" if kind[1].lower() == "actual" else "Anticipated") if kind else ""
            fields.enrollment(record, value.part(number.start(), len(value.text)), stated)
    for field in ("minimumAge", "maximumAge"):
        fields.age(record, field, page.value(field))
    for section in page.all("ages"):
        fields.ages(record, section.value())
    fields.yes_no(record, "healthyVolunteers", page.value("healthyVolunteers"))
    why = page.value("whyStopped")
    record.set("whyStopped", why.words, why)
    if why:
        fields.passage(record, "whyStopped", why)
    if page.layout.versions and record.last_update_posted:
        record.was_derived_from[0].issued = record.last_update_posted
    _badges(record, page)


def _badges(record: TrialRecord, page: Page) -> None:
    """Status and phase that stand without a label, as short lines at the head of a page."""
    for line in (
        raw.group(m) for raw in page.head.lines() for m in re.finditer(r"(?:(?!\s{3}|\s*[|·•]\s).)+", raw.text)
    ):
        line = line.strip(" \t\u00a0-–•*")
        if line and len(line.text) <= 40:
            if not record.phase and re.match(r"(?:early )?phase\b", line.text, re.I):
                fields.phases(record, line)
            if not record.overall_status:
                fields.code(record, "overallStatus", line)


def _design(record: TrialRecord, section: Section) -> None:
    """Design words in any order, alone ("Randomized") or with their names ("Masking: Double Blind")."""
    for value in _items(section):
        for match in re.finditer(r"(?:[^,;()]|\([^)]{0,200}+\))+", value.text):
            part = value.group(match)
            bare = part.part(part.text.find(":") + 1, len(part.text)).strip()
            name = fields.SCHEMES_BY_LABEL.get(terms.normal(part.text.split(":")[0])) if ":" in part.text else None
            for field in [name] if name else ("allocation", "interventionModel", "masking", "primaryPurpose"):
                fields.code(record, field, bare)


def _eligibility(record: TrialRecord, page: Page) -> None:
    for section in page.sections:
        if section.field in ("eligibility", "inclusion", "exclusion"):
            kind = "" if section.field == "eligibility" else section.field
            fields.passage(record, "eligibility", section.body, kind)


def _bodies(record: TrialRecord, page: Page) -> None:
    purpose = page.value("purpose")
    texts = {field: [s.body.strip() for s in page.all(field) if s.body.strip()] for field in ("summary", "description")}
    if purpose and not record.primary_purpose and len(purpose.text.split()) > 5:
        texts["summary"].append(purpose)
    for field, quotes in texts.items():
        for quote in quotes[:1]:
            record.set(field, quote.words, quote)
        for quote in quotes:
            fields.passage(record, field, quote)
    for section in page.all("sponsorName"):
        fields.organization(record, "collaborator" if record.sponsor else "sponsor", section.value())
    for section in page.all("sponsors"):
        for number, line in enumerate(_items(section)):
            fields.organization(record, "collaborator" if number or record.sponsor else "sponsor", line)
    for section in page.all("collaboratorNames"):
        for line in _items(section):
            fields.organization(record, "collaborator", line)
    for section in page.all("principalInvestigator"):
        for line in _items(section)[:1]:
            _person(record, line, section.label.words or "Principal Investigator")
    for section in page.all("sites"):
        for line in _items(section):
            _site(record, line)


def _person(record: TrialRecord, line: Quote, role: str) -> None:
    """Name and affiliation: at the first comma that no degree follows, or at a dash or bracket."""
    text = _DEGREE.sub(lambda m: " " * len(m.group()), line.text)
    cut = re.search(r",|\s[–—-]\s|\(", text)
    name = line.part(0, cut.start()).strip(" ,") if cut else line
    rest = line.part(cut.end(), len(line.text)).strip(" ,)") if cut else None
    if 1 < len(name.text.split()) <= 7:
        fields.person(record, name, role, rest or None)


def _site(record: TrialRecord, line: Quote) -> None:
    """ "Institution, City, Country": two commas at least, or one after the name of an institution, and no sentence."""
    parts = [p.strip() for p in line.text.split(",")]
    if not 2 <= len(parts) <= 6 or _SENTENCE.search(line.text) or len(line.text) > 160 or not all(parts):
        return
    if " and " in parts[-1] or (len(parts) == 2 and not _INSTITUTION.search(parts[0])):
        return
    if re.search(r"@|https?:|\btel\b|phone|contact", line.text, re.I):
        return
    site = Site(label=parts[0], country=parts[-1], city=parts[1] if len(parts) > 2 else "")
    site.cite(line)
    record.has_site.append(site)


def _conditions(record: TrialRecord, page: Page, index: MeshIndex) -> None:
    for section in page.all("conditions"):
        for quote in _named(section.blocks(), index):
            fields.condition(record, quote)


def _named(blocks: Iterable[Block], index: MeshIndex) -> list[Quote]:
    """The names in a section: items, lines, what semicolons and bars part; commas where each part is a name."""
    found: list[Quote] = []
    for block in blocks:
        for cell in block.cells:
            start = 0
            for match in [*_CONDITION_MARKS.finditer(cell.text), None]:
                part = cell.part(start, match.start() if match else len(cell.text)).strip(" \t\u00a0,.-")
                start = match.end() if match else 0
                sentence = (
                    part.text.count(" ") > 3 and cell.text[part.end - cell.start : part.end - cell.start + 1] == "."
                )
                if part and len(part.text.split()) <= 20 and not sentence:
                    found += _commas(part, index)
    return found


def _commas(quote: Quote, index: MeshIndex) -> list[Quote]:
    pieces = [quote.group(m).strip(" ,") for m in re.finditer(r"(?:[^,(]|\([^)]*\)?)+", quote.text)]
    pieces = [p for p in pieces if p]
    if len(pieces) < 2 or index.find(quote.text):
        return [quote]
    # "Carcinoma, Non-Small-Cell Lung" is one name turned round; parts that are names on their own are several.
    known = sum(1 for p in pieces if index.find(p.text) or split_known(p, index))
    return pieces if known >= max(2, len(pieces) - 1) or len(pieces) > 3 else [quote]


def split_known(quote: Quote, index: MeshIndex) -> bool:
    """Whether the last words of a quotation are a disease that MeSH knows ("metastatic breast cancer")."""
    words = list(re.finditer(r"\S+", quote.text))
    return any(
        index.in_trees(owner, ("C", "F03"))
        for word in words[-4:]
        for owner in index.find(quote.text[word.start() :])[:2]
    )


def _structured(record: TrialRecord, page: Page, groups: Groups) -> None:
    """What the page says for machines fills in what its words did not say."""
    meanings = assets.facts("chrome")["schema"]
    missing = {f for f in ("has_condition", "has_intervention", "sponsor") if not getattr(record, f)}
    for section in page.sections:
        field, value = meanings.get(section.field.removeprefix("schema:")), section.body
        if field is None or not section.field.startswith("schema:"):
            continue
        if field == "conditions" and "has_condition" in missing:
            fields.condition(record, value)
        elif field == "interventions" and "has_intervention" in missing:
            groups.read_interventions(section.blocks())
        elif field == "sponsorName" and "sponsor" in missing:
            fields.organization(record, "sponsor", value)
        elif field == "identifier" and not record.identifier:
            for name, quote in identifier.find(value):
                record.add("identifier", name, quote)
        elif field in ("title", "officialTitle", "summary", "description"):
            record.set(field, value.words, value)
        elif field in _CODES:
            fields.code(record, _CODES[field], value.part(value.text.rfind("/") + 1, len(value.text)))
        elif field == "phase" and not record.phase:
            fields.phases(record, value)
        elif field in _DATES:
            fields.a_date(record, field, value)
        elif field in ("minimumAge", "maximumAge"):
            fields.age(record, field, value)
        elif field == "eligibility" and not any(p.role == "eligibility" for p in record.passages):
            fields.passage(record, "eligibility", value)


def _words(record: TrialRecord, page: Page) -> None:
    for name, field in (("keywords", "keyword"), ("meshTerms", "meshTermLabel")):
        for section in page.all(name):
            for line in _items(section):
                for match in re.finditer(r"[^;,]+" if name == "keywords" else r"[^;]+", line.text):
                    word = line.group(match)
                    record.add(field, word.words, word)
