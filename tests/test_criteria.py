"""Eligibility text: split into criteria, and what the criteria mean. The sentences are the project's own."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.criteria import split
from kg.criteria.text import read_text
from kg.document import Quote
from kg.mesh import MeshIndex, builtin
from kg.record import Criterion, Passage


def criteria(text: str, kind: str = "") -> list[Criterion]:
    return split([Passage("eligibility", Quote(0, len(text), text), kind)], text)  # type: ignore[arg-type]


def read(text: str) -> list[dict[str, object]]:
    return read_text(text, builtin())


def bounds(text: str) -> list[tuple[object, ...]]:
    return [(k.get("variable", ""), k["comparator"], k["value"], k.get("unit", "")) for k in read(text) if "value" in k]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Platelet count > 100,000/mm3", [("PlateletCount", "gt", "100000", "/mm3")]),
        ("Thrombocytes of at least 100 x 10^9/L", [("PlateletCount", "ge", "100000000000", "/L")]),
        ("Neutrophils not less than 1.5 x 10^9/L", [("NeutrophilCount", "ge", "1500000000", "/L")]),
        ("Hemoglobin ≥ 9 g/dL", [("Hemoglobin", "ge", "9", "g/dL")]),
        ("ECOG performance status 0-2", [("EcogStatus", "ge", "0", ""), ("EcogStatus", "le", "2", "")]),
        ("ECOG 0, 1 or 2", [("EcogStatus", "ge", "0", ""), ("EcogStatus", "le", "2", "")]),
        ("Performance status:ECOG 0-3", [("EcogStatus", "ge", "0", ""), ("EcogStatus", "le", "3", "")]),
        ("Karnofsky performance status of 70% or more", [("KarnofskyStatus", "ge", "70", "%")]),
        ("Age:18 and over", [("Age", "ge", "18", "a")]),
        ("Men and women aged 18 to 75 years", [("Age", "ge", "18", "a"), ("Age", "le", "75", "a")]),
        ("Age: 18 years old ≤ age ≤ 75 years old;", [("Age", "ge", "18", "a"), ("Age", "le", "75", "a")]),
        ("ASA score <3 points", [("AsaScore", "lt", "3", "")]),
        ("LVEF above 50%", [("EjectionFraction", "gt", "50", "%")]),
        ("Creatinine clearance at least 60 mL/min", [("CreatinineClearance", "ge", "60", "mL/min")]),
        ("Heart disease of New York Heart Association class III-IV", [("NyhaClass", "ge", "3", "")]),
        ("cT1b-T2a, N0 or Nx, M0 tumor", [("TnmTumor", "ge", "1", ""), ("TnmTumor", "le", "2", ""), ("TnmNodes", "eq", "0", ""), ("TnmMetastasis", "eq", "0", "")]),
        ("A spot on T2 weighted images", []),
        ("Free T4 below the normal range", []),
        ("Liver fibrosis of grade F3 or F4", [("Liver fibrosis of grade", "ge", "3", ""), ("Liver fibrosis of grade", "le", "4", "")]),
        ("Pain at level C5-C7", []),
        ("Dry skin, XERQOL 2 to 4", [("XERQOL", "ge", "2", ""), ("XERQOL", "le", "4", "")]),
        ("Infection with HPV 16", []),
        ("Dry skin (> Gruber grade 1)", [("Gruber grade", "gt", "1", "")]),
        ("Born between 28 0/7 and 34 6/7 weeks of gestation", [("GestationalAge", "ge", "28", "wk"), ("GestationalAge", "le", "34.857", "wk")]),
        ("39 weeks gestation or greater", [("GestationalAge", "ge", "39", "wk")]),
        ("Smokers ≥40yo", [("Age", "ge", "40", "a")]),
        ("Contraception with a failure rate < 1%", []),
        ("Consent of a parent for those under 18 years", []),
        ("Visual acuity of 20/40 or better in the other eye", [("VisualAcuity", "ge", "0.500", "")]),
        ("Visual acuity worse than 6/60", [("VisualAcuity", "lt", "0.100", "")]),
        ("BCVA 20/30 to 20/80", [("VisualAcuity", "ge", "0.250", ""), ("VisualAcuity", "le", "0.667", "")]),
        ("A disease duration of more than 5 years", [("disease duration", "gt", "5", "a")]),
        ("At least 5 years since the diagnosis", []),
        ("NYHA II: Slight limitation of walking", []),
        ("Menopause before the mean age of 51 years", []),
        ("Paid more than 4500 euros for taking part", []),
        ("Performance status of less than or equal to ECOG 2", [("EcogStatus", "le", "2", "")]),
        ("Children of grade 1-2 of a primary school", []),
        ("CD4 count of at least 750/mm3 (under 12 months of age)", [("Cd4Count", "ge", "750", "/mm3"), ("Age", "lt", "12", "mo")]),
        ("GTP < 210 IU/L", [("Ggt", "lt", "210", "[IU]/L")]),
        ("ALT and AST < 120 IU/L", [("Alt", "lt", "120", "[IU]/L"), ("Ast", "lt", "120", "[IU]/L")]),
        ("tumour size 〉5 cm", [("TumorSize", "gt", "5", "cm")]),
        ("Body mass index between 18.5 and 30 kg/m2", [("BodyMassIndex", "ge", "18.5", "kg/m2"), ("BodyMassIndex", "le", "30", "kg/m2")]),
        ("T-score below -2.0 at the hip", [("BoneDensityTScore", "lt", "-2", "")]),
        ("Height-for-age z-score < -3", [("Height-for-age z-score", "lt", "-3", "")]),
        ("Transaminases: AST > x3 upper normal limit", [("Ast", "gt", "3", "")]),
        ("ALT < 3x, alkaline phosphatase < 2x", [("Alt", "lt", "3", ""), ("AlkalinePhosphatase", "lt", "2", "")]),
        ("A total bilirubin that exceeded 3 mg / dL", [("TotalBilirubin", "gt", "3", "mg/dL")]),
        ("≥ 21 years", [("Age", "ge", "21", "a")]),
        ("25-70 years", [("Age", "ge", "25", "a"), ("Age", "le", "70", "a")]),
        ("Men, 40-65 years; women, after the menopause", [("Age", "ge", "40", "a"), ("Age", "le", "65", "a")]),
        ("Melanoma, over 16 years, and able to swallow", [("Age", "gt", "16", "a")]),
        ("Aged 2 to < 12 years", [("Age", "ge", "2", "a"), ("Age", "lt", "12", "a")]),
        ("Age from birth to 6 years", [("Age", "le", "6", "a")]),
        ("Age greater than/equals to 30 years", [("Age", "ge", "30", "a")]),
        ("Temperature > 38.5C on two days", [("BodyTemperature", "gt", "38.5", "Cel")]),
        ("Pain score > 4 (0-10 scale)", [("PainScore", "gt", "4", "")]),
        ("Pain of 7/10 or higher", [("Pain", "ge", "7", "")]),
        ("Hoehn and Yahr stage 3", [("Yahr stage", "eq", "3", "")]),
        ("Menstrual cycle length 24-38 days", [("Menstrual cycle length", "ge", "24", "d"), ("Menstrual cycle length", "le", "38", "d")]),
        ("Mini-mental score (MMSE) [12] above 20", [("MmseScore", "gt", "20", "")]),
        ("Fasting glucose above 126 mg/dL on at least 2 occasions", [("FastingGlucose", "gt", "126", "mg/dL")]),
        ("Verbal IQ of over 80", [("Verbal IQ", "gt", "80", "")]),
        ("Dementia rating of at least 0.5 (n=40)", [("Dementia rating", "ge", "0.5", "")]),
        ("Minimum apathy score = 14", [("Minimum apathy score", "ge", "14", "")]),
        ("Minimum Age: 18 Years Maximum Age: 85 Years Sex: All", [("Age", "ge", "18", "a"), ("Age", "le", "85", "a")]),
        ("Age: ˂ 12 years", [("Age", "lt", "12", "a")]),
        ("Age equal to or older than 25 years", [("Age", "ge", "25", "a")]),
        ("Unresolved mucositis greater than grade 1", [("Unresolved mucositis grade", "gt", "1", "")]),
        ("Apathy rating of 0 or 0.5", [("Apathy rating", "ge", "0", ""), ("Apathy rating", "le", "0.5", "")]),
        ("Systolic/diastolic blood pressure < 130/80", [("SystolicBloodPressure", "lt", "130", "mm[Hg]"), ("DiastolicBloodPressure", "lt", "80", "mm[Hg]")]),
        ("HbA1c (IFCC) 48 mmol/mol - 97 mmol/mol", [("HemoglobinA1c", "ge", "48", "mmol/mol"), ("HemoglobinA1c", "le", "97", "mmol/mol")]),
        ("Life span of less than 6 months", [("LifeExpectancy", "lt", "6", "mo")]),
        ("Toxicity by CTCAE version 4.03", []),
        ("Stays above the anal verge by 15 cm, class E2", []),
        ("Positive for HER-2 and IL-6", []),
        ("Able to walk", []),
    ],
)  # fmt: skip
def test_bounds(text: str, expected: list[tuple[str, ...]]) -> None:
    assert bounds(text) == expected


def test_multiples_of_the_upper_limit_with_a_condition() -> None:
    found = read("AST and ALT < 2.5 times upper limit of normal (ULN) (5 times ULN if hepatic metastases are present)")
    assert [
        (k["variable"], k["comparator"], k["value"], k["relativeTo"], k.get("appliesWhen"))
        for k in found
        if "value" in k
    ] == [
        ("Ast", "lt", "2.5", "UpperLimitOfNormal", None),
        ("Alt", "lt", "2.5", "UpperLimitOfNormal", None),
        ("Ast", "lt", "5", "UpperLimitOfNormal", "if hepatic metastases are present"),
        ("Alt", "lt", "5", "UpperLimitOfNormal", "if hepatic metastases are present"),
    ]


def test_semicolons_between_sizes_are_a_choice() -> None:
    found = read("tumour size > 5 cm and mitotic count > 5/HPF; tumour size > 10 cm; mitotic count > 10/HPF")
    assert [(k["variable"], k["value"], k["alternative"]) for k in found] == [
        ("TumorSize", "5", 1),
        ("MitoticCount", "5", 1),
        ("TumorSize", "10", 2),
        ("MitoticCount", "10", 3),
    ]


def test_or_between_two_quantities_is_a_choice() -> None:
    found = read("Creatinine ≤ 1.5 mg/dL or creatinine clearance ≥ 60 mL/min")
    assert [(k["variable"], k["alternative"]) for k in found] == [("Creatinine", 1), ("CreatinineClearance", 2)]


@pytest.mark.parametrize(
    ("text", "kind", "modality", "concepts", "window"),
    [
        ("No prior imatinib mesylate", "PriorTherapy", "Forbidden", ["D000068877"], None),
        (
            "At least 28 days since prior imatinib",
            "PriorTherapy",
            "Required",
            ["D000068877"],
            ("minimumTimeSince", "P28D"),
        ),
        (
            "More than 4 weeks since prior chemotherapy",
            "PriorTherapy",
            "Required",
            ["D004358"],
            ("minimumTimeSince", "P28D"),
        ),
        ("No concurrent warfarin", "ConcurrentTherapy", "Forbidden", ["D014859"], None),
        ("No known brain metastases", "Diagnosis", "Forbidden", ["D001932"], None),
        (
            "No myocardial infarction within the past 6 months",
            "Diagnosis",
            "Forbidden",
            ["D009203"],
            ("maximumTimeSince", "P6M"),
        ),
        ("Concurrent mini-dose warfarin is allowed", "ConcurrentTherapy", "Allowed", ["D014859"], None),
        ("Histologically confirmed melanoma", "Diagnosis", "Required", ["D008545"], None),
        ("Exclusion Criteria:\n- Hepatitis B", "Diagnosis", "Forbidden", ["D006509"], None),
    ],
)
def test_therapies_and_diagnoses(
    text: str, kind: str, modality: str, concepts: list[str], window: tuple[str, str] | None
) -> None:
    (found,) = read(text)
    assert (found["kind"], found["modality"], found["concept"]) == (kind, modality, concepts)
    if window:
        assert found[window[0]] == window[1]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("No seizure medication within 2 weeks", "seizure medication"),
        ("Has not taken any cancer treatment for at least 2 weeks", "cancer treatment"),
        ("Volunteers who had no earlier treatment for at least 2 weeks", ""),
    ],
)
def test_the_therapy_of_a_disease_is_a_therapy_and_no_disease(text: str, label: str) -> None:
    (found,) = read(text)
    assert (found["kind"], found["modality"], found["maximumTimeSince"]) == ("PriorTherapy", "Forbidden", "P14D")
    assert found.get("conceptLabel", "") == label and not found.get("concept") and "minimumTimeSince" not in found


def test_washout_with_another_for_some_drugs() -> None:
    found = read("More than 4 weeks since prior chemotherapy (6 weeks for nitrosourea or mitomycin)")
    assert [(k["conceptLabel"], k["minimumTimeSince"]) for k in found] == [
        ("chemotherapy", "P28D"),
        ("nitrosourea", "P42D"),
        ("mitomycin", "P42D"),
    ]


def test_exceptions_are_kept_apart() -> None:
    (found,) = read("No other malignancy within the past 5 years except basal cell skin cancer")
    assert found["concept"] == ["D009369"] and found["exception"] == ["D002280"] and found["maximumTimeSince"] == "P5Y"


def test_pregnancy_contraception_consent() -> None:
    assert [(k["conceptLabel"], k["modality"]) for k in read("Not pregnant or nursing")] == [
        ("pregnant", "Forbidden"),
        ("nursing", "Forbidden"),
    ]
    (test,) = read("Negative pregnancy test within 7 days before the first dose")
    assert (test["modality"], test["maximumTimeSince"]) == ("Forbidden", "P7D")
    assert [
        (k["kind"], k["minimumTimeSince"]) for k in read("Effective contraception for 3 months after treatment")
    ] == [("Contraception", "P3M")]
    assert [(k["kind"], k["modality"]) for k in read("Signed informed consent")] == [("Consent", "Required")]


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("WBC between 2.5 and 20 x 10^9/L", [("ge", "2500"), ("le", "20000")]),
        ("Platelets 50-100 x 10^9/L", [("ge", "50000"), ("le", "100000")]),
        ("Neutrophils > 1.5 G/L", [("gt", "1500")]),
        ("Platelets <50.000 /mmc", [("lt", "50000")]),
        ("CRP of at least 10 mg/dl", [("ge", "100")]),
        ("Fasting glucose < 6 mM", [("lt", "108.0936")]),
        ("Ferritin > 500 ng/mL D-dimer > 1 mcg/L", [("gt", "500"), ("gt", "1")]),
        ("PaO2/FiO2 below 200", [("lt", "200")]),
        ("Anemia (hematocrit < 34%)", [("lt", "34")]),
        ("At least one body temperature measurement > 38° C", [("gt", "38")]),
        ("QTc interval not longer than 470 msec", [("le", "470")]),
        ("Blood pressure over 150/90 mmHg", [("gt", "150"), ("gt", "90")]),
        ("Temperature of 38.5 or greater", [("ge", "38.5")]),
        ("Minimum disc height of 5 mm", [("ge", "5")]),
        ("LDH not more than twice the upper limit of normal", [("le", "2")]),
        ("Creatinine ≤ ULN", [("le", "1")]),
        ("Ejection fraction below the lower limit of normal", [("lt", "1")]),
        ("Urine protein/creatinine ratio < 1", [("lt", "1")]),
    ],
)
def test_numbers_as_laboratories_write_them(text: str, bounds: list[tuple[str, str]]) -> None:
    found = read(text)
    assert [(k["comparator"], k.get("canonicalValue") or k["value"]) for k in found if k.get("value")] == bounds


def test_a_list_shares_its_head() -> None:
    assert [k["concept"] for k in read("Active hepatitis B or C")] == [["D006509"], ["D006526"]]


@pytest.mark.parametrize(
    "text",
    [
        "Must be fit to undergo surgery",
        "Lesions that require immediate surgical intervention",
        "Every lesion can be resected",
    ],
)
def test_surgery_that_is_merely_mentioned_is_no_constraint(text: str) -> None:
    assert not [k for k in read(text) if k["kind"] in ("PriorTherapy", "ConcurrentTherapy")]


@pytest.mark.parametrize(
    ("heading", "kind"),
    [
        ("Exclusion Criteria - Parts 1 and 2", "ExclusionCriterion"),
        ("Exclusion criteria for cohort B:", "ExclusionCriterion"),
        ("The exclusion criteria are as follows:", "ExclusionCriterion"),
        ("2) Exclusion criteria", "ExclusionCriterion"),
        ("Criteria of exclusion:", "ExclusionCriterion"),
        ("Part 2 additional exclusion criteria:", "ExclusionCriterion"),
        ("Endoscopic inclusion criteria", "InclusionCriterion"),
    ],
)
def test_headings_of_many_forms(heading: str, kind: str) -> None:
    found = criteria(f"Eligibility Criteria:\n\n- Adults\n\n{heading}\n\n- Asthma\n- Gout\n")
    assert [(c.evidence[0].quote, kind in c.type) for c in found][1:] == [("Asthma", True), ("Gout", True)]


@pytest.mark.parametrize(
    "line", ["Meets inclusion criteria", "Exclusion criteria: none", "No exclusion criteria apply"]
)
def test_lines_that_only_speak_of_criteria_are_no_headings(line: str) -> None:
    found = criteria(f"Inclusion Criteria:\n\n- Adults\n- {line}\n- Asthma\n")
    assert "InclusionCriterion" in found[-1].type or "none" in line


def test_criteria_of_donors_are_not_the_patients() -> None:
    found = read("Inclusion Criteria:\n\n- Aged 20 or over\n\nDonor inclusion criteria:\n\n- Aged 30 to 50 years\n")
    assert [(k["value"], k.get("appliesWhen")) for k in found] == [("20", None), ("30", "Donor"), ("50", "Donor")]


def test_headings_decide_between_inclusion_and_exclusion() -> None:
    found = criteria("Inclusion Criteria:\n\n- One\n- Two\n\nExclusion Criteria:\n\n- Three")
    assert [(c.type[0], c.text) for c in found] == [
        ("InclusionCriterion", "One"),
        ("InclusionCriterion", "Two"),
        ("ExclusionCriterion", "Three"),
    ]


def test_lost_headings_make_inclusion_criteria() -> None:
    assert {c.type[0] for c in criteria("- Adult\n- No brain metastases")} == {"InclusionCriterion"}


def test_nesting_follows_indentation() -> None:
    found = criteria("  - Confirmed tumor\n    - Primary disease\n    - Relapsed disease\n  - Adult")
    assert [c.part_of for c in found] == ["", "criterion/1", "criterion/1", ""]


def test_heading_glued_to_the_end_of_an_item() -> None:
    found = criteria("  • Neutrophils > 1,500/mm3 Hepatic\n  • Bilirubin < 2 mg/dL Renal\n  • Creatinine < 2 mg/dL")
    assert [(c.section, c.text) for c in found] == [
        ("", "Neutrophils > 1,500/mm3"),
        ("Hepatic", "Bilirubin < 2 mg/dL"),
        ("Renal", "Creatinine < 2 mg/dL"),
    ]


def test_several_labels_on_one_line() -> None:
    found = criteria("Age:18 and over Performance status:ECOG 0-3 Life expectancy:Not specified")
    assert [c.text for c in found] == ["Age:18 and over", "Performance status:ECOG 0-3"]


def test_old_records_without_line_breaks() -> None:
    text = (
        "DISEASE CHARACTERISTICS: Histologically proven sarcoma No brain metastases "
        "PATIENT CHARACTERISTICS: Age: 18 and over Performance status: ECOG 0-2 Hepatic: Bilirubin less than 2 mg/dL "
        "Renal: Not specified"
    )
    found = [(c.section, c.text) for c in criteria(text)]
    assert ("Hepatic", "Bilirubin less than 2 mg/dL") in found
    assert not any("Not specified" in t for _, t in found)
    assert any(t == "Age: 18 and over" for _, t in found)


PHRASES = st.lists(
    st.sampled_from(
        ["Platelets", ">", "≥", "100,000", "/mm3", "(", ")", "and", "or", ";", "\n", "- ", "No", "prior", "imatinib", "within", "4 weeks",
         "of", "ULN", "x", "2.5", "ECOG", "0-2", "Age", "18", "years", "Exclusion Criteria:", "except", "unless", "\n\n", ":", "AST", "10^9/L"]
    ),
    max_size=30,
).map(" ".join)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.one_of(PHRASES, st.text(max_size=200)))
def test_any_text_gives_constraints_inside_it(text: str) -> None:
    index: MeshIndex = builtin()
    for found in read_text(text, index):
        assert 0 <= found["start"] < found["end"] <= len(text)
    for criterion in criteria(text):
        for evidence in criterion.evidence:
            assert text[evidence.start : evidence.end] == evidence.quote


def test_long_hostile_text_takes_linear_time() -> None:
    import time

    def seconds(text: str) -> float:
        started = time.process_time()
        read_text(text, builtin())
        return time.process_time() - started

    for piece in ("platelets > 1 and ", "(", "- a\n", "1 ", "no prior ", "within 4 weeks of ", "a" * 50 + " ", "≥"):
        small, large = seconds(piece * 1500), seconds(piece * 3000)
        assert large < 3.5 * small + 0.25, piece
