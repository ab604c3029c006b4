"""What the readers of pages share: setting fields of a record from quotations of a page."""

from __future__ import annotations

import re
from decimal import Decimal

from kg import terms
from kg.document import Quote
from kg.language import date
from kg.language.number import plain
from kg.node import RECENT
from kg.read.page import Page
from kg.record import Condition, Organization, Outcome, Passage, Person, TrialRecord

SCHEMES = {
    "overallStatus": "StatusScheme",
    "studyType": "StudyTypeScheme",
    "allocation": "AllocationScheme",
    "interventionModel": "ModelScheme",
    "masking": "MaskingScheme",
    "primaryPurpose": "PurposeScheme",
    "sex": "SexScheme",
}
#: The sections of outcomes, with our classes.
OUTCOMES = {
    "primaryOutcomes": "PrimaryOutcome",
    "secondaryOutcomes": "SecondaryOutcome",
    "otherOutcomes": "OtherOutcome",
}
#: The names that pages give the parts of a study's design.
SCHEMES_BY_LABEL = {
    "allocation": "allocation",
    "intervention model": "interventionModel",
    "observational model": "interventionModel",
    "masking": "masking",
    "primary purpose": "primaryPurpose",
}
_PHASE = re.compile(r"(?:early\s+)?phase\s*(?:[0-4]|I{1,3}V?|IV)(?:[ab])?(?![A-Za-z0-9])", re.I)
_PHASE_JOINED = re.compile(r"phase\s*([1-3]|I{1,2})\s?[/-]\s?(?:phase\s*)?([2-4]|I{2,3}|IV)[ab]?(?![A-Za-z0-9])", re.I)
_AGE = re.compile(r"(?<!\d)(\d{1,5}(?:\.\d{1,6})?)\s*(years?|months?|weeks?|days?|hours?|minutes?)", re.I)
_BARE_AGES = re.compile(
    r"(?:ages?\s+)?(\d{1,3})\s*(?:(?:-|–|to|and)\s*(\d{1,3})|(?:or|and) (?:older|over|above)|\+|and up)(?:\s*(?:years?|yrs?)(?: old| of age)?)?",
    re.I,
)
_PER_YEAR = {u: Decimal(n) for u, n in {"y": "1", "m": "12", "w": "52.1786", "d": "365.25", "h": "8766"}.items()}
_NOT_GIVEN = re.compile(r"(?:not (?:specified|available|provided|given)|none|n/?a|-)?\s*$", re.I)


def code(record: TrialRecord, field: str, quote: Quote) -> None:
    """Set a coded field from a value as written; words in brackets count only when the whole is no wording."""
    scheme = SCHEMES[field]
    found = terms.code(scheme, quote.text.replace("_", " "))
    if not found and "(" in quote.text:
        found = terms.code(scheme, quote.text[: quote.text.index("(")].replace("_", " "))
    record.set(field, found, quote)


def phases(record: TrialRecord, quote: Quote) -> None:
    """Add each phase that a value names: "Phase 1/Phase 2" gives two."""
    if match := _PHASE_JOINED.search(quote.text):
        for group in (1, 2):
            record.add("phase", terms.code("PhaseScheme", f"Phase {match[group]}"), quote)
        return
    found = [m.group() for m in _PHASE.finditer(quote.text)]
    if not found and terms.code("PhaseScheme", quote.text) == "PhaseNotApplicable":
        found = [quote.text]
    for one in found:
        record.add("phase", terms.code("PhaseScheme", one), quote)


def a_date(record: TrialRecord, field: str, quote: Quote) -> None:
    """Set a date field from a value as written, unless it is no date."""
    if value := date.parse(quote.text):
        record.set(field, value, quote)


def enrollment(record: TrialRecord, quote: Quote, kind: str = "") -> None:
    """Set the number of participants from a value such as "92 participants"."""
    if match := re.match(r"\d{1,7}(?:,\d{3})*", quote.text):
        record.set("enrollment", int(match.group().replace(",", "")), quote)
        if kind:
            record.set("enrollmentType", kind, quote)


def years(count: str, unit: str) -> Decimal:
    """An age in years, to three digits: "6 Months" is 0.5."""
    letter = unit[0].lower() if not unit.lower().startswith("mi") else "h"
    value = Decimal(count) / _PER_YEAR[letter] / (60 if unit.lower().startswith("mi") else 1)
    return plain(value.quantize(Decimal("0.001")))


def age(record: TrialRecord, field: str, quote: Quote) -> None:
    """Set one age from a value such as "6 Months" or "under 18 years", unless it is no age."""
    match = _AGE.search(quote.text, 0, 40)
    if match and not re.search(r"\d", quote.text[: match.start()]):
        record.set(field, years(*match.groups()), quote)


def ages(record: TrialRecord, quote: Quote) -> None:
    """Set least and greatest age from "18 Years to 75 Years", "18 Years and older", "up to 65 Years", "Child, Adult"."""
    text = quote.text.split("(")[0]
    found = list(_AGE.finditer(text))
    if bare := _BARE_AGES.fullmatch(text.strip()):  # "18-70", "65 and older": in years
        record.set("minimumAge", years(bare[1], "y"), quote)
        record.set("maximumAge", years(bare[2], "y") if bare[2] else None, quote)
        return
    if not found:
        return
    least, most = found[0], found[-1]
    if len(found) == 1:
        before = text[: least.start()].lower()
        if re.search(r"(?:up ?to|under|younger than|at most)\s*$", before):
            record.set("maximumAge", years(*least.groups()), quote)
            return
        record.set("minimumAge", years(*least.groups()), quote)
        if re.search(r"and younger", text[least.end() :], re.I):
            record.maximum_age, record.minimum_age = record.minimum_age, None
        return
    record.set("minimumAge", years(*least.groups()), quote)
    record.set("maximumAge", years(*most.groups()), quote)


def yes_no(record: TrialRecord, field: str, quote: Quote) -> None:
    """Set a yes/no field; anything else leaves it unset."""
    word = quote.text.strip().lower()
    if word.startswith(("yes", "no", "accepts")):
        record.set(field, not word.startswith("no"), quote)


def condition(record: TrialRecord, quote: Quote) -> None:
    """Add a condition; one that is named twice is kept once."""
    name = quote.words
    if name and all(c.label.casefold() != name.casefold() for c in record.has_condition[-RECENT:]):
        one = Condition(label=name)
        one.cite(quote)
        record.has_condition.append(one)


def organization(record: TrialRecord, field: str, quote: Quote) -> None:
    """Add a sponsor or collaborator; one that is named twice is kept once."""
    name = quote.words
    folded = name.casefold()
    known = record.sponsor[-RECENT:] + record.collaborator[-RECENT:]
    if name and not _NOT_GIVEN.match(name) and all(o.label.casefold() != folded for o in known):
        body = Organization(label=name)
        body.cite(quote)
        (record.sponsor if field == "sponsor" else record.collaborator).append(body)


def person(record: TrialRecord, name: Quote, role: str, affiliation: Quote | None = None) -> Person | None:
    """Add an investigator; one of the same name is kept once, with the first affiliation given.

    An e-mail address in the place of an affiliation is nobody's affiliation, and is left out.
    """
    label = re.sub(r"^(?:dr|prof|professor)\.?\s+(?=dr\.?\s)", "", name.words, flags=re.I).strip(" ,;")
    if not label or _NOT_GIVEN.match(label) or "@" in label:
        return None
    for known in record.investigator:
        if known.label.casefold() == label.casefold():
            return known
    if affiliation and "@" in affiliation.words:
        affiliation = None
    someone = Person(label=label, role_name=role, affiliation=affiliation.words if affiliation else "")
    someone.cite(name, *([affiliation] if affiliation else []))
    record.investigator.append(someone)
    return someone


def passage(record: TrialRecord, role: str, quote: Quote, kind: str = "") -> None:
    """Keep a stretch of the page for the rooms that understand prose."""
    whole = quote.strip()
    if whole:
        # The first line keeps its indentation: lists are told by it.
        begin = quote.text.rfind("\n", 0, whole.start - quote.start) + 1
        quote = quote.part(begin, whole.end - quote.start)
        record.passages.append(Passage(role, quote, kind))  # type: ignore[arg-type]


def outcome(record: TrialRecord, kind: str, measure: Quote, frame: Quote | None, description: Quote | None) -> None:
    """Add an outcome of the class ``kind``."""
    if not measure.strip():
        return
    order = next((o.order for o in reversed(record.has_outcome) if kind in o.type), 0) + 1
    one = Outcome(type=[kind, "Outcome"], label=measure.words, order=order)
    one.cite(measure)
    if frame:
        one.time_frame = frame.words
        one.cite(frame, supports=["timeFrame"])
    if description and description.strip():
        one.description = description.words
        one.cite(description.strip(), supports=["outcomeDescription"])
    record.has_outcome.append(one)


def time_frame(record: TrialRecord, quote: Quote) -> None:
    """Give the last outcome a time frame that stands apart from it, when it has none."""
    if record.has_outcome and not record.has_outcome[-1].time_frame:
        record.has_outcome[-1].time_frame = quote.words
        record.has_outcome[-1].cite(quote, supports=["timeFrame"])


def titled(record: TrialRecord, page: Page) -> None:
    """Set the title from the first line of the page that says something."""
    noise = page.layout.noise
    for line in page.head.lines():
        text = line.strip(" \t\u00a0|#*")
        if text and not (noise and noise.match(text.text)) and not text.text.lower().startswith("last updated on"):
            record.set("title", text.words, text)
            passage(record, "title", text)
            return


def first_text(page: Page, field: str) -> Quote:
    """All the text under the first label of a field, without the site's own talk at its end."""
    section = page.first(field)
    if not section:
        return page.document.quote(0, 0)
    lines = page.quiet(section.lines())
    return Quote.join(lines[0], lines[-1], page.document.text) if lines else page.document.quote(0, 0)
