"""Records of ClinicalTrials.gov in XML. The record below is the project's own."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg.build import build
from kg.document import read_document
from kg.errors import DocumentError
from kg.graphs import OxigraphGraph
from kg.mesh import MeshIndex
from kg.read import read
from kg.trial import process

RECORD = """<?xml version="1.0" encoding="UTF-8"?>
<clinical_study>
  <id_info><org_study_id>X-1</org_study_id><nct_id>NCT09999999</nct_id></id_info>
  <brief_title>Imatinib and Surgery &amp; Nothing Else</brief_title>
  <sponsors><lead_sponsor><agency>A University</agency></lead_sponsor><collaborator><agency>A Charity</agency></collaborator></sponsors>
  <brief_summary><textblock>
      A made-up trial.&#xD;
  </textblock></brief_summary>
  <overall_status>Terminated</overall_status>
  <why_stopped>Slow accrual</why_stopped>
  <start_date>May 2010</start_date>
  <completion_date type="Actual">June 3, 2012</completion_date>
  <phase>Phase 1/Phase 2</phase>
  <study_type>Interventional</study_type>
  <study_design_info><allocation>Randomized</allocation><intervention_model>Parallel Assignment</intervention_model>
    <masking>Double (Participant, Investigator)</masking><primary_purpose>Treatment</primary_purpose></study_design_info>
  <primary_outcome><measure>Survival</measure><time_frame>2 years</time_frame></primary_outcome>
  <secondary_outcome><measure>Response</measure><time_frame>12 weeks</time_frame></secondary_outcome>
  <enrollment type="Actual">12</enrollment>
  <condition>Gastrointestinal Stromal Tumors</condition>
  <arm_group><arm_group_label>Both</arm_group_label><arm_group_type>Experimental</arm_group_type>
    <description>Patients receive oral imatinib 400 mg once daily for 6 months, followed by surgery.</description></arm_group>
  <arm_group><arm_group_label>Drug only</arm_group_label><arm_group_type>Active Comparator</arm_group_type></arm_group>
  <intervention><intervention_type>Drug</intervention_type><intervention_name>imatinib</intervention_name>
    <arm_group_label>Both</arm_group_label><arm_group_label>Drug only</arm_group_label><other_name>Gleevec</other_name></intervention>
  <intervention><intervention_type>Procedure</intervention_type><intervention_name>surgery</intervention_name>
    <arm_group_label>Both</arm_group_label></intervention>
  <eligibility><criteria><textblock>
        Inclusion Criteria:&#xD;
&#xD;
          -  Bilirubin &lt; 2 mg/dL&#xD;
&#xD;
        Exclusion Criteria:&#xD;
&#xD;
          -  Prior imatinib&#xD;
  </textblock></criteria><gender>All</gender><minimum_age>18 Years</minimum_age><maximum_age>6 Months</maximum_age>
    <healthy_volunteers>No</healthy_volunteers></eligibility>
  <overall_official><last_name>N. N., MD</last_name><role>Study Chair</role><affiliation>A University</affiliation></overall_official>
  <location><facility><name>A Hospital</name><address><city>Lyon</city><zip>69000</zip><country>France</country></address></facility></location>
  <keyword>sarcoma</keyword>
  <condition_browse><mesh_term>Gastrointestinal Stromal Tumors</mesh_term></condition_browse>
</clinical_study>
""".replace("6 Months", "75 Years")


def test_a_record_becomes_a_graph(tmp_path: Path) -> None:
    (tmp_path / "record.xml").write_text(RECORD)
    report = build([tmp_path / "record.xml"], tmp_path / "x.ttl")
    assert report.trials == 1 and not report.set_aside, [f.line() for f in report.set_aside]
    graph = OxigraphGraph.of_files([tmp_path / "x.ttl"])
    prefixes = (
        "PREFIX tk: <https://w3id.org/trialkg/ontology#> PREFIX trial: <https://w3id.org/trialkg/trial/> PREFIX dcterms: <http://purl.org/dc/terms/> "
        "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#> "
        "PREFIX mesh: <http://id.nlm.nih.gov/mesh/> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> "
    )
    for fact in (
        'dcterms:title "Imatinib and Surgery & Nothing Else" ; dcterms:identifier "NCT09999999", "X-1"',
        'tk:overallStatus tk:Terminated ; tk:whyStopped "Slow accrual" ; tk:stopReason tk:LowAccrual',
        'tk:phase tk:Phase1, tk:Phase2 ; tk:startDate "2010-05"^^xsd:gYearMonth ; tk:completionDate "2012-06-03"^^xsd:date',
        "tk:allocation tk:Randomized ; tk:interventionModel tk:Parallel ; tk:masking tk:DoubleMasked ; tk:primaryPurpose tk:TreatmentPurpose",
        "tk:enrollment 12 ; tk:enrollmentType tk:Actual ; tk:minimumAge 18.0 ; tk:maximumAge 75.0 ; tk:healthyVolunteers false",
        'tk:sponsor [ rdfs:label "A University" ] ; tk:collaborator [ rdfs:label "A Charity" ]',
        'tk:hasOutcome [ a tk:PrimaryOutcome ; rdfs:label "Survival" ], [ a tk:SecondaryOutcome ; rdfs:label "Response" ]',
        'tk:hasArm [ rdfs:label "Both" ; tk:armType tk:ExperimentalArm ; tk:hasTreatment [ tk:doseValue 400.0 ; tk:duration "P6M"^^xsd:duration ; tk:role tk:Background ; tk:precedes [ tk:ofIntervention [ skos:exactMatch mesh:D013514 ] ] ] ]',
        'tk:hasCriterion [ a tk:InclusionCriterion ; tk:text "Bilirubin < 2 mg/dL" ; tk:hasConstraint [ tk:variable tk:TotalBilirubin ; tk:comparator tk:lt ] ]',
        'tk:hasCriterion [ a tk:ExclusionCriterion ; tk:text "Prior imatinib" ; tk:hasConstraint [ tk:modality tk:Forbidden ] ]',
        'tk:investigator [ rdfs:label "N. N., MD" ; tk:roleName "Study Chair" ] ; tk:hasSite [ rdfs:label "A Hospital" ; tk:country "France" ]',
        "tk:meshTerm mesh:D046152",
    ):  # fmt: skip
        assert graph.select(f"{prefixes} ASK {{ trial:NCT09999999 {fact} }}").rows[0][0].value == "true", fact  # type: ignore[union-attr]


def test_evidence_points_into_the_rendering(index: MeshIndex) -> None:
    record, document = read(read_document("x", RECORD.encode()), index)
    assert "Bilirubin < 2 mg/dL" in document.text and document.sha256 == read_document("x", RECORD.encode()).sha256
    for node in (record, *record.has_arm, *record.has_outcome, *record.has_site):
        for evidence in node.evidence:
            assert document.text[evidence.start : evidence.end] == evidence.quote


def test_odd_values_do_not_cost_the_record(index: MeshIndex) -> None:
    odd = (
        RECORD.replace(">X-1<", ">7<")
        .replace(">18 Years<", ">5 Foo<")
        .replace(">75 Years<", f">{'9' * 40} Years<")
        .replace("imatinib 400 mg once", "imatinib 0 mg once")
        .replace("<affiliation>A University<", "<affiliation>For France: nobody@example.org<")
    )
    outcome = process("x", odd.encode(), index)
    assert outcome.finding is None, outcome.finding
    record, _ = read(read_document("x", odd.encode()), index)
    assert record.minimum_age is None and record.maximum_age is None
    assert "7" in record.identifier and not record.investigator[0].affiliation


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (RECORD[:900], "breaks off"),
        ('<!DOCTYPE x [<!ENTITY a "aaaa">]>' + RECORD.split("?>")[1], "DOCTYPE"),
        (
            '<!DOCTYPE x [<!ENTITY a "a"><!ENTITY b "&a;&a;&a;">]><clinical_study><brief_title>&b;</brief_title></clinical_study>',
            "DOCTYPE",
        ),
        ("<clinical_study></clinical_study>", "names no trial"),
        ("<clinical_study>" * 3000, "breaks off"),
    ],
)
def test_broken_and_hostile_records_are_refused(text: str, words: str, index: MeshIndex) -> None:
    with pytest.raises(DocumentError, match=words):
        read(read_document("x", text.encode()), index)


def test_real_records_conform(shared_data: Path, index: MeshIndex) -> None:
    import zipfile

    with zipfile.ZipFile(shared_data / "ctgov-xml.zip") as archive:
        for name in sorted(archive.namelist())[::90]:
            outcome = process(name, archive.read(name), index)
            assert outcome.finding is None, outcome.finding
            assert outcome.trial == f"trial/{name.removesuffix('.xml')}"
