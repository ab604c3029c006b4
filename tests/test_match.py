"""Patients held against trials: three-valued logic, every verdict of thirteen patients, and the same answers as SPARQL gives."""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.cli import main
from kg.eligibility import Eligibility, Match
from kg.eligibility.chart import name_of, variable_of
from kg.eligibility.truth import every, opposite, some
from kg.errors import UsageError
from kg.fhir import as_patient
from kg.graphs import OxigraphGraph
from kg.mesh import builtin
from kg.patient import Patient, load, read, when
from kg.questions import ask
from tests_support import all_held, held

PATIENTS = Path(__file__).parent / "patients"
GOLDEN = Path(__file__).parent / "golden" / "matches.json"
TRUTHS = st.lists(st.sampled_from([True, False, None]), max_size=5)


@pytest.fixture(scope="module")
def eligibility(examples: OxigraphGraph) -> Eligibility:
    return Eligibility(examples, builtin())


@given(TRUTHS)
def test_unknown_is_decided_only_where_every_way_of_knowing_decides_alike(truths: list[bool | None]) -> None:
    ways = list(product(*[[True, False] if t is None else [t] for t in truths]))
    for combined, plain in ((every, all), (some, any)):
        outcomes = {plain(way) for way in ways}
        assert combined(truths) is (outcomes.pop() if len(outcomes) == 1 else None)
    assert every(opposite(t) for t in truths) is opposite(some(truths))


def verdicts(found: list[Match]) -> dict[str, dict[str, str]]:
    return {m.trial: {f"{v.criterion}  {' '.join(v.text.split())[:60]}": v.verdict for v in m.criteria} for m in found}


def test_every_verdict_of_the_patients(eligibility: Eligibility, request: pytest.FixtureRequest) -> None:
    found = {path.stem: verdicts(eligibility.match(load(path))) for path in sorted(PATIENTS.iterdir())}
    if request.config.getoption("--accept"):
        GOLDEN.write_text(json.dumps(found, indent=1, ensure_ascii=False, sort_keys=True) + "\n")
    expected = json.loads(GOLDEN.read_text())
    assert len(found) == 13
    for patient, trials in expected.items():
        for trial, criteria in trials.items():
            assert found[patient][trial] == criteria, (patient, trial)
    assert found == expected


IN, OUT = "Inclusion Criteria:\n\n* {}", "Exclusion Criteria:\n\n* {}"
GIST = {"name": "gastrointestinal stromal tumor", "active": True}


_LISTED = "Inclusion Criteria:\n\n* {}\n    * Stroke\n    * Heart failure\n"
STROKE: dict[str, object] = {"conditions": ["stroke"], "complete": ["conditions"]}


@pytest.mark.parametrize(
    ("lead", "patient", "expected"),
    [
        ("No history of any of the following:", STROKE, ["not met", "met"]),
        ("No history of any of the following:", {"complete": ["conditions"]}, ["met", "met"]),
        ("Free of other diseases except:", STROKE, ["met", "met"]),
        ("At least one of the following:", STROKE, ["met", "met"]),
        ("At least one of the following:", {"complete": ["conditions"]}, ["not met", "not met"]),
        ("At least one of the following:", {"conditions": ["stroke"]}, ["met", "cannot tell"]),
        ("All of the following:", STROKE, ["met", "not met"]),
    ],
)
def test_what_a_list_asks_is_said_above_it(
    lead: str, patient: dict[str, object], expected: list[str], tmp_path: Path
) -> None:
    assert all_held(_LISTED.format(lead), patient, tmp_path)[-2:] == expected


_CHOICES = """Inclusion Criteria:

* Two or more of the following:
    * Stroke
    * Aged 70 or over
    * Aged 55 or over and one of the following:
        * Asthma
        * Epilepsy
"""


@pytest.mark.parametrize(
    ("patient", "expected"),
    [
        ({"age": 60, "conditions": ["stroke", "asthma"], "complete": ["conditions"]}, ["met", "met", "met", "met", "met"]),
        ({"age": 60, "conditions": ["stroke"], "complete": ["conditions"]}, ["met", "not met", "met", "not met", "not met"]),
        ({"age": 60, "conditions": ["stroke"]}, ["met", "cannot tell", "met", "cannot tell", "cannot tell"]),
        ({"age": 40, "conditions": ["stroke"]}, ["met", "not met", "not met", "cannot tell", "cannot tell"]),
    ],
)  # fmt: skip
def test_of_a_list_with_lists_in_it_some_are_enough(
    patient: dict[str, object], expected: list[str], tmp_path: Path
) -> None:
    assert all_held(_CHOICES, patient, tmp_path)[-5:] == expected


@pytest.mark.parametrize(
    ("text", "patient", "verdict"),
    [
        (IN.format("Platelets > 100,000/mm3"), {"measurements": [{"name": "PLT", "value": 99, "unit": "10*9/L"}]}, "not met"),
        (IN.format("Platelets > 100,000/mm3"), {"measurements": [{"name": "PLT", "value": 101, "unit": "10*9/L"}]}, "met"),
        (IN.format("Platelets > 100,000/mm3"), {"measurements": [{"name": "PLT", "value": 101}]}, "cannot tell"),
        (IN.format("Platelets > 100,000/mm3"), {}, "cannot tell"),
        (IN.format("Hemoglobin at least 9 g/dL"), {"measurements": [{"name": "Hb", "value": 91, "unit": "g/L"}]}, "met"),
        (IN.format("Creatinine < 1.5 times ULN"), {"measurements": [{"name": "creatinine", "value": 1.6, "unit": "mg/dL"}]}, "cannot tell"),
        (IN.format("Creatinine < 1.5 times ULN"), {"measurements": [{"name": "creatinine", "value": 1.6, "unit": "mg/dL", "upperLimit": 1}]}, "not met"),
        (IN.format("Age 18 to 75 years"), {"age": 75.9}, "met"),
        (IN.format("Age 18 to 75 years"), {"birthDate": "1950"}, "cannot tell"),
        (IN.format("Age 18 to 75 years"), {"birthDate": "1951-03-02"}, "met"),
        (IN.format("Histologically confirmed sarcoma"), {"conditions": [GIST]}, "met"),
        (IN.format("Gastrointestinal stromal tumor"), {"conditions": ["sarcoma"], "complete": ["conditions"]}, "cannot tell"),
        (IN.format("Gastrointestinal stromal tumor"), {"conditions": ["melanoma"], "complete": ["conditions"]}, "not met"),
        (IN.format("Gastrointestinal stromal tumor"), {"conditions": ["melanoma"]}, "cannot tell"),
        (IN.format("No prior imatinib"), {"therapies": [{"name": "Gleevec", "end": "2019"}]}, "not met"),
        (IN.format("No prior imatinib"), {"therapies": [{"name": "imatinib", "absent": True}]}, "met"),
        (IN.format("No prior imatinib"), {"therapies": []}, "cannot tell"),
        (IN.format("No prior imatinib"), {"therapies": [], "complete": ["therapies"]}, "met"),
        (IN.format("At least 28 days since prior imatinib"), {"therapies": [{"name": "imatinib", "end": "2026-02-10"}]}, "not met"),
        (IN.format("At least 28 days since prior imatinib"), {"therapies": [{"name": "imatinib", "end": "2026-01"}]}, "met"),
        (IN.format("At least 28 days since prior imatinib"), {"therapies": [{"name": "imatinib", "end": "2026-02"}]}, "cannot tell"),
        (IN.format("At least 28 days since prior imatinib"), {"therapies": [{"name": "imatinib", "ongoing": True}]}, "not met"),
        (OUT.format("Concurrent warfarin"), {"therapies": [{"name": "warfarin", "start": "2025-01-01", "end": "2025-06-01"}]}, "met"),
        (OUT.format("Concurrent warfarin"), {"therapies": [{"name": "warfarin", "ongoing": True}]}, "not met"),
        (OUT.format("Myocardial infarction within 6 months"), {"conditions": [{"name": "myocardial infarction", "since": "2026-01-20", "until": "2026-01-20"}]}, "not met"),
        (OUT.format("Myocardial infarction within 6 months"), {"conditions": [{"name": "myocardial infarction", "since": "2024-01-20", "until": "2024-01-20"}]}, "met"),
        (OUT.format("Myocardial infarction within 6 months"), {"conditions": ["myocardial infarction"]}, "cannot tell"),
        (OUT.format("Other malignancy within 5 years"), {"conditions": [GIST], "complete": ["conditions"]}, "met"),
        (OUT.format("Other malignancy within 5 years"), {"conditions": [GIST, {"name": "breast cancer", "active": True}]}, "not met"),
        (IN.format("A guardian's consent if less than 18 years of age"), {"age": 58}, "met"),
        (IN.format("Filgrastim for patients with ANC < 1000 cells/mm3"), {"measurements": [{"name": "ANC", "value": 3, "unit": "10*9/L"}]}, "met"),
        (IN.format("May have had surgical resection of the primary tumor"), {"complete": ["therapies"]}, "met"),
        (IN.format("Recovered from any prior radiotherapy"), {"complete": ["therapies"]}, "cannot tell"),
        (IN.format("At least 3 months since prior myocardial infarction"), {"complete": ["conditions"]}, "met"),
        (IN.format("Performance status: Karnofsky 50-100%"), {"measurements": [{"name": "ECOG", "value": 1}]}, "cannot tell"),
        (IN.format("Performance status: ECOG 0-2 (3-4 acceptable if due to bone pain)"), {"measurements": [{"name": "ECOG", "value": 1}]}, "met"),
        (IN.format("Performance status: ECOG 0-2 (3-4 acceptable if due to bone pain)"), {"measurements": [{"name": "ECOG", "value": 3}]}, "cannot tell"),
        (IN.format("If history of heart disease, LVEF greater than 50%"), {"complete": ["conditions"]}, "met"),
        (IN.format("No patients younger than 3 years or older than 30 years"), {"age": 71}, "not met"),
        (IN.format("No patients younger than 3 years or older than 30 years"), {"age": 20}, "met"),
        (IN.format("Melanoma treated by limb perfusion Shoulder lesions allowed"), {"conditions": [GIST], "complete": ["conditions"]}, "not met"),
        (IN.format("No greater than 6 prior courses of radiotherapy"), {"complete": ["therapies"]}, "cannot tell"),
        (IN.format("No prior radiotherapy unless there was progression since radiotherapy"), {"complete": ["therapies"]}, "met"),
        (IN.format("Women of child-bearing potential must use contraception and tell of pregnancy"), {"sex": "male"}, "met"),
        (IN.format("Hepatitis B and C negative"), {"complete": ["conditions"]}, "met"),
        (IN.format("Hepatitis B and C negative"), {"conditions": ["hepatitis B"]}, "not met"),
        (IN.format("No other prior therapy for this malignancy"), {"conditions": [GIST]}, "cannot tell"),
        (IN.format("No evidence of metastases from any malignancy"), {"conditions": [GIST], "complete": ["conditions"]}, "met"),
        (IN.format("Prior radiotherapy must have been to less than 25% of bone marrow"), {"complete": ["therapies"]}, "cannot tell"),
        (IN.format("Patients with history of CNS leukemia must have a lumbar puncture"), {"complete": ["conditions"]}, "cannot tell"),
        (IN.format("Any course of treatment with itraconazole should have been completed 8 weeks ago"), {"complete": ["therapies"]}, "met"),
        (IN.format("Any course of treatment with imatinib should have been completed 8 weeks ago"), {"therapies": ["imatinib"]}, "cannot tell"),
        (IN.format("For patients with ANC < 1000 cells/mm3 no history of stroke"), STROKE, "not met"),
        (IN.format("Relapsed non-Hodgkin's lymphoma"), {"conditions": ["GIST"], "complete": ["conditions"]}, "not met"),
        (OUT.format("Pregnant or breast feeding"), {"pregnant": True}, "not met"),
        (OUT.format("Pregnant"), {"sex": "male"}, "met"),
        (IN.format("Women of childbearing potential must have a negative pregnancy test"), {"sex": "male"}, "met"),
        (IN.format("Women must be non-pregnant"), {"sex": "female", "pregnant": False}, "met"),
        (OUT.format("QTc > 450 ms (470 ms in women)"), {"sex": "female", "measurements": [{"name": "QTc", "value": 460, "unit": "ms"}]}, "met"),
        (OUT.format("QTc > 450 ms (470 ms in women)"), {"sex": "male", "measurements": [{"name": "QTc", "value": 460, "unit": "ms"}]}, "not met"),
        (OUT.format("QTc > 450 ms (470 ms in women)"), {"measurements": [{"name": "QTc", "value": 460, "unit": "ms"}]}, "cannot tell"),
        (IN.format("AST < 2.5 times ULN (5 times ULN if hepatic metastases are present)"),
         {"conditions": ["liver metastases"], "measurements": [{"name": "AST", "value": 4, "unit": "ULN"}]}, "met"),
        (IN.format("AST < 2.5 times ULN (5 times ULN if hepatic metastases are present)"),
         {"conditions": ["asthma"], "complete": ["conditions"], "measurements": [{"name": "AST", "value": 4, "unit": "ULN"}]}, "not met"),
        (IN.format("AST < 2.5 times ULN (5 times ULN if hepatic metastases are present)"),
         {"measurements": [{"name": "AST", "value": 4, "unit": "ULN"}]}, "cannot tell"),
        (IN.format("Creatinine clearance >= 60 mL/min or creatinine <= 1.5 mg/dL"), {"measurements": [{"name": "creatinine", "value": 1.2, "unit": "mg/dL"}]}, "met"),
        (IN.format("Creatinine clearance >= 60 mL/min or creatinine <= 1.5 mg/dL"), {"measurements": [{"name": "creatinine", "value": 1.8, "unit": "mg/dL"}]}, "cannot tell"),
        (OUT.format("NYHA class III or IV heart disease"), {"conditions": [{"name": "myocardial infarction", "active": True}], "measurements": [{"name": "NYHA", "value": 1}]}, "met"),
        (OUT.format("Diseases including, but not limited to, asthma"), {"conditions": [{"name": "asthma", "active": True}]}, "not met"),
        (IN.format("Signed informed consent"), {}, "cannot tell"),
        (OUT.format("Weight loss of more than 9 kg"), {"measurements": [{"name": "weight", "value": 80, "unit": "kg"}]}, "cannot tell"),
        (IN.format("Age 12 years or older at diagnosis"), {"age": 9}, "not met"),
        (IN.format("Age 12 years or older at diagnosis"), {"age": 40}, "cannot tell"),
        (IN.format("Aged under 12 years at diagnosis"), {"age": 9}, "met"),
        (IN.format("Children (5 months to 11 years)"), {"age": 9}, "met"),
        (IN.format("Seizures that began before age 12"), {"age": 40}, "cannot tell"),
        (IN.format("People with diabetes or asthma were excluded"), {"conditions": ["asthma"]}, "not met"),
        (IN.format("People with diabetes or asthma were excluded"), {"complete": ["conditions"]}, "met"),
        (IN.format("No medical contraindication to pregnancy"), {"sex": "female", "pregnant": True}, "cannot tell"),
        (IN.format("Men or non-lactating and non-pregnant women"), {"sex": "female", "pregnant": True}, "not met"),
        (IN.format("No recurrent brain metastases after prior surgery"), {"conditions": [GIST], "therapies": ["surgery"], "complete": ["conditions"]}, "met"),
        (IN.format("Platelets 120,000/mm3, hemoglobin 11 g/dL"), {"measurements": [{"name": "platelets", "value": 210, "unit": "10*9/L"}]}, "cannot tell"),
        (IN.format("Not pregnant No poorly controlled diabetes HIV negative"), {"sex": "male", "conditions": ["diabetes mellitus"]}, "cannot tell"),
        (IN.format("Patients with gliomas who require steroids must be on a stable dose of them"), {"conditions": [GIST], "complete": ["conditions"]}, "cannot tell"),
        (IN.format("Mastectomy must be planned for 3-5 weeks from now"), {"complete": ["therapies"]}, "cannot tell"),
        (OUT.format("Use of any drug for hypertension"), {"conditions": ["hypertension"]}, "cannot tell"),
        (OUT.format("Type 1 diabetes"), {"conditions": ["type 2 diabetes"]}, "cannot tell"),
        (OUT.format("Diabetes mellitus type 1"), {"conditions": ["type 2 diabetes"]}, "cannot tell"),
        (OUT.format("Prior heart surgery"), {"therapies": ["mastectomy"]}, "cannot tell"),
        (OUT.format("Prior major surgery"), {"complete": ["therapies"]}, "met"),
        (IN.format("At least 4 weeks since prior heart surgery"), {"therapies": [{"name": "mastectomy", "end": "2026-11-10"}], "date": "2026-11-20"}, "cannot tell"),
        (OUT.format("Known hypersensitivity or allergic reaction to penicillin"), {"conditions": ["asthma"]}, "cannot tell"),
        (OUT.format("Uncontrolled hypertension"), {"conditions": ["hypertension"]}, "cannot tell"),
        (OUT.format("Pneumonitis that required steroids"), {"therapies": ["prednisone"], "complete": ["conditions"]}, "met"),
        (OUT.format("Breast cancer with brain metastases"), {"conditions": ["breast cancer"], "complete": ["conditions"]}, "met"),
        (OUT.format("Breast cancer or with brain metastases"), {"conditions": ["breast cancer"], "complete": ["conditions"]}, "not met"),
        (OUT.format("Kidney disease (creatinine > 2 mg/dL, or eGFR < 40 mL/min)"), {"conditions": ["kidney disease"]}, "cannot tell"),
        (OUT.format("Systolic blood pressure outside the range of 90 to 150 mmHg"), {"measurements": [{"name": "systolic blood pressure", "value": 130, "unit": "mm[Hg]"}]}, "met"),
        (OUT.format("Systolic blood pressure outside the range of 90 to 150 mmHg"), {"measurements": [{"name": "systolic blood pressure", "value": 160, "unit": "mm[Hg]"}]}, "not met"),
        (OUT.format("Pregnant, or without an accepted method of contraception"), {"sex": "female", "pregnant": True}, "not met"),
        (IN.format("Ineligible for cisplatin because of asthma"), {"conditions": ["asthma"]}, "cannot tell"),
        (IN.format("People with asthma are ineligible"), {"conditions": ["asthma"]}, "not met"),
        (IN.format("Caregivers of a 10-year-old to 14-year-old child"), {"age": 50}, "cannot tell"),
        (OUT.format("Stage 4 or 5 chronic kidney disease"), {"conditions": ["chronic kidney disease"]}, "cannot tell"),
        (OUT.format("Stage 4 or 5 chronic kidney disease"), {"complete": ["conditions"]}, "met"),
        (OUT.format("GOLD stage 3 or 4 COPD"), {"conditions": ["COPD"]}, "cannot tell"),
        (OUT.format("Grade 2 or worse peripheral neuropathy"), {"complete": ["conditions"]}, "met"),
        (OUT.format("Heart failure with LVEF below 40%"), {"conditions": ["heart failure"], "measurements": [{"name": "LVEF", "value": 55, "unit": "%"}]}, "met"),
        (OUT.format("Heart failure with LVEF below 40%"), {"conditions": ["heart failure"], "measurements": [{"name": "LVEF", "value": 30, "unit": "%"}]}, "not met"),
        (OUT.format("Diabetes or HbA1c > 9%"), {"conditions": ["diabetes mellitus"], "measurements": [{"name": "HbA1c", "value": 7, "unit": "%"}]}, "not met"),
        (OUT.format("Diabetes with HbA1c > 9%"), {"conditions": ["diabetes mellitus"], "measurements": [{"name": "HbA1c", "value": 7, "unit": "%"}]}, "met"),
        (OUT.format("Anemia (Hb < 10 g/dL)"), {"conditions": ["anemia"], "measurements": [{"name": "hemoglobin", "value": 12, "unit": "g/dL"}]}, "met"),
        (OUT.format("Anemia (Hb < 10 g/dL)"), {"complete": ["conditions"], "measurements": [{"name": "hemoglobin", "value": 8, "unit": "g/dL"}]}, "not met"),
        (OUT.format("Anemia (Hb < 10 g/dL)"), {"conditions": ["anemia"]}, "cannot tell"),
        (OUT.format("Patients are not expected to live for more than 3 months"), {"measurements": [{"name": "life expectancy", "value": 12, "unit": "mo"}]}, "met"),
        (OUT.format("Patients are not expected to live for more than 3 months"), {"measurements": [{"name": "life expectancy", "value": 2, "unit": "mo"}]}, "not met"),
        (OUT.format("People who are not at least 18 years old"), {"age": 40}, "met"),
        (OUT.format("People who are not at least 18 years old"), {"age": 9}, "not met"),
        (OUT.format("ECOG performance status not 0 or 1"), {"measurements": [{"name": "ECOG", "value": 1}]}, "met"),
        (OUT.format("ECOG performance status not 0 or 1"), {"measurements": [{"name": "ECOG", "value": 3}]}, "not met"),
        (OUT.format("Surgery planned within the next 2 months"), {"therapies": [{"name": "surgery", "start": "2026-02-20", "end": "2026-02-20"}]}, "cannot tell"),
        (OUT.format("Has taken opioids for 5 days before surgery"), {"complete": ["therapies"]}, "cannot tell"),
    ],
)  # fmt: skip
def test_single_criteria(text: str, patient: dict[str, object], verdict: str, tmp_path: Path) -> None:
    assert held(text, patient, tmp_path) == verdict


@pytest.mark.parametrize(
    ("variable", "value", "unit"),
    [("platelet count", "90000", "/uL"), ("EcogStatus", "2", ""), ("hemoglobin", "9", "g/dL")],
)
def test_sparql_gives_the_same_answer(
    examples: OxigraphGraph, eligibility: Eligibility, variable: str, value: str, unit: str
) -> None:
    """The question `accepts` and the matching agree on every trial that bounds the quantity for everybody."""
    patient = read({"measurements": [{"name": variable, "value": value, "unit": unit}]})
    name = variable_of(variable)
    said = {
        r["trial"].rsplit("/", 1)[-1]: r["answer"]
        for r in ask("accepts", examples, variable=variable, value=value).dicts()
        if r["trial"]
    }
    compared = 0
    for trial, found in zip(eligibility.trials, (eligibility.match(patient)), strict=True):
        found = next(m for m in eligibility.match(patient) if m.trial == trial.id.rsplit("/", 1)[-1])
        plain = [c for c in trial.criteria if c.constraints and all(k.variable == name for k in c.constraints)]
        if not plain or said[found.trial] in ("depends", "not stated"):
            continue
        by_id = {v.criterion: v.verdict for v in found.criteria}
        failed = any(by_id[c.id.removeprefix("https://w3id.org/trialkg/")] == "not met" for c in plain)
        assert said[found.trial] == ("no" if failed else "yes"), found.trial
        compared += 1
    assert compared >= 1


def test_trials_come_in_the_order_of_their_verdicts(eligibility: Eligibility) -> None:
    found = eligibility.match(load(PATIENTS / "01-before-surgery.yaml"))
    rank = [("meets", "may meet", "fails").index(m.verdict) for m in found]
    assert rank == sorted(rank) and {m.verdict for m in found} == {"meets", "may meet", "fails"}
    assert all(m.met + m.not_met + m.unknown == len(m.criteria) for m in found)
    assert all(v.reason for m in found for v in m.criteria)


def test_a_bundle_says_the_same_as_the_simple_form() -> None:
    bundle = json.loads((PATIENTS / "12-bundle.json").read_text())
    patient = msgspec.convert(as_patient(bundle), Patient, strict=False)
    assert (patient.id, patient.sex, patient.pregnant, patient.date) == ("kim", "female", False, "2026-03-01")
    assert [(d.name, d.absent, d.active) for d in patient.diseases()] == [
        ("Gastrointestinal stromal tumor", False, True), ("brain metastases", True, None),
    ]  # fmt: skip
    assert {m.name: (str(m.value), m.unit) for m in patient.measurements}["PlateletCount"] == ("180", "10*3/uL")
    assert [(t.name, t.end) for t in patient.treatments()] == [("surgery", "2026-01-20"), ("imatinib", "2026-01-10")]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"age": "old"}', "age"),
        ('{"birthday": "1960"}', "birthday"),
        ('{"birthDate": "12/11/1960"}', "is no date"),
        ('{"conditions": [{}]}', "neither name nor code"),
        ('{"resourceType": "Patient", "gender": "female"', "neither JSON nor YAML"),
        ('{"resourceType": "Library"}', "no Bundle"),
        ('{"resourceType": "Bundle", "entry": []}', "0 patients"),
        ("- a\n- b\n", "is no patient"),
        ("a: [", "neither JSON nor YAML"),
        ("", "is no patient"),
    ],
)
def test_a_wrong_patient_is_told_in_one_line(
    text: str, words: str, tmp_path: Path, examples_ttl: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "p.json").write_text(text)
    with pytest.raises(SystemExit, match="2"):
        main(["match", str(tmp_path / "p.json"), "-g", str(examples_ttl)])
    told = capfd.readouterr().err
    assert words in told and told.count("\n") == 1 and "p.json" in told


def test_on_the_command_line(examples_ttl: Path, capfd: pytest.CaptureFixture[str]) -> None:
    patient = str(PATIENTS / "03-low-platelets.yaml")
    with pytest.raises(SystemExit, match="0"):
        main(["match", patient, "-g", str(examples_ttl), "--trial", "NCT01267695", "--explain"])
    told = capfd.readouterr().out
    assert (
        "[-] inclusion: Platelet count > 100,000/mm3\n        not met: platelet count 90000 /uL, asked is > 100000 /mm3"
        in told
    )
    with pytest.raises(SystemExit, match="0"):
        main(["match", patient, "-g", str(examples_ttl), "--format", "json", "--limit", "2"])
    assert [m["verdict"] for m in json.loads(capfd.readouterr().out)] == ["may meet", "may meet"]
    with pytest.raises(UsageError, match="no such file"):
        load(Path("nobody.json"))


def test_dates_and_names() -> None:
    month = when("2026-02")
    assert month and (month.first.day, month.last.day) == (1, 28) and when("2026-13") is None
    assert name_of("Hepatic Metastases") == name_of("metastasis of the liver")
    assert variable_of("ANC") == "NeutrophilCount" and variable_of("shoe size") == ""
