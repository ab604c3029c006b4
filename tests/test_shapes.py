"""The shapes: good graphs pass, and every kind of planted fault is caught, by pyshifty and by pySHACL alike."""

from __future__ import annotations

from pathlib import Path

import pytest
import rdflib

from kg import assets, gate, terms
from kg.iri import BASE, TK

PREFIXES = f"""@prefix tk: <{TK}> . @prefix dcterms: <http://purl.org/dc/terms/> . @prefix prov: <http://www.w3.org/ns/prov#> .
@prefix mesh: <http://id.nlm.nih.gov/mesh/> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix skos: <http://www.w3.org/2004/02/skos/core#> . @prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @base <{BASE}> .
"""
GOOD = (
    PREFIXES
    + """
<trial/NCT00000001> a tk:Trial ; dcterms:identifier "NCT00000001" ; dcterms:title "A trial" ; prov:wasDerivedFrom <document/d> ;
  tk:evidence <document/d#1> ; tk:overallStatus tk:Completed ; tk:phase tk:Phase2 ; tk:enrollment 20 ; tk:startDate "2010-05"^^xsd:gYearMonth ;
  tk:firstPosted "2010-12-28"^^xsd:date ; tk:minimumAge 18.0 ; tk:maximumAge 75.0 ; tk:sex tk:All ; tk:healthyVolunteers false ;
  tk:hasCondition <condition/c> ; tk:hasIntervention <intervention/i> ; tk:hasArm <trial/NCT00000001/arm/1> ;
  tk:hasOutcome <trial/NCT00000001/outcome/1> ; tk:hasCriterion <trial/NCT00000001/criterion/1> ; tk:meshTerm mesh:D046152 ;
  tk:sponsor <organization/o> ; tk:collaborator <organization/p> ; tk:investigator <trial/NCT00000001/person/1> ; tk:hasSite <trial/NCT00000001/site/1> .
<document/d> a tk:SourceDocument ; dcterms:title "d.txt" ; tk:sha256 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef" .
<document/d#1> a tk:Evidence ; tk:document <document/d> ; tk:start 0 ; tk:end 7 ; tk:quote "A trial" .
<condition/c> a tk:Condition ; rdfs:label "C" ; skos:exactMatch mesh:D046152 ; tk:isWithin <condition/c> .
<intervention/i> a tk:Drug, tk:Intervention ; rdfs:label "I" ; skos:exactMatch mesh:D000068877 ; tk:isWithin <intervention/i> .
<trial/NCT00000001/arm/1> a tk:Arm ; rdfs:label "Arm" ; tk:order 1 ; tk:armType tk:ExperimentalArm ; tk:evidence <document/d#1> ;
  tk:hasTreatment <trial/NCT00000001/arm/1/treatment/1> ; tk:hasIntervention <intervention/i> .
<trial/NCT00000001/arm/1/treatment/1> a tk:Treatment ; tk:ofIntervention <intervention/i> ; tk:doseValue 400.0 ; tk:doseUnit "mg/d" ;
  tk:route tk:Oral ; tk:duration "P6M"^^xsd:duration ; tk:evidence <document/d#1> .
<trial/NCT00000001/outcome/1> a tk:PrimaryOutcome, tk:Outcome ; rdfs:label "Survival" ; tk:order 1 ; tk:timeFrame "4 years" ;
  tk:timeFrameDuration "P4Y"^^xsd:duration ; tk:evidence <document/d#1> .
<trial/NCT00000001/criterion/1> a tk:InclusionCriterion, tk:Criterion ; tk:text "Platelets > 100" ; tk:order 1 ; tk:evidence <document/d#1> ;
  tk:hasConstraint <trial/NCT00000001/criterion/1/constraint/1> .
<trial/NCT00000001/criterion/1/constraint/1> a tk:Constraint ; tk:kind tk:Measurement ; tk:modality tk:Required ; tk:variable tk:PlateletCount ;
  tk:comparator tk:gt ; tk:value 100.0 ; tk:unit "/uL" ; tk:evidence <document/d#1> .
<organization/o> a tk:Organization ; rdfs:label "O" . <organization/p> a tk:Organization ; rdfs:label "P" .
<trial/NCT00000001/person/1> a tk:Person ; rdfs:label "Dr N" ; tk:evidence <document/d#1> .
<trial/NCT00000001/site/1> a tk:Site ; rdfs:label "S" ; tk:country "C" ; tk:evidence <document/d#1> .
"""
)

# What is replaced by what, and words of the message that must come.
FAULTS = {
    "trial without identifier": ('dcterms:identifier "NCT00000001" ;', "", "registry identifier"),
    "identifier that is no string": ('dcterms:identifier "NCT00000001"', "dcterms:identifier 1", "registry identifier"),
    "trial without title": ('dcterms:title "A trial" ;', "", "one title"),
    "trial with two titles": ('"A trial" ; prov', '"A trial", "B trial" ; prov', "one title"),
    "trial without source": ("prov:wasDerivedFrom <document/d> ;", "", "document that it was read from"),
    "trial without evidence": ("tk:evidence <document/d#1> ; tk:overallStatus", "tk:overallStatus", "Needs evidence"),
    "trial with an IRI of another kind": ("<trial/NCT00000001> a tk:Trial", "<study/NCT00000001> a tk:Trial", "ends in its registry"),
    "status that is no code": ("tk:overallStatus tk:Completed", 'tk:overallStatus "Completed"', "overall status"),
    "two statuses": ("tk:overallStatus tk:Completed", "tk:overallStatus tk:Completed, tk:Recruiting", "overall status"),
    "phase of another list": ("tk:phase tk:Phase2", "tk:phase tk:Completed", "phase is a concept"),
    "enrollment below zero": ("tk:enrollment 20", "tk:enrollment -20", "enrollment is one whole number"),
    "enrollment as text": ("tk:enrollment 20", 'tk:enrollment "20"', "enrollment is one whole number"),
    "date as text": ('"2010-05"^^xsd:gYearMonth', '"May 2010"', "start date"),
    "minimum age above the maximum": ("tk:minimumAge 18.0", "tk:minimumAge 80.0", "not above the maximum"),
    "maximum age of a Methuselah": ("tk:maximumAge 75.0", "tk:maximumAge 969.0", "from 0 to 130"),
    "sex that is no code": ("tk:sex tk:All", "tk:sex tk:Phase2", "sex is a concept"),
    "healthy volunteers as text": ("tk:healthyVolunteers false", 'tk:healthyVolunteers "No"', "true or false"),
    "condition that is an intervention": ("tk:hasCondition <condition/c>", "tk:hasCondition <intervention/i>", "is a tk:Condition"),
    "arm that is none": ("tk:hasArm <trial/NCT00000001/arm/1>", "tk:hasArm <trial/NCT00000001/arm/1>, <organization/o>", "is a tk:Arm"),
    "sponsor among the collaborators": ("tk:collaborator <organization/p>", "tk:collaborator <organization/o>", "not one of the collaborators"),
    "MeSH term of another vocabulary": ("tk:meshTerm mesh:D046152", "tk:meshTerm <http://example.org/D046152>", "id.nlm.nih.gov"),
    "arm without label": ('a tk:Arm ; rdfs:label "Arm" ;', "a tk:Arm ;", "exactly one label"),
    "arm without order": ("tk:order 1 ; tk:armType", "tk:armType", "place in the order"),
    "arm type of another list": ("tk:armType tk:ExperimentalArm", "tk:armType tk:Experimental", "arm type"),
    "arm without evidence": ("tk:ExperimentalArm ; tk:evidence <document/d#1> ;", "tk:ExperimentalArm ;", "Needs evidence"),
    "arm of no trial": ("tk:hasArm <trial/NCT00000001/arm/1> ;", "", "exactly one trial"),
    "property chain not written out": ("; tk:hasIntervention <intervention/i> .\n<trial/NCT00000001/arm/1/treatment", ".\n<trial/NCT00000001/arm/1/treatment", "written out"),
    "treatment of nothing": ("a tk:Treatment ; tk:ofIntervention <intervention/i> ;", "a tk:Treatment ;", "exactly one intervention"),
    "dose of zero": ("tk:doseValue 400.0", "tk:doseValue 0.0", "above 0"),
    "dose without unit": ('tk:doseUnit "mg/d" ;', "", "both a value and a unit"),
    "unit with white space": ('tk:doseUnit "mg/d"', 'tk:doseUnit "mg per day"', "UCUM"),
    "route that is no code": ("tk:route tk:Oral", 'tk:route "by mouth"', "route"),
    "duration as text": ('tk:duration "P6M"^^xsd:duration', 'tk:duration "6 months"', "xsd:duration"),
    "intervention without kind": ("a tk:Drug, tk:Intervention", "a tk:Intervention", "of a kind"),
    "intervention without label": ('tk:Intervention ; rdfs:label "I" ;', "tk:Intervention ;", "canonical label"),
    "two exact matches": ("mesh:D000068877 ; tk:isWithin", "mesh:D000068877, mesh:D000077210 ; tk:isWithin", "at most is the same"),
    "match outside MeSH": ("skos:exactMatch mesh:D046152", "skos:exactMatch <http://www.wikidata.org/entity/Q1>", "MeSH descriptor"),
    "condition that is within nothing": ('"C" ; skos:exactMatch mesh:D046152 ; tk:isWithin <condition/c>', '"C" ; skos:exactMatch mesh:D046152', "itself at least"),
    "outcome without measure": ('tk:Outcome ; rdfs:label "Survival" ;', "tk:Outcome ;", "the measure"),
    "outcome of two kinds": ("a tk:PrimaryOutcome, tk:Outcome", "a tk:PrimaryOutcome, tk:SecondaryOutcome, tk:Outcome", "exactly one of these"),
    "outcome of no kind": ("a tk:PrimaryOutcome, tk:Outcome", "a tk:Outcome", "exactly one of these"),
    "two time frames": ('tk:timeFrame "4 years"', 'tk:timeFrame "4 years", "5 years"', "one time frame"),
    "criterion without text": ('tk:text "Platelets > 100" ;', "", "exactly one text"),
    "criterion that includes and excludes": ("a tk:InclusionCriterion, tk:Criterion", "a tk:InclusionCriterion, tk:ExclusionCriterion, tk:Criterion", "not both"),
    "criterion of no kind": ("a tk:InclusionCriterion, tk:Criterion", "a tk:Criterion", "not both"),
    "constraint without kind": ("tk:kind tk:Measurement ;", "", "exactly one kind"),
    "constraint without modality": ("tk:modality tk:Required ;", "", "must not hold"),
    "variable that is none": ("tk:variable tk:PlateletCount", "tk:variable tk:Completed", "quantity of"),
    "value without comparator": ("tk:comparator tk:gt ;", "", "has a comparator"),
    "value as text": ("tk:value 100.0", 'tk:value "100"', "one decimal number"),
    "constraint that says nothing": ('tk:variable tk:PlateletCount ;\n  tk:comparator tk:gt ; tk:value 100.0 ; tk:unit "/uL" ;', "", "names a value"),
    "evidence without words": ('tk:quote "A trial"', 'tk:quote ""', "quotes its words"),
    "evidence that ends before it starts": ("tk:start 0", "tk:start 9", "below its end"),
    "evidence in no document": ("a tk:Evidence ; tk:document <document/d> ;", "a tk:Evidence ;", "one source document"),
    "document without hash": ("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", "beef", "SHA-256"),
    "person with an e-mail address": ('"Dr N"', '"Dr N, n@example.org"', "without e-mail"),
    "site without name": ('a tk:Site ; rdfs:label "S" ;', "a tk:Site ;", "exactly one name"),
    "organization with two names": ('"O" .', '"O", "Oh" .', "exactly one name"),
}  # fmt: skip


def ntriples(turtle: str) -> bytes:
    return rdflib.Graph().parse(data=turtle, format="turtle").serialize(format="nt").encode()


def test_a_good_graph_conforms() -> None:
    data = ntriples(GOOD)
    assert gate.validate(data) == []
    assert gate.reference_report(data)[0]


def test_a_reason_for_an_early_end_without_one_is_a_warning() -> None:
    """Registries keep such records; a reader should know, and no trial be lost."""
    found = gate.validate(ntriples(GOOD.replace("tk:sex tk:All", 'tk:sex tk:All ; tk:whyStopped "No money"', 1)))
    assert [(v.severity, "early end" in v.message) for v in found] == [("Warning", True)]
    assert gate.failures(found) == []


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_caught_by_both(name: str) -> None:
    old, new, message = FAULTS[name]
    assert GOOD.count(old) >= 1, "the fault must change something"
    data = ntriples(GOOD.replace(old, new, 1))
    assert any(message in v.message for v in gate.failures(gate.validate(data)))
    conforms, report = gate.reference_report(data, "text")
    assert not conforms
    assert message in " ".join(report.split())


def test_seeds_conform_to_both(seeds_ttl: Path) -> None:
    data, found = gate.validate_files([seeds_ttl])
    assert gate.failures(found) == []
    assert gate.reference_report(data)[0]


def test_a_trial_without_condition_is_only_a_warning() -> None:
    found = gate.validate(ntriples(GOOD.replace("tk:hasCondition <condition/c> ; ", "")))
    assert [v.severity for v in found] == ["Warning"]


def _shapes() -> rdflib.Graph:
    graph = rdflib.Graph()
    for file in assets.folder("shapes").glob("*.ttl"):
        graph.parse(file)
    return graph


def test_code_lists_in_shapes_are_those_of_the_ontology() -> None:
    graph = _shapes()
    sh = rdflib.Namespace("http://www.w3.org/ns/shacl#")
    lists = [{str(m).removeprefix(TK) for m in graph.items(head)} for head in graph.objects(None, sh["in"])]
    schemes = {
        name: set(terms.scheme(name))
        for name in ("StatusScheme", "PhaseScheme", "SexScheme", "KindScheme", "ModalityScheme", "ComparatorScheme", "VariableScheme",
                     "RouteScheme", "UntilScheme", "TimingScheme", "ActionScheme", "RoleScheme", "ArmTypeScheme", "MaskingScheme",
                     "AllocationScheme", "ModelScheme", "PurposeScheme", "StudyTypeScheme", "EnrollmentTypeScheme", "StopReasonScheme",
                     "ReferenceScheme")
    }  # fmt: skip
    for name, members in schemes.items():
        assert members in lists, name


def test_every_property_shape_says_what_it_is() -> None:
    graph = _shapes()
    sh = rdflib.Namespace("http://www.w3.org/ns/shacl#")
    for shape in graph.objects(None, sh.property):
        if (shape, sh.order, None) in graph:
            assert (
                (shape, sh.name, None) in graph
                and (shape, sh.description, None) in graph
                and (shape, sh.message, None) in graph
            )
