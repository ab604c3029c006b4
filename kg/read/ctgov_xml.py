"""Records of ClinicalTrials.gov in its XML of 2008-2024 (https://clinicaltrials.gov/ct2/html/images/info/public.xsd)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from lxml import etree

from kg import terms
from kg.document import Document, Quote
from kg.errors import DocumentError
from kg.read import fields
from kg.read.ctgov import TYPES
from kg.read.rendering import Rendering
from kg.record import Arm, Condition, Intervention, Site, SourceDocument, TrialRecord

_DATES = {
    "start_date": "startDate",
    "primary_completion_date": "primaryCompletionDate",
    "completion_date": "completionDate",
    "study_first_posted": "firstPosted",
    "firstreceived_date": "firstPosted",
    "last_update_posted": "lastUpdatePosted",
    "lastchanged_date": "lastUpdatePosted",
    "verification_date": "lastVerified",
}
_CODES = {
    "overall_status": "overallStatus",
    "study_type": "studyType",
    "study_design_info/allocation": "allocation",
    "study_design_info/intervention_model": "interventionModel",
    "study_design_info/observational_model": "interventionModel",
    "study_design_info/masking": "masking",
    "study_design_info/primary_purpose": "primaryPurpose",
}
_OUTCOMES = {
    "primary_outcome": "PrimaryOutcome",
    "secondary_outcome": "SecondaryOutcome",
    "other_outcome": "OtherOutcome",
}
_OLD_DESIGN = {
    "Allocation": "allocation",
    "Intervention Model": "interventionModel",
    "Observational Model": "interventionModel",
    "Masking": "masking",
    "Primary Purpose": "primaryPurpose",
}


def is_record(text: str) -> bool:
    """Whether a text is such a record."""
    return "<clinical_study" in text[:4000] and text.lstrip()[:1] == "<"


def _parse(document: Document) -> Any:
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True
    )
    try:
        root = etree.fromstring(document.text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise DocumentError("broken-xml", f"is XML that breaks off or is not well-formed: {error.msg}") from error
    if root.getroottree().docinfo.doctype:
        raise DocumentError("doctype", "is XML with a DOCTYPE, which is not read: it could hold entities")
    return root


class _Record:
    """The elements of a record, rendered as they are taken."""

    def __init__(self, root: Any) -> None:
        self.root = root
        self.text = Rendering()

    def take(self, path: str, label: str = "", under: Any = None) -> Quote:
        """The text of the first element at ``path``; an empty quotation when there is none."""
        element = (self.root if under is None else under).find(path)
        return self.text.add(
            label or path.rsplit("/", 1)[-1], "".join(element.itertext()) if element is not None else ""
        )

    def all(self, path: str) -> list[Any]:
        return list(self.root.iterfind(path))

    def each(self, path: str, under: Any = None) -> Iterator[Quote]:
        """The text of every element at ``path``, in order; an empty quotation for an empty one."""
        for element in (self.root if under is None else under).iterfind(path):
            yield self.text.add(path.rsplit("/", 1)[-1], element.text or "")


def read(document: Document) -> tuple[TrialRecord, Document]:
    """The record, and the document as read (see :mod:`kg.read.rendering`). Raises DocumentError."""
    source = _Record(_parse(document))
    if source.root.find("study_id") is not None:
        raise DocumentError(
            "upload-record",
            "is a record in the form for uploading to ClinicalTrials.gov, which is not read; use the record that the site gives out",
        )
    record = TrialRecord(was_derived_from=[SourceDocument(layout="ctgov-xml", title=document.name)])
    _identification(record, source)
    _status_and_design(record, source)
    _bodies(record, source)
    for quote in source.each("condition"):
        if quote and all(c.label != quote.words for c in record.has_condition):
            one = Condition(label=quote.words)
            one.cite(quote)
            record.has_condition.append(one)
    _arms(record, source)
    _outcomes(record, source)
    _eligibility(record, source)
    _people_and_places(record, source)
    for path, field in (
        ("keyword", "keyword"),
        ("condition_browse/mesh_term", "meshTermLabel"),
        ("intervention_browse/mesh_term", "meshTermLabel"),
    ):
        for quote in source.each(path):
            record.add(field, quote.words, quote)
    return record, source.text.document(document)


def _identification(record: TrialRecord, source: _Record) -> None:
    for path in ("id_info/nct_id", "id_info/org_study_id", "id_info/secondary_id", "id_info/nct_alias"):
        for quote in source.each(path):
            record.add("identifier", quote.words, quote)
    title = source.take("brief_title")
    record.set("title", title.words, title)
    fields.passage(record, "title", title)
    for path, field in (("official_title", "officialTitle"), ("acronym", "acronym")):
        quote = source.take(path)
        record.set(field, quote.words, quote)
    for path, field in (("brief_summary/textblock", "summary"), ("detailed_description/textblock", "description")):
        quote = source.take(path, field)
        record.set(field, quote.words, quote)
        fields.passage(record, field, quote)


def _status_and_design(record: TrialRecord, source: _Record) -> None:
    for path, field in _CODES.items():
        fields.code(record, field, source.take(path))
    if why := source.take("why_stopped"):
        record.set("whyStopped", why.words, why)
        fields.passage(record, "whyStopped", why)
    if design := source.take("study_design"):  # one string before 2017: "Allocation: Randomized, Masking: Open Label"
        for match in re.finditer(rf"({'|'.join(_OLD_DESIGN)}):\s*([^,]+(?:\([^)]*\))?)", design.text):
            fields.code(record, _OLD_DESIGN[match[1]], design.group(match, 2))
    fields.phases(record, source.take("phase"))
    for path, field in _DATES.items():
        fields.a_date(record, field, source.take(path))
    element = source.root.find("enrollment")
    kind = element.get("type", "") if element is not None else ""
    fields.enrollment(
        record, source.take("enrollment"), {"Actual": "Actual", "Anticipated": "Anticipated"}.get(kind, "")
    )


def _bodies(record: TrialRecord, source: _Record) -> None:
    fields.organization(record, "sponsor", source.take("sponsors/lead_sponsor/agency", "lead_sponsor"))
    for element in source.all("sponsors/collaborator"):
        fields.organization(record, "collaborator", source.take("agency", "collaborator", element))


def _arms(record: TrialRecord, source: _Record) -> None:
    by_label: dict[str, Arm] = {}
    for element in source.all("arm_group"):
        label = source.take("arm_group_label", "", element)
        if not label:
            continue
        arm = Arm(label=label.words, order=len(record.has_arm) + 1)
        arm.cite(label)
        kind = source.take("arm_group_type", "", element)
        arm.arm_type = terms.code("ArmTypeScheme", kind.text)
        if kind and arm.arm_type:
            arm.cite(kind, supports=["armType"])
        if description := source.take("description", "arm_group_description", element):
            arm.description = description.words
            arm.cite(description, supports=["armDescription"])
        by_label.setdefault(arm.label, arm)
        record.has_arm.append(arm)
    names = Counter(" ".join((e.findtext("intervention_name") or "").split()) for e in source.all("intervention"))
    for element in source.all("intervention"):
        kind = source.take("intervention_type", "", element)
        name = source.take("intervention_name", "", element)
        if not name:
            continue
        # Old records list one intervention several times, once a dose or an arm: each name is one.
        one = next((i for i in record.has_intervention if i.name == name.words), None)
        if one is None:
            one = Intervention(name=name.words, kind=TYPES.get(kind.text.split(":")[0].strip(), "OtherIntervention"))
            record.has_intervention.append(one)
        one.cite(name)
        description = source.take("description", "intervention_description", element)
        repeated = names[name.words] > 1 and element.find("arm_group_label") is not None
        if description:
            one.description = f"{one.description}\n{description.words}".strip()
            one.cite(description, supports=[] if repeated else ["treatmentDescription"])
        for quote in source.each("other_name", element):
            if quote and quote.words not in one.other_names:
                one.other_names.append(quote.words)
                one.cite(quote, supports=["otherName"])
        for quote in source.each("arm_group_label", element):
            target = by_label.get(quote.words)
            if target is not None and one.name not in target.has_intervention:
                target.has_intervention.append(one.name)
                target.cite(quote, supports=["hasIntervention"])
            if target is not None and repeated and description:  # how this arm gets it, and not another
                target.cite(description, supports=["treatmentDescription"])


def _outcomes(record: TrialRecord, source: _Record) -> None:
    for path, kind in _OUTCOMES.items():
        for element in source.all(path):
            measure = source.take("measure", kind, element)
            frame = source.take("time_frame", "", element)
            description = source.take("description", "outcome_description", element)
            fields.outcome(record, kind, measure, frame or None, description or None)


def _eligibility(record: TrialRecord, source: _Record) -> None:
    fields.passage(record, "eligibility", source.take("eligibility/criteria/textblock", "criteria"))
    fields.code(record, "sex", source.take("eligibility/gender"))
    for path, field in (("minimum_age", "minimumAge"), ("maximum_age", "maximumAge")):
        fields.age(record, field, source.take(f"eligibility/{path}"))
    fields.yes_no(record, "healthyVolunteers", source.take("eligibility/healthy_volunteers"))


def _people_and_places(record: TrialRecord, source: _Record) -> None:
    for element in source.all("overall_official"):
        name = source.take("last_name", "official", element)
        role = source.take("role", "", element)
        affiliation = source.take("affiliation", "", element)
        fields.person(record, name, role.words or "Official", affiliation or None)
    responsible = source.root.find("responsible_party")
    if responsible is not None:
        name = source.take("investigator_full_name", "", responsible)
        affiliation = source.take("investigator_affiliation", "", responsible)
        fields.person(record, name, "Responsible Party", affiliation or None)
    for element in source.all("location"):
        facility = source.take("facility/name", "facility", element)
        city = source.take("facility/address/city", "", element)
        country = source.take("facility/address/country", "", element)
        if not (facility or city):
            continue
        site = Site(label=(facility or city).words, city=city.words, country=country.words)
        site.cite(*(q for q in (facility, city, country) if q))
        site.region = source.take("facility/address/state", "", element).words
        site.postal_code = source.take("facility/address/zip", "", element).words
        record.has_site.append(site)
