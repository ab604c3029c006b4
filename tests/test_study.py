"""Studies in the form of the API v2: every value arrives, as lines, pages and files, the same as from XML."""

from __future__ import annotations

import gzip
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from kg import sources
from kg.build import build
from kg.document import read_document
from kg.errors import DocumentError
from kg.graphs import open_graph
from kg.mesh import builtin
from kg.mesh.nlm import canonical
from kg.read import read
from kg.trial import process
from tests_support import ROOT

STUDY: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {
            "nctId": "NCT09600001",
            "orgStudyIdInfo": {"id": "WARM-1"},
            "secondaryIdInfos": [{"id": "2024-500001-11-00", "type": "CTIS", "domain": "EMA"}],
            "organization": {"fullName": "Winter Clinic", "class": "OTHER"},
            "briefTitle": "Imatinib and Warm Socks",
        },
        "statusModule": {
            "overallStatus": "ACTIVE_NOT_RECRUITING",
            "startDateStruct": {"date": "2024-01", "type": "ACTUAL"},
            "studyFirstSubmitDate": "2023-12-01",
        },
        "sponsorCollaboratorsModule": {
            "leadSponsor": {"name": "Winter Clinic", "class": "OTHER"},
            "collaborators": [
                {"name": "Socks Ltd", "class": "INDUSTRY"},
                {"name": "NIH Clinical Center", "class": "NIH"},
            ],
            "responsibleParty": {"type": "SPONSOR"},
        },
        "oversightModule": {"oversightHasDmc": False},
        "descriptionModule": {"briefSummary": "Toes colder than 30 \\< degrees are warmed."},
        "conditionsModule": {"conditions": ["Gastrointestinal Stromal Tumors"], "keywords": ["toes"]},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "phases": ["PHASE1", "PHASE2"],
            "designInfo": {
                "allocation": "RANDOMIZED",
                "maskingInfo": {"masking": "DOUBLE", "whoMasked": ["PARTICIPANT", "OUTCOMES_ASSESSOR"]},
            },
            "enrollmentInfo": {"count": 40, "type": "ESTIMATED"},
        },
        "armsInterventionsModule": {
            "armGroups": [
                {"label": "Low", "type": "EXPERIMENTAL", "interventionNames": ["Drug: Imatinib"]},
                {"label": "High", "type": "EXPERIMENTAL", "interventionNames": ["Drug: Imatinib"]},
            ],
            "interventions": [
                {"type": "DRUG", "name": "Imatinib", "description": "400 mg once daily", "armGroupLabels": ["Low"]},
                {"type": "DRUG", "name": "Imatinib", "description": "600 mg once daily", "armGroupLabels": ["High"]},
            ],
        },
        "outcomesModule": {
            "primaryOutcomes": [{"measure": "Warmth", "timeFrame": "2 weeks"}],
            "secondaryOutcomes": [
                {"measure": "Comfort", "timeFrame": "4 weeks"},
                {"measure": "Falls", "timeFrame": "1 year"},
            ],
        },
        "eligibilityModule": {
            "eligibilityCriteria": "Inclusion Criteria:\n\n* Age \\>= 18\n\nExclusion Criteria:\n\n* Frostbite",
            "healthyVolunteers": False,
            "sex": "ALL",
            "minimumAge": "18 Years",
            "stdAges": ["ADULT", "OLDER_ADULT"],
        },
        "contactsLocationsModule": {
            "locations": [
                {
                    "facility": "Winter Clinic",
                    "city": "Oslo",
                    "country": "Norway",
                    "status": "RECRUITING",
                    "geoPoint": {"lat": 59.91273, "lon": 10.74609},
                    "contacts": [{"name": "N. N.", "phone": "555-0100", "email": "n@example.org"}],
                }
            ]
        },
        "referencesModule": {"references": [{"pmid": "12345678", "type": "RESULT", "citation": "Toes, warm. 2020."}]},
        "ipdSharingStatementModule": {"ipdSharing": "NO"},
    },
    "derivedSection": {
        "miscInfoModule": {"versionHolder": "2024-06-14"},
        "conditionBrowseModule": {
            "meshes": [{"id": "D000046152", "term": "Gastrointestinal Stromal Tumors"}],
            "ancestors": [{"id": "D000012509", "term": "Sarcoma"}],
        },
    },
}
PREFIXES = (
    "PREFIX tk: <https://w3id.org/trialkg/ontology#> PREFIX trial: <https://w3id.org/trialkg/trial/> PREFIX dcterms: "
    "<http://purl.org/dc/terms/> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> PREFIX mesh: "
    "<http://id.nlm.nih.gov/mesh/> PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> "
)


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("study")
    (folder / "NCT09600001.json").write_bytes(orjson.dumps(STUDY))
    report = build([folder], folder / "out.ttl")
    assert not report.set_aside
    return open_graph(files=[folder / "out.ttl"])


@pytest.mark.parametrize(
    "fact",
    [
        'dcterms:identifier "NCT09600001", "WARM-1", "2024-500001-11-00" ; dcterms:title "Imatinib and Warm Socks"',
        'tk:hasRegistration [ tk:registrationType "CTIS" ; tk:registrationDomain "EMA" ]',
        'tk:overallStatus tk:ActiveNotRecruiting ; tk:startDate "2024-01"^^xsd:gYearMonth ; tk:startDateType tk:Actual',
        'tk:firstSubmitted "2023-12-01"^^xsd:date ; tk:registryDataDate "2024-06-14"^^xsd:date',
        'tk:sponsor [ rdfs:label "Winter Clinic" ] ; tk:collaborator [ rdfs:label "Socks Ltd" ; tk:organizationClass tk:Industry ]',
        'tk:collaborator [ rdfs:label "NIH Clinical Center" ; tk:organizationClass tk:Nih ] ; tk:responsiblePartyType "Sponsor"',
        "tk:hasDataMonitoringCommittee false ; tk:phase tk:Phase1, tk:Phase2 ; tk:masking tk:DoubleMasked",
        "tk:whoMasked tk:MaskedParticipant, tk:MaskedOutcomesAssessor ; tk:enrollment 40 ; tk:enrollmentType tk:Anticipated",
        'tk:summary "Toes colder than 30 < degrees are warmed." ; tk:standardAge tk:Adult, tk:OlderAdult',
        'tk:hasOutcome [ a tk:PrimaryOutcome ; rdfs:label "Warmth" ; tk:timeFrame "2 weeks" ]',
        'tk:hasOutcome [ a tk:SecondaryOutcome ; rdfs:label "Falls" ; tk:timeFrame "1 year" ]',
        'tk:hasCriterion [ a tk:InclusionCriterion ; tk:text "Age >= 18" ], [ a tk:ExclusionCriterion ; tk:text "Frostbite" ]',
        "tk:hasSite [ tk:latitude 59.91273 ; tk:longitude 10.74609 ; tk:siteStatus tk:Recruiting ]",
        'tk:hasReference [ tk:pmid "12345678" ; tk:referenceType "RESULT" ] ; tk:ipdSharing tk:IpdNotShared',
        "tk:meshTerm mesh:D046152 ; tk:meshAncestor mesh:D012509",
        'tk:hasArm [ rdfs:label "Low" ; tk:hasTreatment [ tk:doseValue 400.0 ] ], [ rdfs:label "High" ; tk:hasTreatment [ tk:doseValue 600.0 ] ]',
    ],
)
def test_what_a_study_says_is_in_the_graph(graph: Any, fact: str) -> None:
    row = graph.select(f"{PREFIXES} ASK {{ trial:NCT09600001 {fact} }}").rows[0]
    assert row[0].value == "true"


def test_each_arm_gets_its_own_dose_and_contacts_stay_out(graph: Any) -> None:
    doses = graph.select(
        f"{PREFIXES} SELECT ?l ?d {{ ?a rdfs:label ?l ; tk:hasTreatment/tk:doseValue ?d }} ORDER BY ?l ?d"
    ).rows
    assert [(str(a.value), float(b.value)) for a, b in doses] == [("High", 600.0), ("Low", 400.0)]
    everything = graph.construct("CONSTRUCT { ?s ?p ?o } WHERE { ?s ?p ?o }")
    assert "555-0100" not in everything and "example.org" not in everything


def test_lines_pages_and_files_give_the_same_graph(tmp_path: Path) -> None:
    other = json.loads(json.dumps(STUDY).replace("NCT09600001", "NCT09600002"))
    one, two = orjson.dumps(STUDY), orjson.dumps(other)
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "a.json").write_bytes(one)
    (tmp_path / "files" / "b.json").write_bytes(two)
    (tmp_path / "lines.jsonl").write_bytes(one + b"\n\n" + two + b"\n")
    (tmp_path / "lines.jsonl.gz").write_bytes(gzip.compress(one + b"\n" + two))
    (tmp_path / "page.json").write_bytes(
        b'{"totalCount": 2, "studies": [' + one + b"," + two + b'], "nextPageToken": "x"}'
    )
    with zipfile.ZipFile(tmp_path / "bulk.zip", "w") as archive:
        archive.writestr("NCT0960/NCT09600001.json", one)
        archive.writestr("NCT0960/NCT09600002.json", two)
    graphs = []
    for name in ("files", "lines.jsonl", "lines.jsonl.gz", "page.json", "bulk.zip"):
        out = tmp_path / f"{name}.nt"
        assert build([tmp_path / name], out).trials == 2, name
        graphs.append({line for line in out.read_text().splitlines() if "terms/title" not in line})
    assert all(g == graphs[0] for g in graphs)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'{"protocolSection": {"identificationModule": ', "breaks off"),
        (b'{"protocolSection": []}', "protocolSection"),
        (b'{"protocolSection": {"identificationModule": "x"}}', "identifier"),
        (b'{"protocolSection": {"identificationModule": {"nctId": {"a": 1}, "briefTitle": ["x"]}}}', "identifier"),
        (b'{"name": "no study"}', "JSON"),
    ],
)
def test_broken_studies_are_set_aside(data: bytes, words: str) -> None:
    with pytest.raises(DocumentError, match=words):
        read(read_document("x", data), builtin())


def test_a_broken_line_costs_only_itself(tmp_path: Path) -> None:
    path = tmp_path / "some.jsonl"
    path.write_bytes(orjson.dumps(STUDY)[:500] + b"\n" + orjson.dumps(STUDY) + b"\n")
    report = build([path], tmp_path / "out.nt")
    assert report.trials == 1
    assert [f.document for f in report.set_aside] == ["some.jsonl/0000001"]
    assert [s.line for s in sources.find([path])] == [0, 1]


@pytest.mark.parametrize(
    ("given", "concept"),
    [("D000003550", "D003550"), ("D000068877", "D000068877"), ("C000588423", "C000588423"), ("x", "")],
)
def test_identifiers_of_mesh(given: str, concept: str) -> None:
    assert canonical(given) == concept


def test_the_values_of_real_studies_are_in_the_graph(shared_data: Path) -> None:
    script = ROOT / "benchmarks" / "leaves.py"
    done = subprocess.run(
        [sys.executable, str(script), str(shared_data / "ctgov-v2.jsonl.gz"), "40"],
        capture_output=True,
        text=True,
        check=True,
    )
    match = re.search(r"found ([\d.]+) of (\d+) values in (\d+) studies", done.stdout)
    assert match and float(match[1]) >= 0.99 and int(match[3]) > 40


def test_xml_and_json_of_one_study_say_the_same(shared_data: Path) -> None:
    """Apart from what one of them alone says, or says of another day."""
    index = builtin()
    with (
        zipfile.ZipFile(shared_data / "ctgov-xml-results.zip") as one,
        zipfile.ZipFile(shared_data / "ctgov-xml.zip") as two,
    ):
        members = {name.rsplit("/", 1)[-1][:-4]: (z, name) for z in (one, two) for name in z.namelist()}
        compared = 0
        with gzip.open(shared_data / "ctgov-v2.jsonl.gz") as file:
            for line in file:
                identifier = orjson.loads(line)["protocolSection"]["identificationModule"]["nctId"]
                if identifier not in members:
                    continue
                archive, name = members[identifier]
                json_says, xml_says = (
                    {fact for fact in (*o.own, *o.common) if "/document/" not in fact}
                    for o in (process("v2", line, index), process("xml", archive.read(name), index))
                )
                only_xml = {f for f in xml_says - json_says if "organizationClass" not in f}
                assert len(only_xml) <= 0.03 * len(xml_says), (identifier, sorted(only_xml)[:20])
                compared += 1
    assert compared == 7


EXPORT = """<?xml version='1.0' encoding='UTF-8' ?><Trials_downloaded_from_ICTRP>
<Trial><TrialID>ChiCTR2400099999</TrialID><Public_title>Warm socks for cold toes in winter</Public_title>
<Primary_sponsor>Winter Clinic</Primary_sponsor><Date_registration>2024-02-17</Date_registration><Source_Register>ChiCTR</Source_Register>
<Recruitment_Status>Recruiting</Recruitment_Status><Inclusion_agemin>18</Inclusion_agemin><Target_size>a:20;b:20;</Target_size>
<Study_type>Interventional study</Study_type><Study_design>Allocation: Randomized. Masking: None (Open Label). </Study_design><Phase>Phase 2</Phase>
<Inclusion_Criteria>Inclusion criteria: &lt;br&gt;1. Toes below 20 degrees; &lt;br&gt;2. Age of 18 years or more</Inclusion_Criteria>
<Exclusion_Criteria>Frostbite</Exclusion_Criteria><Condition>Raynaud Disease;Cold toes</Condition>
<Intervention>Sock group:Imatinib 400 mg once daily;Control group:none;</Intervention>
<Primary_outcome>Warmth at 2 weeks;Comfort;</Primary_outcome><Contact_Email>n@example.org</Contact_Email></Trial>
<Trial><TrialID>IRCT20240101000001N1</TrialID><Public_title>A second trial of warm socks</Public_title><Condition>Chilblains</Condition>
<Intervention>Drug: Nifedipine;Other: Socks</Intervention></Trial></Trials_downloaded_from_ICTRP>"""


def test_exports_of_the_platform_as_xml_and_csv(tmp_path: Path) -> None:
    (tmp_path / "export.xml").write_text(EXPORT)
    (tmp_path / "export.csv").write_text('TrialID,Public title,Condition\n"NCT09600009","Socks, again","Chilblains"\n')
    found = sources.find([tmp_path])
    records = [read(read_document(s.name, s.read()), builtin()) for s in found]
    by_name = {record.identifier[0]: record for record, _ in records}
    assert sorted(by_name) == ["ChiCTR2400099999", "IRCT20240101000001N1", "NCT09600009"]
    first = by_name["ChiCTR2400099999"]
    assert (first.title, first.overall_status, first.phase) == (
        "Warm socks for cold toes in winter",
        "Recruiting",
        ["Phase2"],
    )
    assert (first.allocation, first.masking, first.enrollment) == ("Randomized", "OpenLabel", None)
    assert [c.label for c in first.has_condition] == ["Raynaud Disease", "Cold toes"]
    assert {a.label: a.has_intervention for a in first.has_arm} == {"Sock group": ["Imatinib"], "Control group": []}
    assert [o.label for o in first.has_outcome] == ["Warmth at 2 weeks", "Comfort"]
    second = by_name["IRCT20240101000001N1"]
    assert [(i.kind, i.name) for i in second.has_intervention] == [
        ("Drug", "Nifedipine"),
        ("OtherIntervention", "Socks"),
    ]
    for record, document in records:
        assert "n@example.org" not in record.title
        for evidence in record.evidence:
            assert document.text[evidence.start : evidence.end] == evidence.quote


def test_no_record_of_the_platforms_exports_is_lost(shared_data: Path, tmp_path: Path) -> None:
    report = build([shared_data / "ictrp" / "NTD_ictrp.csv.gz"], tmp_path / "out.nt")
    assert report.trials == len(report.documents) == 315


def test_records_of_other_registers(shared_data: Path, tmp_path: Path) -> None:
    """All of a collection of CTIS, EUCTR, ISRCTN and two forms of ClinicalTrials.gov, but the line about the collection."""
    report = build([shared_data / "registries"], tmp_path / "out.nt")
    assert [f.document for f in report.set_aside] == ["ctrdata_demo_docs.jsonl.gz/0000003"]
    assert report.readers == {"ctgov-v2": 5, "ctgov-xml": 3, "ctis-record": 4, "euctr-record": 4, "isrctn-record": 9}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (
            {
                "isrctn": "97654321",
                "trialDescription": {
                    "title": "Warm socks for cold toes",
                    "primaryOutcome": "Warmth",
                    "scientificTitle": "Socks",
                },
                "externalRefs": {"clinicalTrialsGovNumber": "NCT09600011", "eudraCTNumber": "Nil known"},
                "participants": {
                    "inclusion": "1.\tCold toes\n2.\tAge of 18 years",
                    "exclusion": "1. Frostbite",
                    "targetEnrolment": "40",
                },
                "conditions": {"condition": {"description": "Chilblains"}},
                "interventions": {"intervention": {"drugNames": "Imatinib", "phase": "Phase II"}},
            },
            (
                ["NCT09600011", "ISRCTN97654321"],
                "Warm socks for cold toes",
                ["Phase2"],
                ["Chilblains"],
                ["Drug: Imatinib"],
                2,
                1,
            ),
        ),
        (
            {
                "a2_eudract_number": "2016-001111-22",
                "a3_full_title_of_the_trial": "A trial of imatinib and socks",
                "e11_medical_conditions_being_investigated": "Chilblains",
                "dimp": [{"d31_product_name": "Imatinib"}, {"d31_product_name": "Imatinib"}],
                "e3_principal_inclusion_criteria": "1. Cold toes 2. Age of 18 years",
                "e4_principal_exclusion_criteria": "1. Frostbite 2. Gout",
                "e72_therapeutic_exploratory_phase_ii": "Yes",
                "e73_therapeutic_confirmatory_phase_iii": "No",
            },
            (["2016-001111-22"], "A trial of imatinib and socks", ["Phase2"], ["Chilblains"], ["Drug: Imatinib"], 2, 2),
        ),
    ],
)
def test_what_such_a_record_says(record: dict[str, Any], expected: tuple[Any, ...]) -> None:
    found, document = read(read_document("x", orjson.dumps(record)), builtin())
    assert all(document.text[e.start : e.end] == e.quote for e in found.evidence)
    assert (
        found.identifier,
        found.title,
        found.phase,
        [c.label for c in found.has_condition],
        [f"{i.kind}: {i.name}" for i in found.has_intervention],
    ) == expected[:5]
    outcome = process("x", orjson.dumps(record), builtin())
    assert outcome.finding is None
    assert (outcome.counts["Criterion"],) == (expected[5] + expected[6],)
