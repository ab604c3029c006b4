"""AACT's tables: the same trials as from the API, from a zip or a folder, in any number of processes."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import orjson
import pytest

from kg.build import build
from kg.errors import UsageError
from kg.mesh import builtin
from kg.read.aact import as_study
from kg.sources import find
from kg.trial import process

TABLES = {
    "studies": """nct_id|study_type|brief_title|overall_status|phase|enrollment|enrollment_type|start_month_year|start_date|start_date_type|why_stopped|source|has_dmc|study_first_posted_date|study_first_posted_date_type
NCT09400031|INTERVENTIONAL|"Warm socks | or none"|TERMINATED|PHASE1/PHASE2|12|ACTUAL|2020-03|2020-03-31|ACTUAL|Spring came early|Winter Clinic|t|2019-12-24|ACTUAL
NCT09400032|OBSERVATIONAL|Who wears socks|COMPLETED||40|ACTUAL|2021-01-05|2021-01-05|ACTUAL||Winter Clinic|f||
""",
    "brief_summaries": 'id|nct_id|description\n1|NCT09400032|Socks are counted.\n2|NCT09400031|"Are ""warm"" socks ~5 degrees warmer?"\n',
    "conditions": "id|nct_id|name|downcase_name\n1|NCT09400031|Raynaud Disease|raynaud disease\n2|NCT09400031|Chilblains|chilblains\n",
    "designs": "id|nct_id|allocation|intervention_model|masking|subject_masked|outcomes_assessor_masked|primary_purpose\n"
    "1|NCT09400031|RANDOMIZED|PARALLEL|DOUBLE|t|t|PREVENTION\n",
    "design_groups": "id|nct_id|group_type|title|description\n7|NCT09400031|EXPERIMENTAL|Socks|Nifedipine 30 mg once daily and socks\n"
    "8|NCT09400031|NO_INTERVENTION|Barefoot|\n",
    "interventions": "id|nct_id|intervention_type|name|description\n21|NCT09400031|DRUG|Nifedipine|30 mg once daily\n22|NCT09400031|DEVICE|Socks|\n",
    "design_group_interventions": "id|nct_id|design_group_id|intervention_id\n1|NCT09400031|7|21\n2|NCT09400031|7|22\n",
    "intervention_other_names": "id|nct_id|intervention_id|name\n1|NCT09400031|21|Adalat\n",
    "design_outcomes": "id|nct_id|outcome_type|measure|time_frame|description\n1|NCT09400031|primary|Warmth|2 weeks|\n2|NCT09400031|secondary|Comfort|1 month|\n",
    "eligibilities": "id|nct_id|gender|minimum_age|maximum_age|healthy_volunteers|criteria|adult\n"
    "1|NCT09400031|ALL|18 Years|N/A|f|Inclusion Criteria:~~* Age of 18 years or more~* Platelets > 100,000/mm3~~Exclusion Criteria:~~* Frostbite|t\n",
    "sponsors": "id|nct_id|agency_class|lead_or_collaborator|name\n1|NCT09400031|OTHER|lead|Winter Clinic\n2|NCT09400031|INDUSTRY|collaborator|Sock Works\n",
    "id_information": "id|nct_id|id_type|id_value\n1|NCT09400031|org_study_id|WARM-1\n2|NCT09400031|secondary_id|2019-000001-11\n",
    "browse_conditions": "id|nct_id|mesh_term|mesh_type\n1|NCT09400031|Raynaud Disease|mesh-list\n2|NCT09400031|Vascular Diseases|mesh-ancestor\n",
    "countries": "id|nct_id|name|removed\n1|NCT09400031|Norway|f\n2|NCT09400031|Chile|t\n",
}  # fmt: skip

STUDY: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {
            "nctId": "NCT09400031",
            "organization": {"fullName": "Winter Clinic"},
            "briefTitle": "Warm socks | or none",
            "orgStudyIdInfo": {"id": "WARM-1"},
            "secondaryIdInfos": [{"id": "2019-000001-11"}],
        },
        "statusModule": {
            "overallStatus": "TERMINATED",
            "whyStopped": "Spring came early",
            "startDateStruct": {"date": "2020-03", "type": "ACTUAL"},
            "studyFirstPostDateStruct": {"date": "2019-12-24", "type": "ACTUAL"},
        },
        "sponsorCollaboratorsModule": {
            "leadSponsor": {"name": "Winter Clinic", "class": "OTHER"},
            "collaborators": [{"name": "Sock Works", "class": "INDUSTRY"}],
        },
        "oversightModule": {"oversightHasDmc": True},
        "descriptionModule": {"briefSummary": 'Are "warm" socks ~5 degrees warmer?'},
        "conditionsModule": {"conditions": ["Raynaud Disease", "Chilblains"]},
        "designModule": {
            "studyType": "INTERVENTIONAL",
            "phases": ["PHASE1", "PHASE2"],
            "designInfo": {
                "allocation": "RANDOMIZED",
                "interventionModel": "PARALLEL",
                "primaryPurpose": "PREVENTION",
                "maskingInfo": {"masking": "DOUBLE", "whoMasked": ["PARTICIPANT", "OUTCOMES_ASSESSOR"]},
            },
            "enrollmentInfo": {"count": 12, "type": "ACTUAL"},
        },
        "armsInterventionsModule": {
            "armGroups": [
                {"label": "Socks", "type": "EXPERIMENTAL", "description": "Nifedipine 30 mg once daily and socks"},
                {"label": "Barefoot", "type": "NO_INTERVENTION"},
            ],
            "interventions": [
                {"type": "DRUG", "name": "Nifedipine", "description": "30 mg once daily", "armGroupLabels": ["Socks"], "otherNames": ["Adalat"]},
                {"type": "DEVICE", "name": "Socks", "armGroupLabels": ["Socks"]},
            ],
        },
        "outcomesModule": {
            "primaryOutcomes": [{"measure": "Warmth", "timeFrame": "2 weeks"}],
            "secondaryOutcomes": [{"measure": "Comfort", "timeFrame": "1 month"}],
        },
        "eligibilityModule": {
            "eligibilityCriteria": "Inclusion Criteria:\n\n* Age of 18 years or more\n* Platelets > 100,000/mm3\n\nExclusion Criteria:\n\n* Frostbite",
            "healthyVolunteers": False,
            "sex": "ALL",
            "minimumAge": "18 Years",
            "stdAges": ["ADULT"],
        },
    },
    "derivedSection": {"miscInfoModule": {"removedCountries": ["Chile"]}, "conditionBrowseModule": {"meshes": [{"term": "Raynaud Disease"}]}},
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))


@pytest.fixture
def export(tmp_path: Path) -> Path:
    with zipfile.ZipFile(tmp_path / "aact.zip", "w") as archive:
        for name, text in TABLES.items():
            archive.writestr(f"{name}.txt", text)
        archive.writestr("facilities.txt", "id|nct_id|name\n")
    return tmp_path / "aact.zip"


def test_a_trial_says_the_same_as_from_the_api(export: Path) -> None:
    first = find([export])[0]
    ours = process(first.name, first.read(), builtin())
    theirs = process("study.json", orjson.dumps(STUDY), builtin())
    assert ours.finding is theirs.finding is None
    said, wanted = ({line for line in (*o.own, *o.common) if "/document/" not in line} for o in (ours, theirs))
    assert said == wanted


def test_zip_folder_and_processes_give_the_same(export: Path, tmp_path: Path) -> None:
    (tmp_path / "aact").mkdir()
    with zipfile.ZipFile(export) as archive:
        archive.extractall(tmp_path / "aact")
    report = build([export], tmp_path / "zip.nq")
    assert [d.document for d in report.documents] == ["aact.zip/NCT09400031", "aact.zip/NCT09400032"]
    assert report.trials == 2 and report.readers == {"aact": 2} and not report.set_aside
    build([tmp_path / "aact"], tmp_path / "folder.nq")
    assert (tmp_path / "zip.nq").read_text().replace("aact.zip/", "aact/") == (tmp_path / "folder.nq").read_text()


def test_an_export_is_brought_together_once_and_again_when_it_changes(export: Path, tmp_path: Path) -> None:
    found = find([export])
    (index,) = (tmp_path / "cache" / "trialkg").iterdir()
    made = index.stat().st_mtime_ns
    assert list(find([export])) == list(found) and index.stat().st_mtime_ns == made
    with zipfile.ZipFile(export, "a") as archive:
        archive.writestr("keywords.txt", "id|nct_id|name\n1|NCT09400032|wool\n")
    assert b"wool" in find([export])[1].read()
    assert list((tmp_path / "cache" / "trialkg").iterdir()) != [index]


def test_a_broken_export_is_a_wrong_call(export: Path) -> None:
    export.write_bytes(export.read_bytes().replace(b"Socks are counted", b"Socks are Counted"))
    with pytest.raises(UsageError, match="cannot be read"):
        build([export], export.with_name("out.nq"))


@pytest.mark.parametrize(
    ("written", "read"),
    [("about ~5 mg", "about ~5 mg"), ("one~two", "one\ntwo"), ("a:~~1. b~2. c", "a:\n\n1. b\n2. c")],
)
def test_line_breaks(written: str, read: str) -> None:
    study = as_study({"studies": [{"nct_id": "NCT09400031"}], "brief_summaries": [{"description": written}]})
    assert study["protocolSection"]["descriptionModule"]["briefSummary"] == read
