"""Studies of ClinicalTrials.gov in the form of its API v2 (https://clinicaltrials.gov/data-api/api).

The legacy XML comes to the same form first (:mod:`kg.read.ctgov_xml`), so that both give the same record. Telephone numbers
and e-mail addresses of contacts are not taken over.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

import orjson

from kg import assets, terms
from kg.document import Document, Quote
from kg.errors import DocumentError
from kg.mesh.nlm import canonical
from kg.read import fields, identifier
from kg.read.ctgov import TYPES
from kg.read.rendering import StudyText
from kg.read.study_results import read_results
from kg.record import (
    Arm,
    Intervention,
    Organization,
    Reference,
    Registration,
    Site,
    SourceDocument,
    TrialRecord,
)

_TYPES = {name.upper().replace(" ", "_"): kind for name, kind in TYPES.items()} | TYPES


def is_study(text: str) -> bool:
    """Whether a text is such a study."""
    return text.lstrip()[:1] == "{" and '"protocolSection"' in text[:400_000]


def load(document: Document) -> Mapping[str, Any]:
    """The JSON object in a document. Raises DocumentError for anything else."""
    try:
        value = orjson.loads(document.text)
    except orjson.JSONDecodeError as error:
        raise DocumentError("broken-json", f"is JSON that breaks off or is not well-formed: {error}") from error
    if not isinstance(value, dict):
        raise DocumentError("unknown-form", "is JSON, but no object")
    return value


def parse(document: Document) -> Mapping[str, Any]:
    """The study in a document. Raises DocumentError for JSON that is broken or no study."""
    study = load(document)
    if not isinstance(study.get("protocolSection"), dict):
        raise DocumentError("unknown-form", "is JSON without a protocolSection, which every study has")
    return study


def read(
    document: Document, study: Mapping[str, Any], layout: str = "ctgov-v2", *, results: bool = False
) -> tuple[TrialRecord, Document]:
    """The record of a study, and the document as read (see :mod:`kg.read.rendering`). Raises DocumentError.

    ``results``: what the study reported is read too.
    """
    source = StudyText(study, markdown=layout in ("ctgov-v2", "aact"))
    record = TrialRecord(was_derived_from=[SourceDocument(layout=layout, title=document.name)])
    try:
        _identification(record, source)
        _flat(record, source)
        _bodies(record, source)
        for quote in source.quotes("conditionsModule.conditions[]", label="condition"):
            fields.condition(record, quote)
        _arms(record, source)
        _outcomes(record, source)
        fields.passage(record, "eligibility", source.take("eligibilityModule.eligibilityCriteria", label="criteria"))
        _people(record, source)
        _sites(record, source)
        _references(record, source)
        _derived(record, source)
        if results and source.results:
            read_results(record, source)
    except (TypeError, AttributeError, KeyError) as error:
        raise DocumentError(
            "broken-json", f"is a study whose parts are not of the form that they have: {error}"
        ) from error
    return record, source.text.document(document)


def _identification(record: TrialRecord, source: StudyText) -> None:
    module = "identificationModule"
    for path in ("nctId", "orgStudyIdInfo.id"):
        for quote in source.quotes(f"{module}.{path}"):
            record.add("identifier", quote.words, quote)
    for info in (*source.all(f"{module}.orgStudyIdInfo"), *source.all(f"{module}.secondaryIdInfos")):
        quote = source.take("id", info, "secondaryId")
        record.add("identifier", quote.words, quote)
        parts = [source.take(name, info, f"id {name}") for name in ("type", "domain", "link")]
        if quote and any(parts):
            one = Registration(label=quote.words)
            one.registration_type, one.registration_domain, one.registration_link = (p.words for p in parts)
            one.cite(quote, *(p for p in parts if p))
            record.has_registration.append(one)
    for quote in source.quotes(f"{module}.nctIdAliases[]"):
        record.add("identifier", quote.words, quote)
    title = source.take(f"{module}.briefTitle")
    record.set("title", title.words, title)
    fields.passage(record, "title", title)
    _organizations(record.record_owner, source, source.all(f"{module}.organization"), "fullName")


def _flat(record: TrialRecord, source: StudyText) -> None:
    facts = assets.facts("study")
    schemes = fields.SCHEMES | facts["schemes"]
    for path, field, kind in facts["fields"]:
        for quote in source.quotes(path):
            several = path.endswith("[]")
            if kind == "date":
                fields.a_date(record, field, quote)
            elif kind == "yes":
                fields.yes_no(record, field, quote)
            elif kind == "age":
                fields.age(record, field, quote)
            elif kind == "count":
                fields.enrollment(record, quote)
            else:
                value = terms.code(schemes[field], quote.text.replace("_", " ")) if kind == "code" else quote.words
                if kind == "words":
                    value = facts["words"].get(value, value)
                record.add(field, value, quote) if several else record.set(field, value, quote)
    for quote in source.quotes("designModule.phases[]"):
        for code in _phases(quote.text):
            record.add("phase", code, quote)
    for name in source.all("designModule.expandedAccessTypes"):
        for kind, given in name.items() if isinstance(name, dict) else ():
            if given is True:
                record.add("expandedAccessType", kind, source.text.add("expandedAccessType", kind))
    named = source.take("statusModule.expandedAccessInfo.nctId", label="expandedAccessRecord")
    if found := identifier.find(named):
        record.set("expandedAccessRecord", f"trial/{identifier.key(found[0][0])}", named)


def _phases(text: str) -> list[str]:
    """The phases in "PHASE1", "EARLY_PHASE1", "NA" or "Phase 1/Phase 2"."""
    parts = text.replace("_", " ").split("/") if text.upper() not in ("N/A", "NA") else [text]
    found = (terms.code("PhaseScheme", part.upper().replace("PHASE", "Phase ").strip()) for part in parts)
    return [code for code in found if code]


def _bodies(record: TrialRecord, source: StudyText) -> None:
    for name, field in (("briefSummary", "summary"), ("detailedDescription", "description")):
        quote = source.take(f"descriptionModule.{name}", label=field)
        record.set(field, quote.words, quote)
        fields.passage(record, field, quote)
    if why := source.take("statusModule.whyStopped"):
        record.set("whyStopped", why.words, why)
        fields.passage(record, "whyStopped", why)
    module = "sponsorCollaboratorsModule"
    _organizations(record.sponsor, source, source.all(f"{module}.leadSponsor"), "name")
    _organizations(record.collaborator, source, source.all(f"{module}.collaborators"), "name")


def _organizations(bodies: list[Organization], source: StudyText, found: list[Any], name: str) -> None:
    for one in found:
        quote = source.take(name, one, "organization")
        kind = source.take("class", one, "organization class")
        if quote and all(b.label != quote.words for b in bodies):
            body = Organization(label=quote.words)
            body.organization_class = terms.code("OrganizationClassScheme", kind.text)
            body.cite(quote, *([kind] if kind else []))
            bodies.append(body)


def _arms(record: TrialRecord, source: StudyText) -> None:
    by_label: dict[str, Arm] = {}
    typed: dict[str, str] = {}
    module = "armsInterventionsModule"
    groups = source.all(f"{module}.armGroups")
    for group in groups:
        label = source.take("label", group, "arm")
        if not label:
            continue
        arm = Arm(label=label.words, order=len(record.has_arm) + 1)
        arm.cite(label)
        kind = source.take("type", group, "arm type")
        arm.arm_type = terms.code("ArmTypeScheme", kind.text.replace("_", " "))
        if kind and arm.arm_type:
            arm.cite(kind, supports=["armType"])
        if description := source.take("description", group, "arm description"):
            arm.description = description.words
            arm.cite(description, supports=["armDescription"])
        by_label.setdefault(arm.label, arm)
        record.has_arm.append(arm)
    found = source.all(f"{module}.interventions")
    names = Counter(" ".join(str(one.get("name") or "").split()) for one in found)
    for one in found:
        _intervention(record, source, one, by_label, typed, repeated=names)
    for group, arm in zip((g for g in groups if g.get("label")), record.has_arm, strict=False):
        for quote in source.quotes("interventionNames[]", group, "arm gets"):
            name = typed.get(" ".join(quote.words.split()).casefold())
            if name:
                arm.gets(name, quote)


def _intervention(
    record: TrialRecord,
    source: StudyText,
    found: Any,
    arms: dict[str, Arm],
    typed: dict[str, str],
    *,
    repeated: Counter[str],
) -> None:
    kind = source.take("type", found, "intervention type")
    name = source.take("name", found, "intervention")
    if not name:
        return
    # A record may list one intervention several times, once a dose or an arm: each name is one.
    one = next((i for i in record.has_intervention if i.name == name.words), None)
    if one is None:
        one = Intervention(name=name.words, kind=_TYPES.get(kind.text.split(":")[0].strip(), "OtherIntervention"))
        record.has_intervention.append(one)
    one.cite(name)
    typed[f"{kind.text.replace('_', ' ')}: {name.words}".casefold()] = one.name
    description = source.take("description", found, "intervention description")
    apart = repeated[name.words] > 1 and bool(source.all("armGroupLabels[]", found))
    if description:
        one.description = f"{one.description}\n{description.words}".strip()
        one.cite(description, supports=[] if apart else ["treatmentDescription"])
    for quote in source.quotes("otherNames[]", found):
        one.also_called(quote)
    for quote in source.quotes("armGroupLabels[]", found, "given in arm"):
        target = arms.get(quote.words)
        if target is None:
            continue
        target.gets(one.name, quote)
        if apart and description:  # how this arm gets it, and not another
            target.cite(description, supports=["treatmentDescription"])


def _outcomes(record: TrialRecord, source: StudyText) -> None:
    for name, kind in fields.OUTCOMES.items():
        for one in source.all(f"outcomesModule.{name}"):
            measure = source.take("measure", one, kind)
            frame = source.take("timeFrame", one, "time frame")
            description = source.take("description", one, "outcome description")
            fields.outcome(record, kind, measure, frame or None, description or None)


def _people(record: TrialRecord, source: StudyText) -> None:
    for one in source.all("contactsLocationsModule.overallOfficials"):
        name, role = source.take("name", one, "official"), source.take("role", one)
        affiliation = source.take("affiliation", one)
        someone = fields.person(record, name, role.words.replace("_", " ").title() or "Official", affiliation or None)
        if someone and role:
            someone.cite(role)
    for one in source.all("sponsorCollaboratorsModule.responsibleParty"):
        name = source.take("investigatorFullName", one) or source.take("oldNameTitle", one)
        affiliation = source.take("investigatorAffiliation", one) or source.take("oldOrganization", one)
        position = source.take("investigatorTitle", one)
        someone = fields.person(record, name, "Responsible Party", affiliation or None)
        if someone and position and not someone.job_title:
            someone.job_title = position.words
            someone.cite(position, supports=["jobTitle"])
        if someone is not None and affiliation and not someone.affiliation:
            someone.affiliation = affiliation.words


def _sites(record: TrialRecord, source: StudyText) -> None:
    module = "contactsLocationsModule"
    for one in (*source.all(f"{module}.locations"), *source.all(f"{module}.locations_nested")):
        facility, city = source.take("facility", one), source.take("city", one)
        if not (facility or city):
            continue
        site = Site(label=(facility or city).words, city=city.words)
        country = source.take("country", one)
        site.cite(*(q for q in (facility, city, country) if q))
        site.country, site.region = country.words, source.take("state", one).words
        site.postal_code = source.take("zip", one).words
        site.site_status = terms.code("StatusScheme", source.take("status", one, "site status").text.replace("_", " "))
        site.latitude = _degrees(source.take("geoPoint.lat", one, "latitude"))
        site.longitude = _degrees(source.take("geoPoint.lon", one, "longitude"))
        record.has_site.append(site)
    for quote in source.quotes("miscInfoModule.removedCountries[]", source.derived):
        record.add("removedCountry", quote.words, quote)


def _degrees(quote: Quote) -> Decimal | None:
    try:
        value = Decimal(quote.text) if quote else None
    except InvalidOperation:
        return None
    return value if value is not None and value.is_finite() and abs(value) <= 180 else None


def _references(record: TrialRecord, source: StudyText) -> None:
    module = "referencesModule"
    for path, names in (
        ("references", {"citation": "citation", "pmid": "pmid", "type": "reference_type"}),
        ("seeAlsoLinks", {"label": "label", "url": "address"}),
        ("availIpds", {"id": "label", "type": "reference_type", "url": "address", "comment": "comment"}),
    ):
        for found in source.all(f"{module}.{path}"):
            one = Reference()
            for name, field in names.items():
                if quote := source.take(name, found, f"{path} {name}"):
                    setattr(one, field, quote.words)
                    one.cite(quote)
            one.reference_type = one.reference_type or {"seeAlsoLinks": "SEE_ALSO"}.get(path, "")
            one.label = one.label or one.citation or one.address or one.pmid
            if one.evidence:
                record.has_reference.append(one)


def _derived(record: TrialRecord, source: StudyText) -> None:
    """NLM's own MeSH terms, with what stands above them."""
    for module in ("conditionBrowseModule", "interventionBrowseModule"):
        for path, field in (("meshes", "meshTerm"), ("ancestors", "meshAncestor")):
            for one in source.all(f"{module}.{path}", source.derived):
                quote, label = source.take("id", one, f"{path} id"), source.take("term", one, f"{path} term")
                if concept := canonical(quote.text):
                    record.add(field, f"mesh:{concept}", quote)
                if label and field == "meshTerm":
                    record.add("meshTermLabel", label.words, label)
    version = source.take("miscInfoModule.versionHolder", source.derived)
    fields.a_date(record, "registryDataDate", version)
