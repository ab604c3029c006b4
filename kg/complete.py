"""A record made complete: criteria read, things linked, every node with its IRI, its classes and its evidence."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import Decimal

import msgspec

from kg import iri
from kg.criteria import meant, split
from kg.criteria.remainder import leave
from kg.document import Document
from kg.language import abbreviation
from kg.language.duration import days
from kg.language.number import plain
from kg.link import concept_node, link_condition, link_intervention, link_terms
from kg.mesh import MeshIndex
from kg.node import Node
from kg.read.identifier import key
from kg.record import Condition, Criterion, Intervention, Linked, Organization, Treatment, TrialRecord
from kg.results import Analysis, Reported
from kg.results import parts as result_parts

_SUPPORTS = {
    "armDescription": "dcterms:description",
    "outcomeDescription": "dcterms:description",
    "treatmentDescription": "dcterms:description",
    "otherName": "skos:altLabel",
    "groupDescription": "dcterms:description",
    "measureDescription": "dcterms:description",
}


def read_criteria(record: TrialRecord, document: Document, index: MeshIndex) -> None:
    """Fill the record's criteria and their constraints from its eligibility passages."""
    record.has_criterion = split(record.passages, document.text)
    for criterion, quote, found in meant(record.has_criterion, index):
        criterion.has_constraint = found
        if found:
            criterion.remainder = leave(quote, found)


class Place(msgspec.Struct, frozen=True):
    """The place of a document among those of the same trial.

    ``among`` counts the documents before this one: the parts of the first have the short IRIs. ``version`` names an
    earlier description of the trial ("2011-05-19"); ``revises`` is the key of the document that shows the one before;
    ``versions`` are the earlier descriptions that the newest follows. ``trial`` is the identifier by which the trial is
    known when that is not the document's own first.
    """

    among: int = 0
    version: str = ""
    revises: str = ""
    versions: tuple[str, ...] = ()
    trial: str = ""


FIRST = Place()


def complete(record: TrialRecord, document: Document, index: MeshIndex, place: Place = FIRST) -> list[Linked]:
    """Give all nodes of the record their IRIs, classes and links; returns the concepts that only criteria name."""
    base = iri.trial(key(place.trial or record.identifier[0]))
    if place.version:
        record.id, record.type = iri.version(base, place.version), ["TrialVersion"]
        record.is_version_of, record.issued, record.identifier = base, record.was_derived_from[0].issued, []
        parts = record.id
    else:
        record.id, record.type = base, ["Trial"]
        record.has_version = [iri.version(base, version) for version in place.versions]
        parts = base if place.among == 0 else f"{base}/from/{document.key}"
    record.was_derived_from[0].was_revision_of = iri.document(place.revises) if place.revises else ""
    conditions = {c.label: c for c in record.has_condition}
    interventions = {i.name: i for i in record.has_intervention}
    forms = abbreviation.defined(document.text)
    for condition in conditions.values():
        link_condition(condition, index, forms)
    for intervention in interventions.values():
        link_intervention(intervention, index, forms)
    link_terms(record, index)
    _arms(record, parts, interventions)
    concepts = _criteria(record.has_criterion, parts, index)
    for number, outcome in enumerate(record.has_outcome, 1):
        outcome.id = f"{parts}/outcome/{number}"
    people = {p.label: p for p in record.investigator}
    for number, person in enumerate(record.investigator, 1):
        person.id, person.type = f"{parts}/person/{number}", ["Person"]
    for number, site in enumerate(record.has_site, 1):
        site.id, site.type = f"{parts}/site/{number}", ["Site"]
        site.investigator = [people[name].id for name in site.investigator if name in people]
    for number, registration in enumerate(record.has_registration, 1):
        registration.id, registration.type = f"{parts}/registration/{number}", ["Registration"]
    for number, reference in enumerate(record.has_reference, 1):
        reference.id, reference.type = f"{parts}/reference/{number}", ["Reference"]
    for body in (*record.sponsor, *record.collaborator, *record.record_owner):
        _organization(body)
    _results(record, parts)
    _days(record)
    _source(record, document)
    for node in _nodes(record):
        _evidence(node, document)
    return concepts


def _arms(record: TrialRecord, parts: str, interventions: dict[str, Intervention]) -> None:
    for arm in record.has_arm:
        arm.id, arm.type = f"{parts}/{arm.id}", ["Arm"]
        for treatment in arm.has_treatment:
            treatment.precedes = [f"{parts}/{t}" for t in treatment.precedes]
            treatment.alternative_to = [f"{parts}/{t}" for t in treatment.alternative_to]
        arm.has_intervention = sorted({interventions[n].id for n in arm.has_intervention})
        arm.discontinues = sorted({interventions[n].id for n in arm.discontinues})
    for treatment in (*(t for a in record.has_arm for t in a.has_treatment), *record.has_unassigned_treatment):
        treatment.id, treatment.type = f"{parts}/{treatment.id}", ["Treatment"]
        treatment.of_intervention = interventions[treatment.of_intervention].id
    for arm in record.has_arm:
        _follow(arm.has_treatment)


def _criteria(criteria: list[Criterion], parts: str, index: MeshIndex) -> list[Linked]:
    concepts: dict[str, Linked] = {}
    for criterion in criteria:
        criterion.id = f"{parts}/{criterion.id}"
        criterion.part_of = f"{parts}/{criterion.part_of}" if criterion.part_of else ""
        for number, constraint in enumerate(criterion.has_constraint, 1):
            constraint.id, constraint.type = f"{criterion.id}/constraint/{number}", ["Constraint"]
            for field in ("concept", "exception"):
                phrase = constraint.concept_label if field == "concept" and constraint.qualified else ""
                nodes = [concept_node(identifier, index, phrase) for identifier in getattr(constraint, field)]
                concepts |= {n.id: n for n in nodes}
                setattr(constraint, field, sorted({n.id for n in nodes}))
    return [concepts[i] for i in sorted(concepts)]


def _organization(body: Organization) -> None:
    body.id, body.type = iri.shared("organization", body.label), ["Organization"]


def _results(record: TrialRecord, parts: str) -> None:
    arms = {arm.label: arm.id for arm in record.has_arm}
    for group in record.has_result_group:
        group.id = f"{parts}/{group.id}"
        group.of_arm = arms.get(group.of_arm, "")
    reported: list[tuple[str, Sequence[Reported]]] = [
        ("flow", record.has_flow_step),
        ("measure", record.has_reported_measure),
        ("event", record.has_adverse_event),
    ]
    for name, nodes in reported:
        for number, node in enumerate(nodes, 1):
            node.id = f"{parts}/result/{name}/{number}"
            for part, inner in result_parts(node):
                for place, one in enumerate(inner, 1):
                    one.id = f"{node.id}/{part}/{place}"
                    if isinstance(one, Analysis):
                        one.compares = sorted({f"{parts}/{group}" for group in one.compares})
                    else:
                        one.of_group = f"{parts}/{one.of_group}"
    for measure in record.has_reported_measure:
        measure.of_outcome = f"{parts}/{measure.of_outcome}" if measure.of_outcome else ""


def _in_days(duration: str) -> Decimal | None:
    return plain(Decimal(f"{days(duration):.3f}")) if duration else None


def _days(record: TrialRecord) -> None:
    """Every duration in days too: SPARQL engines do not compare xsd:duration, and Virtuoso does not keep it."""
    for treatment in (*(t for a in record.has_arm for t in a.has_treatment), *record.has_unassigned_treatment):
        treatment.duration_days = _in_days(treatment.duration)
        treatment.minimum_gap_days = _in_days(treatment.minimum_gap)
        treatment.maximum_gap_days = _in_days(treatment.maximum_gap)
    for outcome in record.has_outcome:
        outcome.time_frame_days = _in_days(max(outcome.time_frame_duration, key=days, default=""))
    for constraint in (k for c in record.has_criterion for k in c.has_constraint):
        constraint.minimum_days_since = _in_days(constraint.minimum_time_since)
        constraint.maximum_days_since = _in_days(constraint.maximum_time_since)


def _follow(treatments: list[Treatment]) -> None:
    """Fill ``comes_before``, the transitive closure of ``precedes``."""
    following = {t.id: t.precedes for t in treatments}
    for treatment in treatments:
        seen: set[str] = set()
        waiting = list(treatment.precedes)
        while waiting:
            one = waiting.pop()
            if one not in seen:
                seen.add(one)
                waiting += following.get(one, [])
        treatment.comes_before = sorted(seen)


def _source(record: TrialRecord, document: Document) -> None:
    source = record.was_derived_from[0]
    source.id, source.type = iri.document(document.key), ["SourceDocument"]
    source.title, source.sha256 = document.name, document.sha256


def _evidence(node: Node, document: Document) -> None:
    for one in node.evidence:
        one.id = iri.passage(document.key, one.start or 0, one.end or 0)
        one.type, one.document = ["Evidence"], iri.document(document.key)
        one.supports = sorted({_SUPPORTS.get(s, s) for s in one.supports})


def _nodes(record: TrialRecord) -> Iterator[Node]:
    yield record
    yield from record.has_condition
    yield from record.has_intervention
    for arm in record.has_arm:
        yield arm
        yield from arm.has_treatment
    yield from record.has_unassigned_treatment
    yield from record.has_outcome
    for criterion in record.has_criterion:
        yield criterion
        yield from criterion.has_constraint
    yield from (*record.sponsor, *record.collaborator, *record.record_owner, *record.investigator, *record.has_site)
    yield from (*record.has_registration, *record.has_reference, *record.has_result_group)
    reported: list[Reported] = [*record.has_flow_step, *record.has_reported_measure, *record.has_adverse_event]
    for node in reported:
        yield node
        for _, inner in result_parts(node):
            yield from inner


def shared(record: TrialRecord, concepts: list[Linked]) -> list[Condition | Intervention | Linked]:
    """The shared nodes of a complete record: its conditions and interventions, and the concepts of its criteria."""
    return [*record.has_condition, *record.has_intervention, *concepts]
