"""Numbers of criteria in the forms that real ones take: what is bound, what is only told, and what a quantity is called."""

from __future__ import annotations

import textwrap

import pytest

from kg.criteria.text import read_text
from kg.mesh import builtin

Bound = tuple[str, str, str, str]


def bounds(text: str) -> list[Bound]:
    found = read_text(text, builtin())
    return [(k.get("variable", ""), k["comparator"], k["value"], k.get("unit", "")) for k in found if "value" in k]


def times(text: str) -> list[tuple[str, str, str]]:
    found = read_text(text, builtin())
    return [
        (k.get("conceptLabel", ""), way, k[way])
        for k in found
        for way in ("minimumTimeSince", "maximumTimeSince")
        if way in k
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Weight loss of more than 8 kg since the summer", [("Weight loss", "gt", "8", "kg")]),
        ("Weight stable over the winter (gain or loss < 3 kg)", [("Weight gain", "lt", "3", "kg")]),
        ("A decrease in hemoglobin of more than 3 g/dL", [("decrease in hemoglobin", "gt", "3", "g/dL")]),
        ("On standing, a drop of 25 mmHg or more in systolic blood pressure", [("systolic blood pressure drop", "ge", "25", "mm[Hg]")]),
        ("A rise of temperature above 38.5 °C", [("BodyTemperature", "gt", "38.5", "Cel")]),
    ],
)  # fmt: skip
def test_a_change_is_no_value(text: str, expected: list[Bound]) -> None:
    assert bounds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Seizures that began before age 16", [("age: Seizures that began before", "lt", "16", "a")]),
        ("Age at diagnosis of asthma > 40 years", [("Age", "gt", "40", "a")]),
        ("Patients enrolled before age 30", [("Age", "lt", "30", "a")]),
        ("Patients aged 40 or over, ventilated for more than 3 days", [("Age", "ge", "40", "a")]),
        ("Girls of both schools older than 9 months and younger than 15 years", [("Age", "lt", "15", "a")]),
        ("Children older than 9 months", [("Age", "gt", "9", "mo")]),
        ("Men and women 40 years or older with a history of gout", [("Age", "ge", "40", "a")]),
        ("Healthy volunteers aged 40 and over", [("Age", "ge", "40", "a")]),
        ("Boys 3 to < 9 years old", [("Age", "ge", "3", "a"), ("Age", "lt", "9", "a")]),
        ("People between 20- and 40-years", [("Age", "ge", "20", "a"), ("Age", "le", "40", "a")]),
        ("Age 7yr-16yrs", [("Age", "ge", "7", "a"), ("Age", "le", "16", "a")]),
        ("Women, and less then 45 years", [("Age", "lt", "45", "a")]),
        ("Age equal or above 40 years", [("Age", "ge", "40", "a")]),
    ],
)  # fmt: skip
def test_ages_of_the_patient_and_other_ages(text: str, expected: list[Bound]) -> None:
    assert bounds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ASA class I, II, or III", [("AsaScore", "ge", "1", ""), ("AsaScore", "le", "3", "")]),
        ("Any illness > ASA III", [("AsaScore", "gt", "3", "")]),
        ("Renal insufficiency (grade 4)", []),
        ("Heart failure (NYHA 3 or worse), hypertension (stage 2 or worse)", [("NyhaClass", "ge", "3", ""), ("hypertension stage", "ge", "2", "")]),
        ("Questions P4 or P5 of the item list on a scale", []),
        ("Visual acuity < 20/60 in one eye", [("VisualAcuity", "lt", "0.333", "")]),
        ("BCVA of at least 30 ETDRS letters", [("BCVA", "ge", "30", "")]),
        ("M2 marrow with 7% blasts", []),
        ("M1 (6%) or M2 (6% to 24%) in the second week of the disease", []),
        ("Solid tumors by RECIST 1.1", []),
        ("IIEF-EF between 9 and 20", [("IIEF-EF", "ge", "9", ""), ("IIEF-EF", "le", "20", "")]),
        ("Neuroblastoma of INSS stage 1, 2 or 4S", [("Neuroblastoma of INSS stage", "ge", "1", ""), ("Neuroblastoma of INSS stage", "le", "4", "")]),
    ],
)  # fmt: skip
def test_stages_and_classes(text: str, expected: list[Bound]) -> None:
    assert bounds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Pain of > 5/10 on a 0-10 scale", [("Pain", "gt", "5", "")]),
        ("PEEP ≤ 7 cmH2O (1 cmH2O = 0.098 kPa)", [("PEEP", "le", "7", "cm[H2O]")]),
        ("Blood pressure 150/95 mmHg or more", [("SystolicBloodPressure", "ge", "150", "mm[Hg]"), ("DiastolicBloodPressure", "ge", "95", "mm[Hg]")]),
        ("Blood pressure > 150 mm Hg systolic or > 95 mm Hg diastolic", [("SystolicBloodPressure", "gt", "150", "mm[Hg]"), ("DiastolicBloodPressure", "gt", "95", "mm[Hg]")]),
        ("Hypertension at the first visit; i.e. ≥ 170 / 100mmHg", [("SystolicBloodPressure", "ge", "170", "mm[Hg]"), ("DiastolicBloodPressure", "ge", "100", "mm[Hg]")]),
        ("HBV DNA > 4 log10 IU/mL", [("HbvViralLoad", "gt", "4", "[lg][IU]/mL")]),
        ("Hearing loss > 15 decibel", [("Hearing loss", "gt", "15", "dB")]),
        ("Cysts with < 4 previous treatments", [("previous treatments", "lt", "4", "")]),
        ("Expected to be alive for at least 5 months", [("LifeExpectancy", "ge", "5", "mo")]),
        ("Pressure below 40 mm of Hg", [("Pressure", "lt", "40", "mm[Hg]")]),
        ("Bacteria in urine > 10^4 CFU/mL", [("Bacteria in urine", "gt", "10000", "[CFU]/mL")]),
        ("A score of 1,2 or 3 on the Harvest Scale", [("Harvest Scale score", "ge", "1", ""), ("Harvest Scale score", "le", "3", "")]),
        ("A score of 20 or less on the Harvest Memory Test", [("Harvest Memory Test score", "le", "20", "")]),
        ("At high risk of falling (i.e., ≥ 15%)", [("At high risk of falling", "ge", "15", "%")]),
        ("Have at least 12 teeth in function", [("teeth in function", "ge", "12", "")]),
        ("Must use 2 or more contraceptive methods to avoid pregnancy", []),
        ("Smoking of more than 15 cigarettes per day", [("CigarettesPerDay", "gt", "15", "")]),
        ("Smoking history of at least 15 pack-years", [("PackYears", "ge", "15", "")]),
        ("BMI at or above the 90th percentile", [("BMI percentile", "ge", "90", "{percentile}")]),
        ("Weight between the 5th and 95th percentile", [("Weight percentile", "ge", "5", "{percentile}"), ("Weight percentile", "le", "95", "{percentile}")]),
        ("T-score ≤ -2 SD", [("BoneDensityTScore", "le", "-2", "{SD}")]),
        ("Myopia > 4 D", [("Myopia", "gt", "4", "[diop]")]),
        ("Tumor above 10 cm from the anal verge", [("distance from the anal verge", "gt", "10", "cm")]),
        ("Glucose testing 3-4 times per day", []),
        ("Fasting C-peptide > 6 ng/mL (normal range 0.8 - 6)", [("CPeptide", "gt", "6", "ng/mL")]),
        ("Aortic coarctation (BP gradient > 25 mmHg)", [("BP gradient", "gt", "25", "mm[Hg]")]),
        ("Gleason score ≥ 7 (3+4 or 4+3)", [("GleasonScore", "ge", "7", "")]),
        ("BMI < 28 kg.m-2", [("BodyMassIndex", "lt", "28", "kg/m2")]),
        ("Birth weight ≥ 3 kg", [("BirthWeight", "ge", "3", "kg")]),
        ("FEV1/FVC below 65%", [("Fev1FvcRatio", "lt", "65", "%")]),
        ("Blood pressure 105-135/65-85 mmHg, heart rate 55-75", [("SystolicBloodPressure", "ge", "105", "mm[Hg]"), ("SystolicBloodPressure", "le", "135", "mm[Hg]"), ("DiastolicBloodPressure", "ge", "65", "mm[Hg]"), ("DiastolicBloodPressure", "le", "85", "mm[Hg]"), ("HeartRate", "ge", "55", ""), ("HeartRate", "le", "75", "")]),
        ("Alveolar height > 7 mm", [("Alveolar height", "gt", "7", "mm")]),
        ("Hemoglobin less than11 gr/dl", [("Hemoglobin", "lt", "11", "g/dL")]),
        ("Operated between 2004 and 2011", []),
        ("An oral load of up to 75 g glucose", [("oral load", "le", "75", "g")]),
        ("ABI between 0.6 and ≤ 1.2", [("ABI", "ge", "0.6", ""), ("ABI", "le", "1.2", "")]),
        ("Weighing between 45 kg (inclusive) and 95 kg (exclusive)", [("BodyWeight", "ge", "45", "kg"), ("BodyWeight", "lt", "95", "kg")]),
        ("Weight of at least 55 kg (121 lbs) for men and 45 kg (99 lbs) for women", [("BodyWeight", "ge", "55", "kg"), ("BodyWeight", "ge", "45", "kg")]),
        ("Prognosis < 5 months", [("LifeExpectancy", "lt", "5", "mo")]),
        ("Minimum duration of symptoms of 5 weeks", [("duration of symptoms", "ge", "5", "wk")]),
        ("Less than 40 minutes of morning stiffness", [("morning stiffness", "lt", "40", "min")]),
        ("Lives within two hours travel time", [("travel time", "le", "2", "h")]),
        ("Dosing interval of at least 6 weeks", [("Dosing interval", "ge", "6", "wk")]),
        ("Walks at least 3-4 per week", [("Walks", "ge", "3", "/wk")]),
        ("Platelets of 60,000/mm3or more", [("PlateletCount", "ge", "60000", "/mm3")]),
        ("Gout, stage 3 or higher (eGFR < 50 mL/min)", [("Gout stage", "ge", "3", ""), ("Egfr", "lt", "50", "mL/min")]),
        ("Daytime ABPM >= 135/85 but < 155/95", [("Daytime ABPM", "ge", "135", ""), ("Daytime ABPM", "lt", "155", "")]),
        ("Cold feet\n20years to 60years\nWarm socks", [("Age", "ge", "20", "a"), ("Age", "le", "60", "a")]),
        ("ALT < 3 times elevated above the upper limit of normal", [("Alt", "lt", "3", "")]),
    ],
)  # fmt: skip
def test_quantities_and_what_they_are_called(text: str, expected: list[Bound]) -> None:
    assert bounds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Twins, at or after 22 weeks of gestation", [("GestationalAge", "ge", "22", "wk")]),
        ("Gestational age between 15 weeks 0 days and 24 weeks 6 days", [("GestationalAge", "ge", "15", "wk"), ("GestationalAge", "le", "24.857", "wk")]),
        ("Gestational age of 26+0 to 30+3 weeks", [("GestationalAge", "ge", "26", "wk"), ("GestationalAge", "le", "30.429", "wk")]),
        ("Born prior to 36 weeks of gestation", [("GestationalAge", "lt", "36", "wk")]),
        ("From 12 to 30 gestational weeks", [("GestationalAge", "ge", "12", "wk"), ("GestationalAge", "le", "30", "wk")]),
        ("After 21 weeks of amenorrhea", [("GestationalAge", "gt", "21", "wk")]),
    ],
)  # fmt: skip
def test_weeks_of_a_pregnancy(text: str, expected: list[Bound]) -> None:
    assert bounds(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Rash for ≥ 5 consecutive weeks before screening", [("", "minimumTimeSince", "P35D")]),
        ("Exclusion Criteria:\n- Desensitization within the 4 previous months", [("", "maximumTimeSince", "P4M")]),
        ("Smoking for 4 or more years", [("", "minimumTimeSince", "P4Y")]),
        ("Exclusion Criteria:\n- Surgery planned in the next 2 months", [("planned Surgery", "maximumTimeSince", "P2M")]),
        ("Exclusion Criteria:\n- Surgery within 5 weeks, epilepsy, gout", [("Surgery", "maximumTimeSince", "P35D")]),
        ("A 3-hour post-load glucose of > 150 mg/dL", []),
        ("At high risk of 60-day readmission", []),
        ("Lives at most one hour of driving away", []),
        ("Relapse 5 months or less after remission", [("remission", "maximumTimeSince", "P5M")]),
    ],
)  # fmt: skip
def test_windows_of_time(text: str, expected: list[tuple[str, str, str]]) -> None:
    assert times(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ALT ≤ 2 x ULN (4 times ULN for liver metastases)", [("Alt", "2", ""), ("Alt", "4", "for liver metastases")]),
        ("ALT ≤ 2 x ULN (if there are liver metastases, ≤ 4 x ULN)", [("Alt", "2", ""), ("Alt", "4", "if there are liver metastases")]),
        ("ALT ≤ 2 x ULN (in case of liver metastases < 4 x ULN) total bilirubin ≤ 1.5 x ULN", [("Alt", "2", ""), ("Alt", "4", "in case of liver metastases"), ("TotalBilirubin", "1.5", "")]),
        ("Waist (> 90 cm women, > 100 cm men)", [("WaistCircumference", "90", "women"), ("WaistCircumference", "100", "men")]),
        ("Hemoglobin > 10 g/dL; for girls aged 6 to 12 years it is 11 g/dL", [("Hemoglobin", "10", ""), ("Age", "6", "for girls aged 6 to 12 years"), ("Age", "12", "for girls aged 6 to 12 years")]),
        ("Admission in winter (only applicable to people aged 70 or older)", [("Age", "70", "applicable to people aged 70 or older")]),
    ],
)  # fmt: skip
def test_whom_a_bound_is_for(text: str, expected: list[tuple[str, str, str]]) -> None:
    found = read_text(text, builtin())
    assert [(k["variable"], k["value"], k.get("appliesWhen", "")) for k in found if "value" in k] == expected


def test_a_logarithm_has_its_power_as_canonical_value() -> None:
    found = read_text("HBV DNA > 4 log10 IU/mL", builtin())
    assert [(k["value"], k["canonicalValue"]) for k in found] == [("4", "10000")]


def test_a_fraction_of_a_percentage_has_the_percentage_as_canonical_value() -> None:
    found = read_text("HbA1c above 0.07", builtin())
    assert [(k["value"], k["canonicalValue"]) for k in found] == [("0.07", "7")]


def test_a_range_is_one_bound_among_semicolons() -> None:
    found = read_text("Hemoglobin > 9 g/dL; platelets 60-400 x 10^9/L; INR < 1.4", builtin())
    assert not any("alternative" in k for k in found)


def test_quantities_of_time_are_told_as_durations() -> None:
    found = read_text("Life expectancy of at least 5 months", builtin())
    assert [(k["value"], k["unit"], k["duration"]) for k in found] == [("5", "mo", "P5M")]


@pytest.mark.parametrize("width", [58, 70, 90])
def test_lines_broken_for_their_length_change_nothing(width: int) -> None:
    text = (
        "Patients with a respiratory infection within 3 weeks before the first visit, platelets of at least 110,000/mm3 and a creatinine "
        "of not more than 1.4 times the upper limit of normal; no surgery in the past 7 months, and an age of 20 to 60 years on the day of consent"
    )
    lines = textwrap.wrap(text, width)
    broken = "\n             ".join(lines)
    plain, wrapped = read_text(text, builtin()), read_text(broken, builtin())
    assert len(plain) == 6
    assert [{k: v for k, v in one.items() if k not in ("start", "end")} for one in wrapped] == [
        {k: v for k, v in one.items() if k not in ("start", "end")} for one in plain
    ]
    for one, other in zip(plain, wrapped, strict=True):
        assert " ".join(broken[other["start"] : other["end"]].split()) == text[one["start"] : one["end"]]


@pytest.mark.parametrize(
    ("text", "label", "asked"),
    [
        ("Unable to walk more than 20 meters", "walk", "Required"),
        ("Inability to swim at least 100 m", "swim", "Required"),
        ("Able to walk more than 20 meters", "Able to walk", "Forbidden"),
        ("Unlikely to keep platelets above 80,000/mm3", "", "Required"),
    ],
)
def test_what_somebody_cannot_do_is_denied(text: str, label: str, asked: str) -> None:
    (one,) = [k for k in read_text(f"Exclusion Criteria:\n\n* {text}\n", builtin()) if "value" in k]
    assert (one.get("conceptLabel", ""), one["modality"]) == (label, asked)


def test_a_grade_is_of_what_it_stands_behind() -> None:
    assert bounds("Albumin <= 3.2 g/dL, visible ascites (>= grade 2)") == [
        ("Albumin", "le", "3.2", "g/dL"),
        ("visible ascites grade", "ge", "2", ""),
    ]
