"""Records of ClinicalTrials.gov in its XML of 2008-2024 (https://clinicaltrials.gov/ct2/html/images/info/public.xsd).

A record becomes a study in the form of the API v2, which :mod:`kg.read.study` reads: one reader, one graph for both forms.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lxml import etree

from kg.document import Document
from kg.errors import DocumentError
from kg.read import study
from kg.read.ctgov_xml_results import as_results
from kg.read.xml_text import put, text
from kg.record import TrialRecord

_OLD_DESIGN = {
    "Allocation": "allocation",
    "Intervention Model": "interventionModel",
    "Observational Model": "observationalModel",
    "Time Perspective": "timePerspective",
    "Primary Purpose": "primaryPurpose",
}
#: Elements of a single value: path in the XML, path in the study. The first that a record has counts.
_SINGLE = (
    ("id_info/nct_id", "identificationModule.nctId"),
    ("id_info/org_study_id", "identificationModule.orgStudyIdInfo.id"),
    ("source", "identificationModule.organization.fullName"),
    ("brief_title", "identificationModule.briefTitle"),
    ("official_title", "identificationModule.officialTitle"),
    ("acronym", "identificationModule.acronym"),
    ("verification_date", "statusModule.statusVerifiedDate"),
    ("overall_status", "statusModule.overallStatus"),
    ("last_known_status", "statusModule.lastKnownStatus"),
    ("why_stopped", "statusModule.whyStopped"),
    ("delayed_posting", "statusModule.delayedPosting"),
    ("has_expanded_access", "statusModule.expandedAccessInfo.hasExpandedAccess"),
    ("expanded_access_info/expanded_access_nct_id", "statusModule.expandedAccessInfo.nctId"),
    ("expanded_access_info/expanded_access_status_for_nctid", "statusModule.expandedAccessInfo.statusForNctId"),
    ("study_first_submitted", "statusModule.studyFirstSubmitDate"),
    ("firstreceived_date", "statusModule.studyFirstSubmitDate"),
    ("study_first_submitted_qc", "statusModule.studyFirstSubmitQcDate"),
    ("results_first_submitted", "statusModule.resultsFirstSubmitDate"),
    ("firstreceived_results_date", "statusModule.resultsFirstSubmitDate"),
    ("results_first_submitted_qc", "statusModule.resultsFirstSubmitQcDate"),
    ("disposition_first_submitted", "statusModule.dispFirstSubmitDate"),
    ("firstreceived_results_disposition_date", "statusModule.dispFirstSubmitDate"),
    ("disposition_first_submitted_qc", "statusModule.dispFirstSubmitQcDate"),
    ("last_update_submitted", "statusModule.lastUpdateSubmitDate"),
    ("sponsors/lead_sponsor/agency", "sponsorCollaboratorsModule.leadSponsor.name"),
    ("sponsors/lead_sponsor/agency_class", "sponsorCollaboratorsModule.leadSponsor.class"),
    ("responsible_party/responsible_party_type", "sponsorCollaboratorsModule.responsibleParty.type"),
    ("responsible_party/investigator_full_name", "sponsorCollaboratorsModule.responsibleParty.investigatorFullName"),
    ("responsible_party/investigator_title", "sponsorCollaboratorsModule.responsibleParty.investigatorTitle"),
    (
        "responsible_party/investigator_affiliation",
        "sponsorCollaboratorsModule.responsibleParty.investigatorAffiliation",
    ),
    ("responsible_party/name_title", "sponsorCollaboratorsModule.responsibleParty.oldNameTitle"),
    ("responsible_party/organization", "sponsorCollaboratorsModule.responsibleParty.oldOrganization"),
    ("oversight_info/has_dmc", "oversightModule.oversightHasDmc"),
    ("oversight_info/is_fda_regulated_drug", "oversightModule.isFdaRegulatedDrug"),
    ("oversight_info/is_fda_regulated_device", "oversightModule.isFdaRegulatedDevice"),
    ("oversight_info/is_unapproved_device", "oversightModule.isUnapprovedDevice"),
    ("oversight_info/is_ppsd", "oversightModule.isPpsd"),
    ("oversight_info/is_us_export", "oversightModule.isUsExport"),
    ("brief_summary/textblock", "descriptionModule.briefSummary"),
    ("detailed_description/textblock", "descriptionModule.detailedDescription"),
    ("target_duration", "designModule.targetDuration"),
    ("study_design_info/allocation", "designModule.designInfo.allocation"),
    ("study_design_info/intervention_model", "designModule.designInfo.interventionModel"),
    ("study_design_info/intervention_model_description", "designModule.designInfo.interventionModelDescription"),
    ("study_design_info/observational_model", "designModule.designInfo.observationalModel"),
    ("study_design_info/time_perspective", "designModule.designInfo.timePerspective"),
    ("study_design_info/primary_purpose", "designModule.designInfo.primaryPurpose"),
    ("study_design_info/masking_description", "designModule.designInfo.maskingInfo.maskingDescription"),
    ("biospec_retention", "designModule.bioSpec.retention"),
    ("biospec_descr/textblock", "designModule.bioSpec.description"),
    ("enrollment", "designModule.enrollmentInfo.count"),
    ("eligibility/study_pop/textblock", "eligibilityModule.studyPopulation"),
    ("eligibility/sampling_method", "eligibilityModule.samplingMethod"),
    ("eligibility/criteria/textblock", "eligibilityModule.eligibilityCriteria"),
    ("eligibility/gender", "eligibilityModule.sex"),
    ("eligibility/gender_based", "eligibilityModule.genderBased"),
    ("eligibility/gender_description", "eligibilityModule.genderDescription"),
    ("eligibility/minimum_age", "eligibilityModule.minimumAge"),
    ("eligibility/maximum_age", "eligibilityModule.maximumAge"),
    ("eligibility/healthy_volunteers", "eligibilityModule.healthyVolunteers"),
    ("patient_data/sharing_ipd", "ipdSharingStatementModule.ipdSharing"),
    ("patient_data/ipd_description", "ipdSharingStatementModule.description"),
    ("patient_data/ipd_time_frame", "ipdSharingStatementModule.timeFrame"),
    ("patient_data/ipd_access_criteria", "ipdSharingStatementModule.accessCriteria"),
    ("patient_data/ipd_url", "ipdSharingStatementModule.url"),
)
#: Dates that say whether they are actual or estimated.
_DATED = (
    ("start_date", "statusModule.startDateStruct"),
    ("primary_completion_date", "statusModule.primaryCompletionDateStruct"),
    ("completion_date", "statusModule.completionDateStruct"),
    ("study_first_posted", "statusModule.studyFirstPostDateStruct"),
    ("firstreceived_date", "statusModule.studyFirstPostDateStruct"),
    ("results_first_posted", "statusModule.resultsFirstPostDateStruct"),
    ("disposition_first_posted", "statusModule.dispFirstPostDateStruct"),
    ("last_update_posted", "statusModule.lastUpdatePostDateStruct"),
    ("lastchanged_date", "statusModule.lastUpdatePostDateStruct"),
)
#: Plain lists.
_LISTS = (
    ("id_info/nct_alias", "identificationModule.nctIdAliases"),
    ("condition", "conditionsModule.conditions"),
    ("keyword", "conditionsModule.keywords"),
    ("patient_data/ipd_info_type", "ipdSharingStatementModule.infoTypes"),
)
#: Lists of parts: path in the XML, path in the study, and the parts of each.
_PARTS: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("id_info/secondary_id", "identificationModule.secondaryIdInfos", {".": "id"}),
    ("sponsors/collaborator", "sponsorCollaboratorsModule.collaborators", {"agency": "name", "agency_class": "class"}),
    (
        "arm_group",
        "armsInterventionsModule.armGroups",
        {"arm_group_label": "label", "arm_group_type": "type", "description": "description"},
    ),
    (
        "intervention",
        "armsInterventionsModule.interventions",
        {
            "intervention_type": "type",
            "intervention_name": "name",
            "description": "description",
            "arm_group_label": "armGroupLabels[]",
            "other_name": "otherNames[]",
        },
    ),
    *(
        (
            f"{kind}_outcome",
            f"outcomesModule.{kind}Outcomes",
            {"measure": "measure", "time_frame": "timeFrame", "description": "description"},
        )
        for kind in ("primary", "secondary", "other")
    ),
    (
        "overall_official",
        "contactsLocationsModule.overallOfficials",
        {"last_name": "name", "role": "role", "affiliation": "affiliation"},
    ),
    (
        "location",
        "contactsLocationsModule.locations",
        {
            "facility/name": "facility",
            "status": "status",
            "facility/address/city": "city",
            "facility/address/state": "state",
            "facility/address/zip": "zip",
            "facility/address/country": "country",
        },
    ),
    ("reference", "referencesModule.references", {"PMID": "pmid", "citation": "citation"}),
    ("results_reference", "referencesModule.references", {"PMID": "pmid", "citation": "citation"}),
    ("link", "referencesModule.seeAlsoLinks", {"description": "label", "url": "url"}),
)


def is_record(text: str) -> bool:
    """Whether a text is such a record."""
    return "<clinical_study" in text[:4000] and text.lstrip()[:1] == "<"


def _parse(document: Document) -> Any:
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(document.text.encode("utf-8"), parser)
    except etree.XMLSyntaxError as error:
        raise DocumentError("broken-xml", f"is XML that breaks off or is not well-formed: {error.msg}") from error
    if root.getroottree().docinfo.doctype:
        raise DocumentError("doctype", "is XML with a DOCTYPE, which is not read: it could hold entities")
    if root.find("study_id") is not None:
        raise DocumentError(
            "upload-record",
            "is a record in the form for uploading to ClinicalTrials.gov, which is not read; use the record that the site gives out",
        )
    return root


def as_study(root: Any) -> dict[str, Any]:
    """The record as a study in the form of the API v2, with the words that the XML has for codes."""
    protocol: dict[str, Any] = {}
    derived: dict[str, Any] = {}
    for path, target in _SINGLE:
        put(protocol, target, text(root, path))
    for path, target in _DATED:
        if value := text(root, path):
            put(protocol, f"{target}.date", value)
            if path not in ("firstreceived_date", "lastchanged_date"):
                put(protocol, f"{target}.type", root.find(path).get("type", ""))
    for path, target in _LISTS:
        put(protocol, target, [t for e in root.iterfind(path) if (t := text(e, "."))])
    for path, target, names in _PARTS:
        for element in root.iterfind(path):
            _append(protocol, target, _part(element, names, path))
    put(
        protocol,
        "designModule.enrollmentInfo.type",
        root.find("enrollment").get("type", "") if root.find("enrollment") is not None else "",
    )
    _design(protocol, root)
    for path, target in (
        ("condition_browse", "conditionBrowseModule"),
        ("intervention_browse", "interventionBrowseModule"),
    ):
        put(
            derived,
            f"{target}.meshes",
            [{"term": t} for e in root.iterfind(f"{path}/mesh_term") if (t := text(e, "."))],
        )
    put(derived, "miscInfoModule.removedCountries", [text(e, ".") for e in root.iterfind("removed_countries/country")])
    return {"protocolSection": protocol, "derivedSection": derived}


def _part(element: Any, names: dict[str, str], path: str) -> dict[str, Any]:
    part: dict[str, Any] = {}
    for inner, name in names.items():
        if name.endswith("[]"):
            if several := [t for e in element.iterfind(inner) if (t := text(e, "."))]:
                part[name.removesuffix("[]")] = several
        elif value := text(element, inner):
            part[name] = value
    if path.endswith("reference") and part:
        part["type"] = "RESULT" if path == "results_reference" else "BACKGROUND"
    return part


def _append(protocol: dict[str, Any], path: str, part: dict[str, Any]) -> None:
    module, name = path.split(".")
    if part:
        protocol.setdefault(module, {}).setdefault(name, []).append(part)


def _design(protocol: dict[str, Any], root: Any) -> None:
    """Study type with "[Patient Registry]", masking with roles in brackets, phases with bars, and the design string before 2017."""
    kind = text(root, "study_type")
    put(protocol, "designModule.patientRegistry", "YES" if "[Patient Registry]" in kind else "")
    put(protocol, "designModule.studyType", kind.replace("[Patient Registry]", "").strip())
    put(protocol, "designModule.phases", [p for p in [text(root, "phase")] if p])
    old = {
        m[1]: m[2].strip()
        for m in re.finditer(
            rf"({'|'.join(_OLD_DESIGN)}|Masking):\s*+([^,(]++(?:\([^)]{{0,200}}+\))?)", text(root, "study_design")
        )
    }
    for label, name in _OLD_DESIGN.items():
        put(protocol, f"designModule.designInfo.{name}", old.get(label, ""))
    masking = text(root, "study_design_info/masking") or old.get("Masking", "")
    roles = re.search(r"\(([^)]{0,200}+)\)", masking)
    put(
        protocol,
        "designModule.designInfo.maskingInfo.masking",
        re.sub(r"(?:(?<!\s)\s++)?+\([^)]{0,200}+\)", "", masking).strip() or masking,
    )
    known = [r.strip() for r in roles[1].split(",")] if roles else []
    put(
        protocol,
        "designModule.designInfo.maskingInfo.whoMasked",
        [r for r in known if r.lower() not in ("open label", "no masking")],
    )


def is_json_record(record: Mapping[str, Any]) -> bool:
    """Whether a JSON object is such a record, turned into JSON element by element as collections of registers do."""
    return "id_info" in record and "brief_title" in record


def _element(tag: str, value: Any) -> Any:
    """The XML element that a JSON value was made from."""
    element = etree.Element(re.sub(r"[^A-Za-z0-9_]", "_", tag) or "x")
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "@attributes":
                for key, text in inner.items() if isinstance(inner, dict) else ():
                    element.set(re.sub(r"[^A-Za-z0-9_]", "_", key), str(text))
                continue
            for one in inner if isinstance(inner, list) else [inner]:
                element.append(_element(name, one))
    elif value is not None:
        element.text = str(value)
    return element


def _read(document: Document, root: Any, results: bool) -> tuple[TrialRecord, Document]:
    found = as_study(root)
    if results:
        found["resultsSection"] = as_results(root)
    return study.read(document, found, "ctgov-xml", results=results)


def read_json(document: Document, record: Mapping[str, Any], *, results: bool = False) -> tuple[TrialRecord, Document]:
    """As :func:`read`, for a record that was turned into JSON. Raises DocumentError."""
    return _read(document, _element("clinical_study", record), results)


def read(document: Document, *, results: bool = False) -> tuple[TrialRecord, Document]:
    """The record, and the document as read (see :mod:`kg.read.rendering`). Raises DocumentError."""
    return _read(document, _parse(document), results)
