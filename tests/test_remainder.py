"""What a criterion says beyond its constraints: it is failed by what was understood of it, but not met by that alone."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from kg.criteria.constraints import constraints
from kg.criteria.remainder import leave
from kg.mesh import builtin
from tests_support import all_held, held, quote

ASTHMA: dict[str, object] = {"conditions": [{"name": "asthma", "active": True}], "complete": ["conditions"]}
WELL: dict[str, object] = {"conditions": [], "therapies": [], "complete": ["conditions", "therapies"]}
OPERATED: dict[str, object] = {"therapies": [{"name": "surgery", "end": "2026-02-01"}], "complete": ["therapies"]}
IN, OUT = "Inclusion Criteria:\n\n* {}", "Exclusion Criteria:\n\n* {}"


@pytest.mark.parametrize(
    ("text", "exclusion", "narrowing", "left"),
    [
        ("Asthma", False, [], []),
        ("Histologically confirmed melanoma, known since at least 3 months", False, [], []),
        ("Asthma that needs tablets every day", False, ["needs tablets"], []),
        ("No uncontrolled asthma or serious pulmonary illness", False, [], ["serious pulmonary"]),
        ("Asthma or another illness of the airways", True, [], ["airways"]),
        ("Allergy (e.g., to wasps or bees)", True, [], []),
        ("Asthma, stable or mild", True, [], ["stable or mild"]),
        ("Asthma (stable or mild)", True, ["stable or mild"], []),
        ("Platelets > 100,000/mm3 without transfusion", False, ["without transfusion"], []),
        ("Platelets > 100,000/mm3 (transfusions are allowed)", False, [], []),
        ("Stroke within 6 months before the first visit", True, [], []),
        ("Cancer other than carcinoma in situ of the cervix", True, [], []),
        ("New York Heart Association (NYHA) class III heart failure", True, [], []),
    ],
)  # fmt: skip
def test_words_that_no_constraint_says(text: str, exclusion: bool, narrowing: list[str], left: list[str]) -> None:
    made = constraints(quote(text), exclusion=exclusion, index=builtin())
    assert made
    assert leave(quote(text), made) == left
    assert [words for one in made for words in one.remainder] == narrowing


@pytest.mark.parametrize(
    ("text", "patient", "verdict"),
    [
        (IN.format("Asthma that needs tablets every day"), ASTHMA, "cannot tell"),
        (IN.format("Asthma that needs tablets every day"), WELL, "not met"),
        (OUT.format("Asthma that needs tablets every day"), ASTHMA, "cannot tell"),
        (OUT.format("Asthma that needs tablets every day"), WELL, "met"),
        (OUT.format("Asthma or another illness of the airways"), ASTHMA, "not met"),
        (OUT.format("Asthma or another illness of the airways"), WELL, "cannot tell"),
        (OUT.format("Previous surgery of the nose"), OPERATED, "cannot tell"),
        (OUT.format("Previous surgery"), OPERATED, "not met"),
        (OUT.format("Previous surgery of the nose"), WELL, "met"),
        (IN.format("At least 8 weeks since surgery of the nose"), OPERATED, "cannot tell"),
        (IN.format("At least 8 weeks since surgery"), OPERATED, "not met"),
        # Who is shut out, let in, or only spoken of.
        (IN.format("People with asthma will not be enrolled"), ASTHMA, "not met"),
        (IN.format("Any prior surgery makes a patient ineligible"), OPERATED, "not met"),
        (OUT.format("Patients must not have asthma"), ASTHMA, "not met"),
        (OUT.format("Patients with asthma are not eligible"), ASTHMA, "not met"),
        (IN.format("Asthma is not an exclusion"), WELL, "met"),
        (IN.format("Pregnant women can be included"), {"pregnant": False}, "met"),
        (OUT.format("Patients on warfarin are excluded. Aspirin is allowed."), {"therapies": [{"name": "warfarin", "ongoing": True}]}, "not met"),
        (OUT.format("Household contact with people who have asthma"), WELL, "cannot tell"),
        (OUT.format("A high risk of stroke"), WELL, "cannot tell"),
        (OUT.format("Contact with someone who is pregnant"), {"pregnant": True}, "cannot tell"),
        (IN.format("Pulmonary function tested before surgery"), WELL, "cannot tell"),
        (IN.format("Spirometry is required for patients with asthma"), WELL, "cannot tell"),
        (IN.format("We will screen all women with a pregnancy test"), {"pregnant": True, "sex": "female"}, "cannot tell"),
        (IN.format("Donors who are positive for hepatitis B are accepted case by case"), WELL, "cannot tell"),
        (IN.format("Bone age of 9 to 12 years"), {"age": 40}, "cannot tell"),
        (OUT.format("Contact with children under 5 years of age"), {"age": 40}, "cannot tell"),
        (IN.format("For study #2, people aged 60 to 70 years"), {"age": 40}, "cannot tell"),
        (IN.format("For study #2, people aged 60 to 70 years"), {"age": 65}, "met"),
        (IN.format("At least 4 weeks since radiotherapy if ANC is less than 1,000/mm3 or platelets are less than 75,000/mm3"),
         {"therapies": [{"name": "radiotherapy", "end": "2026-02-20"}], "measurements": [{"name": "ANC", "value": 900, "unit": "/uL"}, {"name": "PLT", "value": 90000, "unit": "/uL"}]}, "not met"),
        (IN.format("At least 4 weeks since radiotherapy if ANC is less than 1,000/mm3"),
         {"therapies": [{"name": "radiotherapy", "end": "2026-02-20"}], "measurements": [{"name": "ANC", "value": 2000, "unit": "/uL"}]}, "met"),
        (IN.format("Aged 55 years or over OR both ovaries were removed"), {"age": 40}, "cannot tell"),
        (IN.format("Aged 55 years or over OR both ovaries were removed"), {"age": 60}, "met"),
        (IN.format("People with lung metastases must have an oxygen saturation of more than 90%"), WELL, "met"),
        (IN.format("Patients with asthma must have an oxygen saturation > 90%"), WELL, "met"),
        (IN.format("Patients previously treated with warfarin may have an operation"), WELL, "met"),
        (IN.format("At least 3 weeks since acceptable radiotherapy"), {"therapies": [{"name": "radiotherapy", "end": "2026-02-20"}]}, "cannot tell"),
        (IN.format("Seronegative for hepatitis B and C"), WELL, "met"),
        (IN.format("Asthma (all degrees are allowed)"), WELL, "not met"),
        (IN.format("Use of warfarin will not constitute an exclusion"), WELL, "met"),
        (IN.format("Participants under 18 years of age must have the consent of a parent"), {"age": 40}, "cannot tell"),
        (OUT.format("Children of 13 years and older are eligible"), {"age": 40}, "met"),
        (OUT.format("Unstable or severe hepatic, gastrointestinal or kidney disease"), {"conditions": ["gastrointestinal stromal tumor"]}, "cannot tell"),
        (OUT.format("Hepatic, gastrointestinal or kidney disease"), {"conditions": ["gastrointestinal stromal tumor"]}, "not met"),
        (IN.format("Children aged 7-10, with an IQ > 80"), {"age": 9}, "cannot tell"),
        # What shares its words with a neighbour.
        (IN.format("Locally advanced or metastatic disease"), WELL, "cannot tell"),
        (IN.format("Locally advanced or metastatic disease"), {"conditions": ["liver metastases"]}, "met"),
        (IN.format("No locally advanced or metastatic disease"), {"conditions": ["liver metastases"]}, "not met"),
        (IN.format("Melanoma or other solid tumor"), {"conditions": ["gastrointestinal stromal tumor"]}, "met"),
        (OUT.format("Brain metastases"), {"conditions": ["liver metastases"], "complete": ["conditions"]}, "met"),
        (IN.format("Carcinoma of the breast"), {"conditions": ["breast cancer"], "complete": ["conditions"]}, "cannot tell"),
        (IN.format("Cancer, including melanoma and sarcoma"), {"conditions": ["breast cancer"]}, "met"),
        (IN.format("Platelets > 100,000/mm3 (unless known thrombocytopenia)"), {**WELL, "measurements": [{"name": "PLT", "value": 90000, "unit": "/uL"}]}, "not met"),
        (IN.format("Performance status: less than or equal to ECOG 2"), {"measurements": [{"name": "ECOG", "value": 1}]}, "met"),
        (IN.format("No greater than 60 days since radiotherapy"), {"therapies": [{"name": "radiotherapy", "end": "2025-02-01"}]}, "not met"),
        (IN.format("No prior or concurrent second malignancy"), {"conditions": ["gastrointestinal stromal tumor", "breast cancer"]}, "not met"),
        (IN.format("Prior biopsy of the tumor"), WELL, "cannot tell"),
        (IN.format("Use of an insulin pump for 3 months"), WELL, "cannot tell"),
    ],
)  # fmt: skip
def test_what_is_only_understood_in_part(text: str, patient: dict[str, object], verdict: str, tmp_path: Path) -> None:
    assert held(text, patient, tmp_path) == verdict


@pytest.mark.parametrize(
    ("text", "patient", "verdicts"),
    [
        ("* Stroke OR\n* Asthma\n", ASTHMA, ["met", "met"]),
        ("* Stroke OR\n* Asthma\n", WELL, ["not met", "not met"]),
        ("* No other cancer except melanoma OR\n* Asthma\n", WELL, ["met", "met"]),
        ("Allowed:\n\n* Warfarin\n\nPatients must have:\n\n* Asthma\n", WELL, ["cannot tell", "not met"]),
        ("Patients with any of these are excluded:\n\n    * Asthma\n    * Stroke\n", ASTHMA, ["not met", "met"]),
    ],
)
def test_items_that_belong_together(text: str, patient: dict[str, object], verdicts: list[str], tmp_path: Path) -> None:
    assert all_held(f"Inclusion Criteria:\n\n{text}", patient, tmp_path)[-2:] == verdicts


@pytest.mark.parametrize(
    "piece", ["asthma allowed. ", "such as asthma, ", "serious or ", "(if asthma) ", "risk of asthma and "]
)
def test_long_text_takes_linear_time(piece: str) -> None:
    def seconds(count: int) -> float:
        text = quote(piece * count)
        made = constraints(text, exclusion=False, index=builtin())
        started = time.process_time()
        leave(text, made)
        return time.process_time() - started

    assert seconds(3000) < 3.5 * seconds(1500) + 0.25
