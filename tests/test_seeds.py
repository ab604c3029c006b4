"""About a hundred facts read off the five seed documents by hand, and what must not be read out of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kg.graphs import OxigraphGraph
from kg.iri import BASE, TK
from kg.questions import ask

PREFIXES = (
    f"PREFIX tk: <{TK}> PREFIX trial: <{BASE}trial/> PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX mesh: <http://id.nlm.nih.gov/mesh/> "
    "PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX skos: <http://www.w3.org/2004/02/skos/core#> "
    "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> "
)
EORTC, PEKING, IMADGIST, SHANGHAI, NIIGATA = "EORTC-62063", "NCT01267695", "NCT02260505", "NCT03862768", "NCT00764595"


def holds(graph: OxigraphGraph, pattern: str) -> bool:
    return graph.select(f"{PREFIXES} ASK {{ {pattern} }}").rows[0][0].value == "true"  # type: ignore[union-attr]


def column(graph: OxigraphGraph, pattern: str) -> list[str]:
    rows = graph.select(f"{PREFIXES} SELECT DISTINCT ?x WHERE {{ {pattern} }} ORDER BY ?x").rows
    return [row[0].value for row in rows if row[0]]


FACTS = [
    # identifiers and titles
    (EORTC, 'dcterms:identifier "EORTC 62063", "Oracle 5589"'),
    (PEKING, 'dcterms:identifier "NCT01267695", "WJP-320.6700.09010"'),
    (NIIGATA, 'dcterms:identifier "CDR0000615628", "NIIGATAU-TRIGIST0805"'),
    (SHANGHAI, 'dcterms:identifier "NCT03862768"'),
    (IMADGIST, 'dcterms:identifier "NCT02260505"'),
    (PEKING, 'dcterms:title "Perioperative Imatinib Mesylate in Treating Patients With Locally Advanced Gastrointestinal Stromal Tumor"'),
    (NIIGATA, 'tk:officialTitle "Phase II Multicenter Clinical Trial on Imatinib Treatment for Patients With Resectable Hepatic Metastasis From Gastrointestinal Stromal Tumors (GISTs)"'),
    # status, phase, design
    (EORTC, "tk:overallStatus tk:Terminated ; tk:phase tk:Phase3"),
    (EORTC, 'tk:stopReason tk:LowAccrual ; tk:whyStopped "The researchers were unable to recruit enough patients."'),
    (PEKING, "tk:overallStatus tk:Completed ; tk:phase tk:Phase2 ; tk:studyType tk:Interventional"),
    (PEKING, "tk:interventionModel tk:SingleGroup ; tk:masking tk:OpenLabel ; tk:primaryPurpose tk:TreatmentPurpose"),
    (NIIGATA, "tk:overallStatus tk:Completed ; tk:phase tk:Phase2 ; tk:allocation tk:AllocationNotApplicable"),
    (NIIGATA, "tk:interventionModel tk:SingleGroup ; tk:masking tk:OpenLabel"),
    (SHANGHAI, "tk:overallStatus tk:UnknownStatus ; tk:phase tk:PhaseNotApplicable ; tk:interventionModel tk:Parallel ; tk:studyType tk:Interventional"),
    (SHANGHAI, "tk:allocation tk:Randomized"),
    (IMADGIST, "tk:overallStatus tk:Recruiting ; tk:phase tk:Phase3 ; tk:masking tk:OpenLabel ; tk:allocation tk:Randomized"),
    # numbers and dates
    (PEKING, "tk:enrollment 20 ; tk:enrollmentType tk:Actual"),
    (NIIGATA, "tk:enrollment 5 ; tk:enrollmentType tk:Actual"),
    (SHANGHAI, "tk:enrollment 92"),
    (PEKING, 'tk:startDate "2010-05"^^xsd:gYearMonth ; tk:completionDate "2014-10"^^xsd:gYearMonth ; tk:primaryCompletionDate "2014-10"^^xsd:gYearMonth'),
    (PEKING, 'tk:firstPosted "2010-12-28"^^xsd:date ; tk:lastUpdatePosted "2015-02-03"^^xsd:date ; tk:lastVerified "2015-02"^^xsd:gYearMonth'),
    (NIIGATA, 'tk:startDate "2008-10"^^xsd:gYearMonth ; tk:completionDate "2016-03"^^xsd:gYearMonth ; tk:firstPosted "2008-10-02"^^xsd:date'),
    (NIIGATA, 'tk:lastUpdatePosted "2016-09-28"^^xsd:date'),
    (IMADGIST, 'tk:lastUpdatePosted "2019-01"^^xsd:gYearMonth'),
    (PEKING, "tk:minimumAge 18.0 ; tk:sex tk:All ; tk:healthyVolunteers false"),
    (NIIGATA, "tk:minimumAge 20.0 ; tk:sex tk:All ; tk:healthyVolunteers false"),
    (SHANGHAI, "tk:sex tk:All"),
    # conditions, keywords, MeSH terms of the page
    (EORTC, "tk:hasCondition [ skos:exactMatch mesh:D046152 ]"),
    (EORTC, 'tk:hasCondition [ rdfs:label "Soft tissue sarcoma" ]'),
    (PEKING, "tk:hasCondition [ skos:exactMatch mesh:D046152 ]"),
    (IMADGIST, "tk:hasCondition [ skos:exactMatch mesh:D046152 ]"),
    (SHANGHAI, "tk:hasCondition [ skos:exactMatch mesh:D046152 ]"),
    (NIIGATA, "tk:hasCondition [ skos:exactMatch mesh:D046152 ], [ skos:exactMatch mesh:D009362 ]"),
    (PEKING, 'tk:keyword "Perioperative therapy"'),
    (PEKING, "tk:meshTerm mesh:D046152, mesh:D000068877, mesh:D047428"),
    (NIIGATA, "tk:meshTerm mesh:D009362, mesh:D046152, mesh:D018204, mesh:D000068877, mesh:D000970, mesh:D004791, mesh:D045504"),
    # organizations and people
    (PEKING, 'tk:sponsor [ rdfs:label "Peking University" ]'),
    (SHANGHAI, 'tk:sponsor [ rdfs:label "Shanghai Zhongshan Hospital" ]'),
    (NIIGATA, 'tk:sponsor [ rdfs:label "Translational Research Center for Medical Innovation, Kobe, Hyogo, Japan" ]'),
    (EORTC, 'tk:collaborator [ rdfs:label "European Organisation for Research and Treatment of Cancer (EORTC)" ], [ rdfs:label "NIHR Clinical Research Network: Cancer" ]'),
    (EORTC, 'tk:investigator [ rdfs:label "Dr Michael Leahy" ; tk:roleName "Chief Investigator" ]'),
    (NIIGATA, 'tk:investigator [ rdfs:label "Tatsuo Kanda, MD" ; tk:affiliation "Niigata University Medical & Dental Hospital" ]'),
    (PEKING, 'tk:investigator [ rdfs:label "Ziyu Li" ]'),
    (IMADGIST, 'tk:investigator [ rdfs:label "Jean-Yves BLAY, Pr" ], [ rdfs:label "Axel LE CESNE, Dr" ], [ rdfs:label "Elsa KALBACHER, Doctor" ]'),
    (IMADGIST, 'tk:hasSite [ rdfs:label "Centre Oscar Lambret" ; tk:city "Lille" ; tk:country "France" ]'),
    (IMADGIST, 'tk:hasSite [ rdfs:label "Institut Paoli-Calmettes" ; tk:city "Marseille" ]'),
    (PEKING, 'tk:hasSite [ rdfs:label "Peking University School of Oncology" ; tk:city "Beijing" ; tk:country "China" ; tk:postalCode "100142" ]'),
    # arms and treatments
    (EORTC, "tk:hasArm [ tk:inferred true ; tk:hasIntervention [ skos:exactMatch mesh:D000068877 ], [ skos:exactMatch mesh:D013514 ] ]"),
    (PEKING, "tk:hasArm [ tk:inferred true ; tk:hasTreatment [ tk:ofIntervention [ skos:exactMatch mesh:D000068877 ] ; tk:route tk:Oral ; tk:frequency \"once daily\" ; tk:duration \"P6M\"^^xsd:duration ; tk:until tk:DiseaseProgression, tk:UnacceptableToxicity ; tk:timing tk:Neoadjuvant ; tk:precedes [ tk:ofIntervention [ skos:exactMatch mesh:D013514 ] ; tk:minimumGap \"P14D\"^^xsd:duration ; tk:maximumGap \"P42D\"^^xsd:duration ; tk:precedes [ tk:ofIntervention [ skos:exactMatch mesh:D000068877 ] ; tk:duration \"P1Y6M\"^^xsd:duration ; tk:timing tk:Adjuvant ; tk:minimumGap \"P14D\"^^xsd:duration ; tk:maximumGap \"P28D\"^^xsd:duration ] ] ] ]"),
    (IMADGIST, 'tk:hasArm [ rdfs:label "First arm" ; tk:hasTreatment [ tk:action tk:Continuation ; tk:duration "P3Y"^^xsd:duration ] ]'),
    (IMADGIST, 'tk:hasArm [ rdfs:label "Second arm" ; tk:discontinues [ skos:exactMatch mesh:D000068877 ] ; tk:hasTreatment [ tk:action tk:Reintroduction ; tk:timing tk:AtRelapse ; tk:inferred true ] ]'),
    (SHANGHAI, 'tk:hasArm [ rdfs:label "Surgery following imatinib" ; tk:hasTreatment [ tk:ofIntervention [ skos:exactMatch mesh:D013514 ] ; tk:precedes [ tk:doseValue 400.0 ; tk:doseUnit "mg/d" ] ] ]'),
    (SHANGHAI, 'tk:hasArm [ rdfs:label "Imatinib escalation or sunitinib" ; tk:hasTreatment [ tk:ofIntervention [ skos:exactMatch mesh:D000068877 ] ; tk:doseValue 600.0 ; tk:doseUnit "mg/d" ; tk:alternativeTo [ tk:ofIntervention [ skos:exactMatch mesh:D000077210 ] ; tk:doseValue 37.5 ; tk:doseUnit "mg/d" ] ] ]'),
    (NIIGATA, 'tk:hasArm [ rdfs:label "imatinib mesylate" ; tk:armType tk:ExperimentalArm ; tk:hasTreatment [ tk:doseValue 400.0 ; tk:doseUnit "mg/d" ; tk:route tk:Oral ; tk:frequency "once daily" ; tk:until tk:DiseaseProgression, tk:UnacceptableToxicity ] ]'),
    (PEKING, 'tk:hasIntervention [ skos:exactMatch mesh:D000068877 ; skos:altLabel "Gleevec", "STI-571", "NSC #716051" ]'),
    (SHANGHAI, 'tk:hasIntervention [ a tk:Drug ; skos:exactMatch mesh:D000077210 ], [ a tk:Procedure ; skos:exactMatch mesh:D013514 ]'),
    # outcomes
    (PEKING, 'tk:hasOutcome [ a tk:PrimaryOutcome ; rdfs:label "Rate of disease recurrence at 2 years" ; tk:timeFrame "4 years" ; tk:timeFrameDuration "P4Y"^^xsd:duration ]'),
    (PEKING, 'tk:hasOutcome [ a tk:SecondaryOutcome ; rdfs:label "Determine the safety and tolerability of this drug in these patients." ; tk:timeFrame "3 years" ]'),
    (SHANGHAI, 'tk:hasOutcome [ a tk:PrimaryOutcome ; rdfs:label "Progression-free Survival" ; tk:timeFrame "one year" ; tk:timeFrameDuration "P1Y"^^xsd:duration ]'),
    (SHANGHAI, 'tk:hasOutcome [ a tk:SecondaryOutcome ; rdfs:label "Overall Survival" ; tk:timeFrame "one year" ]'),
    (NIIGATA, 'tk:hasOutcome [ rdfs:label "Progression-free survival" ; tk:timeFrame "7.5 years" ; tk:timeFrameDuration "P7Y6M"^^xsd:duration ], [ rdfs:label "Tumor response" ; tk:timeFrame "48 weeks" ], [ rdfs:label "Overall survival" ], [ rdfs:label "Types and severities of adverse events" ]'),
]  # fmt: skip


@pytest.mark.parametrize(("trial", "fact"), FACTS, ids=lambda v: v[:60])
def test_fact(seed_graph: OxigraphGraph, trial: str, fact: str) -> None:
    assert holds(seed_graph, f"trial:{trial} {fact}")


CONSTRAINTS = [
    (PEKING, "Platelet", 'tk:variable tk:PlateletCount ; tk:comparator tk:gt ; tk:value 100000.0 ; tk:unit "/mm3"'),
    (PEKING, "neutrophil", "tk:variable tk:NeutrophilCount ; tk:comparator tk:gt ; tk:value 1500.0"),
    (PEKING, "AST and ALT", "tk:variable tk:Ast ; tk:comparator tk:lt ; tk:value 2.5 ; tk:relativeTo tk:UpperLimitOfNormal"),
    (PEKING, "AST and ALT", "tk:variable tk:Alt ; tk:comparator tk:lt ; tk:value 2.5 ; tk:relativeTo tk:UpperLimitOfNormal"),
    (PEKING, "AST and ALT", 'tk:variable tk:Ast ; tk:value 5.0 ; tk:appliesWhen "if hepatic metastases are present"'),
    (PEKING, "Bilirubin", "tk:variable tk:TotalBilirubin ; tk:comparator tk:lt ; tk:value 1.5 ; tk:relativeTo tk:UpperLimitOfNormal"),
    (PEKING, "Creatinine", "tk:variable tk:Creatinine ; tk:comparator tk:lt ; tk:value 1.5 ; tk:relativeTo tk:UpperLimitOfNormal"),
    (PEKING, "ECOG", "tk:variable tk:EcogStatus ; tk:comparator tk:le ; tk:value 3.0"),
    (PEKING, "Age", "tk:variable tk:Age ; tk:comparator tk:ge ; tk:value 18.0"),
    (PEKING, "Locally advanced", 'tk:variable tk:TumorSize ; tk:comparator tk:gt ; tk:value 5.0 ; tk:unit "cm" ; tk:alternative 1'),
    (PEKING, "Locally advanced", "tk:variable tk:MitoticCount ; tk:value 5.0 ; tk:alternative 1"),
    (PEKING, "Locally advanced", "tk:variable tk:TumorSize ; tk:value 10.0 ; tk:alternative 2"),
    (PEKING, "Locally advanced", "tk:variable tk:MitoticCount ; tk:value 10.0 ; tk:alternative 3"),
    (PEKING, "brain metastases", "tk:kind tk:Diagnosis ; tk:negated true ; tk:modality tk:Forbidden"),
    (PEKING, "New York Heart", "tk:variable tk:NyhaClass ; tk:comparator tk:ge ; tk:value 3.0 ; tk:negated true"),
    (PEKING, "myocardial infarction", 'tk:concept [ skos:exactMatch mesh:D009203 ] ; tk:maximumTimeSince "P6M"^^xsd:duration'),
    (PEKING, "prior imatinib", 'tk:concept [ skos:exactMatch mesh:D000068877 ] ; tk:kind tk:PriorTherapy ; tk:minimumTimeSince "P28D"^^xsd:duration'),
    (PEKING, "prior chemotherapy", 'tk:concept [ skos:exactMatch mesh:D004358 ] ; tk:minimumTimeSince "P28D"^^xsd:duration'),
    (PEKING, "prior chemotherapy", 'tk:concept [ skos:exactMatch mesh:D016685 ] ; tk:minimumTimeSince "P42D"^^xsd:duration'),
    (PEKING, "prior radiotherapy", 'tk:concept [ skos:exactMatch mesh:D011878 ] ; tk:minimumTimeSince "P28D"^^xsd:duration'),
    (PEKING, "major surgery", 'tk:minimumTimeSince "P14D"^^xsd:duration ; tk:exception [ skos:exactMatch mesh:D001706 ]'),
    (PEKING, "investigational drugs", 'tk:conceptLabel "investigational drugs" ; tk:minimumTimeSince "P28D"^^xsd:duration'),
    (PEKING, "primary malignancy", 'tk:maximumTimeSince "P5Y"^^xsd:duration ; tk:exception [ skos:exactMatch mesh:D002280 ]'),
    (PEKING, "doses of warfarin", "tk:kind tk:ConcurrentTherapy ; tk:modality tk:Forbidden ; tk:concept [ skos:exactMatch mesh:D014859 ]"),
    (PEKING, "mini-dose warfarin", "tk:modality tk:Allowed ; tk:concept [ skos:exactMatch mesh:D014859 ]"),
    (PEKING, "Not pregnant", "tk:kind tk:Pregnancy ; tk:modality tk:Forbidden"),
    (PEKING, "contraception", 'tk:kind tk:Contraception ; tk:minimumTimeSince "P3M"^^xsd:duration'),
    (SHANGHAI, "Age:", "tk:variable tk:Age ; tk:comparator tk:ge ; tk:value 18.0"),
    (SHANGHAI, "Age:", "tk:variable tk:Age ; tk:comparator tk:le ; tk:value 75.0"),
    (SHANGHAI, "ECOG", "tk:variable tk:EcogStatus ; tk:comparator tk:lt ; tk:value 2.0"),
    (SHANGHAI, "ASA", "tk:variable tk:AsaScore ; tk:comparator tk:lt ; tk:value 3.0"),
    (SHANGHAI, "No other malignant", 'tk:maximumTimeSince "P5Y"^^xsd:duration ; tk:negated true'),
    (SHANGHAI, "Pregnant or lactating", "tk:kind tk:Pregnancy ; tk:modality tk:Forbidden"),
    (SHANGHAI, "informed consent", "tk:kind tk:Consent ; tk:modality tk:Required"),
    (NIIGATA, "ECOG", "tk:variable tk:EcogStatus ; tk:comparator tk:le ; tk:value 1.0"),
    (NIIGATA, "Leukocyte", "tk:variable tk:LeukocyteCount ; tk:comparator tk:ge ; tk:value 3000.0"),
    (NIIGATA, "Hemoglobin", 'tk:variable tk:Hemoglobin ; tk:comparator tk:ge ; tk:value 8.0 ; tk:unit "g/dL"'),
    (NIIGATA, "Platelet", "tk:variable tk:PlateletCount ; tk:comparator tk:ge ; tk:value 75000.0"),
    (NIIGATA, "bilirubin", 'tk:variable tk:TotalBilirubin ; tk:comparator tk:le ; tk:value 2.0 ; tk:unit "mg/dL"'),
    (NIIGATA, "ALT and AST", 'tk:variable tk:Alt ; tk:comparator tk:lt ; tk:value 120.0 ; tk:unit "[IU]/L"'),
    (NIIGATA, "GTP", "tk:variable tk:Ggt ; tk:comparator tk:lt ; tk:value 210.0"),
    (NIIGATA, "No more than 3", "tk:variable tk:LesionCount ; tk:comparator tk:le ; tk:value 3.0"),
    (NIIGATA, "No prior imatinib", "tk:kind tk:PriorTherapy ; tk:modality tk:Forbidden ; tk:concept [ skos:exactMatch mesh:D000068877 ]"),
    (NIIGATA, "concurrent treatment", "tk:kind tk:ConcurrentTherapy ; tk:modality tk:Forbidden ; tk:concept [ skos:exactMatch mesh:D013514 ]"),
]  # fmt: skip


@pytest.mark.parametrize(("trial", "words", "constraint"), CONSTRAINTS, ids=lambda v: v[:50])
def test_constraint(seed_graph: OxigraphGraph, trial: str, words: str, constraint: str) -> None:
    assert holds(
        seed_graph,
        f'trial:{trial} tk:hasCriterion ?c . ?c tk:text ?text ; tk:hasConstraint [ {constraint} ] FILTER(CONTAINS(?text, "{words}"))',
    )


def test_the_imatinib_question_names_exactly_three(seed_graph: OxigraphGraph) -> None:
    answer = ask("combine", seed_graph, a="imatinib", b="surgery")
    assert {row[0].value.rsplit("/", 1)[1] for row in answer.rows if row[0]} == {EORTC, PEKING, SHANGHAI}


def test_combining_does_not_count_a_choice(seed_graph: OxigraphGraph) -> None:
    assert ask("combine", seed_graph, a="imatinib", b="sunitinib").rows == []


@pytest.mark.parametrize("name", ["imatinib", "Glivec", "Gleevec", "STI-571", "imatinib mesilate", "D000068877"])
def test_one_drug_under_all_its_names(seed_graph: OxigraphGraph, name: str) -> None:
    assert len({row[0] for row in ask("drug", seed_graph, drug=name).rows}) == 5


@pytest.mark.parametrize(
    ("trial", "pattern"),
    [
        (EORTC, "tk:startDate ?x"),  # the page leaves both dates empty
        (EORTC, "tk:completionDate ?x"),
        (IMADGIST, "tk:startDate ?x"),
        (SHANGHAI, "tk:minimumAge ?x"),  # said in a criterion only
        (PEKING, "tk:allocation ?x"),
        (PEKING, "tk:maximumAge ?x"),
        (EORTC, "tk:enrollment ?x"),
        (IMADGIST, "tk:hasArm/tk:hasIntervention [ skos:exactMatch mesh:D013514 ]"),  # surgery lies in the past
        (NIIGATA, "tk:hasArm/tk:hasIntervention [ skos:exactMatch mesh:D013514 ]"),
        (EORTC, "tk:hasCriterion ?x"),
    ],
)
def test_what_is_not_stated_is_absent(seed_graph: OxigraphGraph, trial: str, pattern: str) -> None:
    assert not holds(seed_graph, f"trial:{trial} {pattern}")


def test_numbers_of_nodes(seed_graph: OxigraphGraph) -> None:
    for trial, arms in ((EORTC, 2), (PEKING, 1), (IMADGIST, 2), (SHANGHAI, 2), (NIIGATA, 1)):
        assert len(column(seed_graph, f"trial:{trial} tk:hasArm ?x")) == arms, trial
    assert len(column(seed_graph, f"trial:{IMADGIST} tk:investigator ?x")) == 16
    assert len(column(seed_graph, f"trial:{IMADGIST} tk:hasSite ?x")) == 16
    assert len(column(seed_graph, f"trial:{SHANGHAI} tk:hasCriterion ?x . ?x a tk:InclusionCriterion")) == 8
    assert len(column(seed_graph, f"trial:{SHANGHAI} tk:hasCriterion ?x . ?x a tk:ExclusionCriterion")) == 9


def test_boilerplate_yields_nothing(seed_graph: OxigraphGraph) -> None:
    quotes = " ".join(column(seed_graph, "?e tk:quote ?x"))
    for words in ("Coronavirus", "Freephone", "Charlie", "Connect »", "All Rights Reserved", "Choosing to participate",
                  "disclaimer", "Read our", "Sign up for our FREE", "talk to your doctor", "Rate this page"):  # fmt: skip
        assert words not in quotes, words


def test_every_evidence_gives_back_its_words(seed_graph: OxigraphGraph, seeds: Path) -> None:
    texts = {p.name: p.read_text(encoding="utf-8") for p in seeds.iterdir()}
    rows = seed_graph.select(
        f"{PREFIXES} SELECT ?name ?start ?end ?quote WHERE {{ ?e tk:document ?d ; tk:start ?start ; tk:end ?end ; tk:quote ?quote . ?d dcterms:title ?name }}"
    ).rows
    assert len(rows) > 300
    for name, start, end, quote in rows:
        assert name and start and end and quote
        assert texts[name.value][int(start.value) : int(end.value)] == quote.value


def test_every_extracted_node_has_evidence(seed_graph: OxigraphGraph) -> None:
    for kind in ("Trial", "Arm", "Treatment", "Outcome", "Criterion", "Constraint", "Person", "Site"):
        bare = column(seed_graph, f"?x a tk:{kind} FILTER NOT EXISTS {{ ?x tk:evidence ?e }}")
        assert bare == [], kind
    assert column(seed_graph, "?t tk:hasCondition|tk:hasIntervention ?x FILTER NOT EXISTS { ?x tk:evidence ?e }") == []


def test_no_blank_nodes(seeds_ttl: Path) -> None:
    assert not re.search(
        r"(?:^|\s)(?:_:|\[\s)", re.sub(r'"(?:[^"\\]|\\.)*"', '""', seeds_ttl.read_text(encoding="utf-8"))
    )
