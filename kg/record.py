"""The record of a trial: the one model that every other room sees.

A record's JSON (see :func:`to_json`) is JSON-LD under ``ontology/context.jsonld``: the fields below are, in camel case,
the terms of that context. Fields hold plain values; identifiers inside a record are local (``arm/1/treatment/2``,
or the name of an intervention) until :mod:`kg.complete` turns them into IRIs.

Codes such as ``overall_status`` hold the local name of a concept of the ontology (``Completed`` for ``tk:Completed``).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

import msgspec

from kg.document import Quote
from kg.node import RECENT, Node, Part, PartialDate
from kg.results import AdverseEvent, FlowStep, ReportedMeasure, ResultGroup


class Linked(Node):
    """A shared thing with its links to MeSH. The matches hold identifiers such as ``mesh:D046152``."""

    alt_label: list[str] = []
    exact_match: list[str] = []
    close_match: list[str] = []
    broad_match: list[str] = []
    is_within: list[str] = []


class Condition(Linked):
    """What is treated."""


class Intervention(Linked):
    """What is studied. ``kind`` is the class (``Drug``, ``Procedure`` ...); ``name`` the trial's own word for it."""

    name: str = ""
    kind: str = "OtherIntervention"
    description: str = ""
    other_names: list[str] = []

    def also_called(self, name: Quote) -> None:
        """Add another name with its evidence; a repeated one is left out."""
        if name and name.words not in self.other_names:
            self.other_names.append(name.words)
            self.cite(name, supports=["otherName"])


class Treatment(Node):
    """One use of an intervention in one arm.

    ``of_intervention``: the ``name`` of an intervention of the record, an IRI once complete; doses are per intake,
    in the UCUM unit; durations are xsd:duration; ``precedes`` and ``alternative_to`` hold local ids of treatments.
    """

    of_intervention: str = ""
    description: str = ""
    dose_value: Decimal | None = None
    dose_unit: str = ""
    frequency: str = ""
    intakes_per_day: Decimal | None = None
    route: str = ""
    duration: str = ""
    until: list[str] = []
    duration_days: Decimal | None = None
    precedes: list[str] = []
    comes_before: list[str] = []
    minimum_gap: str = ""
    maximum_gap: str = ""
    minimum_gap_days: Decimal | None = None
    maximum_gap_days: Decimal | None = None
    timing: list[str] = []
    action: str = ""
    alternative_to: list[str] = []
    role: str = ""


class Arm(Node):
    """A group of participants and what they get. ``interventions`` hold names, IRIs once complete."""

    arm_type: str = ""
    description: str = ""
    order: int = 0
    has_treatment: list[Treatment] = []
    has_intervention: list[str] = []
    discontinues: list[str] = []

    def gets(self, intervention: str, quote: Quote) -> None:
        """Add an intervention by its name, with the words that say so; a repeated one is left out."""
        if intervention not in self.has_intervention:
            self.has_intervention.append(intervention)
            self.cite(quote, supports=["hasIntervention"])


class Outcome(Node):
    """A measure. ``label`` is the measure, ``time_frame`` the text, ``time_frame_duration`` the longest one in it."""

    description: str = ""
    order: int = 0
    time_frame: str = ""
    time_frame_duration: list[str] = []
    time_frame_days: Decimal | None = None


class Constraint(Node):
    """The computable meaning of (part of) a criterion; see the ontology for each property.

    ``concept`` and ``exception`` hold MeSH identifiers until linking, then IRIs; ``qualified``: ``concept_label`` says more
    than the concept does ("extrahepatic metastasis"), which then includes what is meant. ``remainder``: words that narrow what it speaks of. Constraints of one criterion that share an
    ``alternative`` number hold together; different numbers are alternatives, of which one must hold.
    """

    kind: str = ""
    variable: str = ""
    comparator: str = ""
    value: Decimal | None = None
    unit: str = ""
    canonical_value: Decimal | None = None
    relative_to: str = ""
    concept: list[str] = []
    concept_label: str = ""
    negated: bool = False
    modality: str = ""
    minimum_time_since: str = ""
    maximum_time_since: str = ""
    minimum_days_since: Decimal | None = None
    maximum_days_since: Decimal | None = None
    alternative: int | None = None
    applies_when: str = ""
    exception: list[str] = []
    remainder: list[str] = []
    qualified: bool = False


class Criterion(Node):
    """One bullet of the eligibility text. ``section`` is the heading that it stands under, as written."""

    text: str = ""
    order: int = 0
    part_of: str = ""
    section: str = ""
    has_constraint: list[Constraint] = []
    remainder: list[str] = []


class Organization(Node):
    """A sponsor, collaborator or responsible party."""

    organization_class: str = ""


class Registration(Node):
    """An identifier of a trial (the label) with what is known of who gave it."""

    registration_type: str = ""
    registration_domain: str = ""
    registration_link: str = ""


class Reference(Node):
    """A publication, a web page or a data set that a record refers to."""

    reference_type: str = ""
    citation: str = ""
    pmid: str = ""
    address: str = ""
    comment: str = ""


class Person(Node):
    """An investigator or official, by name, role and affiliation."""

    affiliation: str = ""
    role_name: str = ""
    job_title: str = ""


class Site(Node):
    """Where a trial is conducted."""

    city: str = ""
    region: str = ""
    country: str = ""
    postal_code: str = ""
    latitude: Decimal | None = None
    longitude: Decimal | None = None
    site_status: str = ""
    investigator: list[str] = []


class SourceDocument(Part):
    """The document that a record was read from.

    ``issued``: the day whose description of the trial it shows, for pages of an archive; ``was_revision_of`` the document
    that shows the description before that one.
    """

    title: str = ""
    sha256: str = ""
    layout: str = ""
    issued: PartialDate | None = None
    was_revision_of: str = ""


class Passage(msgspec.Struct, frozen=True):
    """A stretch of a page that is yet to be understood. ``role``: title, summary, description, eligibility, outline.

    ``kind`` says whether an eligibility passage stands under a heading for inclusion or exclusion ("" where none is).
    """

    role: str
    quote: Quote
    kind: Literal["", "inclusion", "exclusion"] = ""


class TrialRecord(Node):
    """Everything that one document says of one trial.

    An earlier description (``is_version_of`` a trial) has the date of its day and no identifiers.
    """

    is_version_of: str = ""
    has_version: list[str] = []
    issued: PartialDate | None = None
    identifier: list[str] = []
    title: str = ""
    official_title: str = ""
    acronym: str = ""
    summary: str = ""
    description: str = ""
    study_type: str = ""
    phase: list[str] = []
    overall_status: str = ""
    why_stopped: str = ""
    stop_reason: list[str] = []
    allocation: str = ""
    intervention_model: str = ""
    masking: str = ""
    primary_purpose: str = ""
    enrollment: int | None = None
    enrollment_type: str = ""
    start_date: PartialDate | None = None
    primary_completion_date: PartialDate | None = None
    completion_date: PartialDate | None = None
    first_posted: PartialDate | None = None
    last_update_posted: PartialDate | None = None
    last_verified: PartialDate | None = None
    minimum_age: Decimal | None = None
    maximum_age: Decimal | None = None
    sex: str = ""
    healthy_volunteers: bool | None = None
    keyword: list[str] = []
    has_condition: list[Condition] = []
    has_arm: list[Arm] = []
    has_intervention: list[Intervention] = []
    has_unassigned_treatment: list[Treatment] = []
    has_outcome: list[Outcome] = []
    has_criterion: list[Criterion] = []
    sponsor: list[Organization] = []
    collaborator: list[Organization] = []
    investigator: list[Person] = []
    has_site: list[Site] = []
    first_submitted: PartialDate | None = None
    first_submitted_qc: PartialDate | None = None
    results_first_submitted: PartialDate | None = None
    results_first_submitted_qc: PartialDate | None = None
    results_first_posted: PartialDate | None = None
    disposition_first_submitted: PartialDate | None = None
    disposition_first_submitted_qc: PartialDate | None = None
    disposition_first_posted: PartialDate | None = None
    last_update_submitted: PartialDate | None = None
    registry_data_date: PartialDate | None = None
    start_date_type: str = ""
    primary_completion_date_type: str = ""
    completion_date_type: str = ""
    first_posted_type: str = ""
    results_first_posted_type: str = ""
    disposition_first_posted_type: str = ""
    last_update_posted_type: str = ""
    last_known_status: str = ""
    expanded_access_status: str = ""
    time_perspective: str = ""
    sampling_method: str = ""
    who_masked: list[str] = []
    standard_age: list[str] = []
    ipd_sharing: str = ""
    delayed_posting: bool | None = None
    has_expanded_access: bool | None = None
    has_data_monitoring_committee: bool | None = None
    is_fda_regulated_drug: bool | None = None
    is_fda_regulated_device: bool | None = None
    is_unapproved_device: bool | None = None
    is_pediatric_postmarket_surveillance: bool | None = None
    is_us_export: bool | None = None
    violates_fdaaa: bool | None = None
    is_patient_registry: bool | None = None
    is_gender_based: bool | None = None
    expanded_access_type: list[str] = []
    target_duration: str = ""
    intervention_model_description: str = ""
    masking_description: str = ""
    biospecimen_retention: str = ""
    biospecimen_description: str = ""
    study_population: str = ""
    gender_description: str = ""
    ipd_description: str = ""
    ipd_info_type: list[str] = []
    ipd_time_frame: str = ""
    ipd_access_criteria: str = ""
    ipd_url: str = ""
    removed_country: list[str] = []
    responsible_party_type: str = ""
    expanded_access_record: str = ""
    mesh_ancestor: list[str] = []
    record_owner: list[Organization] = []
    has_registration: list[Registration] = []
    has_reference: list[Reference] = []
    mesh_term: list[str] = []
    mesh_term_label: list[str] = []
    result_limitations: str = ""
    event_threshold: Decimal | None = None
    event_time_frame: str = ""
    has_result_group: list[ResultGroup] = []
    has_flow_step: list[FlowStep] = []
    has_reported_measure: list[ReportedMeasure] = []
    has_adverse_event: list[AdverseEvent] = []
    was_derived_from: list[SourceDocument] = []
    passages: list[Passage] = []

    def set(self, field: str, value: object, quote: Quote) -> None:
        """Set the field (its JSON name, in camel case) unless it is set already, with the quotation as its evidence."""
        name = _FIELDS[field]
        if value in (None, "", []) or getattr(self, name) not in (None, "", []):
            return
        setattr(self, name, value)
        self.cite(quote, supports=[field])

    def add(self, field: str, value: object, quote: Quote) -> None:
        """Add a value to a field that holds several, with the quotation as its evidence; a repeated value is left out."""
        values = getattr(self, _FIELDS[field])
        if value not in ("", None) and value not in values[-RECENT:]:
            values.append(value)
            self.cite(quote, supports=[field])


_FIELDS = {f.encode_name: f.name for f in msgspec.structs.fields(TrialRecord)}

_ENCODER = msgspec.json.Encoder(decimal_format="string", order="deterministic")


def to_json(record: Part) -> bytes:
    """The record as JSON: camel-case keys, decimals as strings, unset fields left out."""
    return _ENCODER.encode(record)


def from_json(data: bytes) -> TrialRecord:
    """The record whose JSON this is. Raises msgspec.ValidationError naming the path of what is wrong."""
    return msgspec.json.decode(data, type=TrialRecord)
