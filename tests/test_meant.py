"""Whether what a patient has is what a criterion means: forms of a disease, operations elsewhere, what is only spoken of, and for whom.

Each case is a way in which criteria are written that once led to a wrong verdict on a patient of many diseases.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests_support import all_held, held

IN, OUT = "Inclusion Criteria:\n\n* {}", "Exclusion Criteria:\n\n* {}"
HEPATITIS: dict[str, object] = {"conditions": ["hepatitis B"]}
STROKE: dict[str, object] = {"conditions": ["stroke"]}
DIABETES: dict[str, object] = {"conditions": ["type 2 diabetes"]}
CANCER: dict[str, object] = {"conditions": ["breast cancer"]}
SPREAD: dict[str, object] = {"conditions": ["bone metastases"]}
ASTHMA: dict[str, object] = {"conditions": ["asthma"]}
FAILING: dict[str, object] = {"conditions": ["heart failure"], "measurements": [{"name": "NYHA", "value": 1}]}
OPERATED: dict[str, object] = {"therapies": [{"name": "mastectomy", "start": "2023-01-10", "end": "2023-01-10"}]}
RADIATED: dict[str, object] = {"therapies": [{"name": "radiotherapy", "start": "2025-05-01", "end": "2025-06-15"}]}
TREATED: dict[str, object] = {"therapies": [{"name": "metformin", "start": "2025-01-10"}]}
MAN: dict[str, object] = {"sex": "male", "age": 67}
WOMAN: dict[str, object] = {"sex": "female", "pregnant": False, "age": 41}


def scored(name: str, value: float, unit: str = "") -> dict[str, object]:
    return {"measurements": [{"name": name, "value": value, "unit": unit}]}


@pytest.mark.parametrize(
    ("text", "patient", "verdict"),
    [
        # A form of the disease, where words about the list say which forms are meant.
        (OUT.format("Irritation, infection or a wound at the site of the injection"), HEPATITIS, "cannot tell"),
        (OUT.format("Infection"), HEPATITIS, "not met"),
        (OUT.format("Infections or other lesions of the scalp"), HEPATITIS, "cannot tell"),
        (OUT.format("Spinal fracture, infection or gout"), HEPATITIS, "cannot tell"),
        (OUT.format("Severe renal, endocrine or cerebrovascular disease"), STROKE, "cannot tell"),
        (OUT.format("Cerebrovascular disease that may interfere with the exercises"), STROKE, "cannot tell"),
        (OUT.format("Diseases that could affect the gait, such as cerebrovascular disease"), STROKE, "cannot tell"),
        (OUT.format("Conditions that, in the opinion of the physician, could weaken the legs, such as stroke"), STROKE, "cannot tell"),
        (OUT.format("Stroke, or any condition that in the opinion of the physician weakens the legs"), STROKE, "not met"),
        (OUT.format("Stroke or asthma that is not well treated"), STROKE, "cannot tell"),
        (OUT.format("Brain disease"), {"conditions": ["epilepsy"]}, "cannot tell"),
        (OUT.format("Allergy"), ASTHMA, "cannot tell"),
        (OUT.format("Known allergy, hypersensitivity or intolerance to wool"), {"conditions": ["allergy"]}, "cannot tell"),
        (OUT.format("Abuse of prescription drugs"), {"conditions": ["alcohol abuse"]}, "cannot tell"),
        (OUT.format("New onset (< 4 months) of diabetes"), DIABETES, "cannot tell"),
        (OUT.format("≥ CTCAE grade 2 anemia"), {"conditions": ["anemia"]}, "cannot tell"),
        (OUT.format("Asthma-related anxiety"), ASTHMA, "cannot tell"),
        (OUT.format("History of hypersensitivity or earlier intolerance of wool"), {"conditions": ["allergy"]}, "cannot tell"),
        (OUT.format("Uncontrolled illness, including asthma and gout"), ASTHMA, "cannot tell"),
        (OUT.format("Lung disease (e.g., pneumonitis)"), {"conditions": ["pneumonia"]}, "not met"),
        (OUT.format("Pneumonitis"), {"conditions": ["pneumonia"]}, "cannot tell"),
        (IN.format("No sign of lid swelling or infection"), HEPATITIS, "cannot tell"),
        (OUT.format("Uncontrolled medical problems, such as asthma"), ASTHMA, "cannot tell"),
        # What is named for the sake of something else.
        (OUT.format("Treatment of infection with antibiotics in the last 8 days"), HEPATITIS, "cannot tell"),
        (OUT.format("Tablets for asthma or diabetes were changed within 3 months"), DIABETES, "cannot tell"),
        (OUT.format("Life expectancy below a year due to cancer"), CANCER, "cannot tell"),
        (OUT.format("Cold feet as a consequence of gout, stroke, or diabetes"), DIABETES, "cannot tell"),
        (OUT.format("Treatment with cancer chemotherapy"), CANCER, "cannot tell"),
        (OUT.format("Cancer vaccine within 5 weeks"), CANCER, "cannot tell"),
        (OUT.format("Operations for gout, tumor or infection"), HEPATITIS, "cannot tell"),
        (OUT.format("Hepatitis C virus (RNA detected) infection"), {"conditions": ["HIV infection"]}, "cannot tell"),
        (OUT.format("Known parvovirus (B19) infection"), HEPATITIS, "cannot tell"),
        (IN.format("No earlier therapy for advanced, recurrent or metastatic disease"), SPREAD, "cannot tell"),
        (IN.format("Melanoma that is not amenable to surgery, or metastatic disease"), SPREAD, "cannot tell"),
        (IN.format("The operation cannot be done due to metastasis"), SPREAD, "cannot tell"),
        (OUT.format("Toxicity of grade 2 from previous chemotherapy or radiotherapy"), RADIATED, "cannot tell"),
        (OUT.format("Currently being treated with radiotherapy"), RADIATED, "met"),
        (OUT.format("Radiation pneumonitis"), RADIATED, "cannot tell"),
        (IN.format("Willing to be seen every 2 months for 3 years after surgery"), OPERATED, "cannot tell"),
        (IN.format("Refusing surgery"), OPERATED, "cannot tell"),
        (OUT.format("Surgery planned"), OPERATED, "cannot tell"),
        (OUT.format("Drug abuse (including painkillers such as ibuprofen)"), {"therapies": [{"name": "ibuprofen", "start": "2026-01-01"}]}, "cannot tell"),
        (OUT.format("Fibrosis that required steroids"), {"therapies": [{"name": "prednisone", "start": "2026-01-01"}]}, "cannot tell"),
        (OUT.format("Steroids or antibiotics within the last 3 months (i.e., hydrocortisone, prednisone)"), {"therapies": [{"name": "prednisone", "start": "2025-01-10", "end": "2025-02-10"}]}, "cannot tell"),
        (OUT.format("Poorly controlled type 1 or type 2 diabetes"), DIABETES, "cannot tell"),
        (OUT.format("Other diseases of the bladder, among them: stones, cancer"), CANCER, "cannot tell"),
        (IN.format("The operation of participants will be according to the custom of the house"), OPERATED, "cannot tell"),
        (OUT.format("Alcohol Abuse Identification Test score of 9 or higher"), {"conditions": ["alcohol abuse"]}, "cannot tell"),
        (IN.format("Willing to stop ibuprofen a week before surgery"), {"therapies": [{"name": "ibuprofen", "start": "2025-01-10", "end": "2025-02-10"}]}, "cannot tell"),
        # An operation, but of what?
        (OUT.format("Earlier surgery, injections, or radiotherapy for a cyst of the brain"), OPERATED, "cannot tell"),
        (IN.format("No planned surgery for 3 weeks after the visit"), OPERATED, "cannot tell"),
        (OUT.format("Earlier surgery or injections of the lumbar spine"), OPERATED, "cannot tell"),
        (OUT.format("History of bypass surgery"), OPERATED, "cannot tell"),
        (OUT.format("Previous pelvic trauma or surgery"), OPERATED, "cannot tell"),
        (OUT.format("History of resection"), OPERATED, "cannot tell"),
        (OUT.format("History of surgery"), OPERATED, "not met"),
        (IN.format("At least 6 weeks of non-operative treatment"), OPERATED, "cannot tell"),
        (IN.format("Treatment with radiotherapy for at least 6 weeks"), RADIATED, "cannot tell"),
        (IN.format("Using metformin for at least 3 months"), TREATED, "met"),
        (IN.format("On a stable dose of metformin for at least 3 months"), TREATED, "cannot tell"),
        (IN.format("On a stable dose of metformin for at least 3 years"), TREATED, "cannot tell"),
        (IN.format("No change of metformin in the last 3 months"), TREATED, "cannot tell"),
        (OUT.format("At least 3 weeks must have passed since radiotherapy"), RADIATED, "met"),
        (IN.format("No radiotherapy for at least 3 weeks before the start"), RADIATED, "met"),
        (IN.format("No radiotherapy for at least 3 years before the start"), RADIATED, "not met"),
        (OUT.format("Within 8 days of the first dose of metformin"), TREATED, "cannot tell"),
        (OUT.format("Any of the following antidiabetic drugs: insulin or acarbose"), TREATED, "cannot tell"),
        (OUT.format("Antidiabetic drugs (HIV, hepatitis B)"), HEPATITIS, "cannot tell"),
        (IN.format("No antidiabetic drugs (excluding metformin)"), TREATED, "cannot tell"),
        (OUT.format("Exposure to lead, radon or hydrocarbons"), {"therapies": [{"name": "sertraline", "start": "2024-01-01"}]}, "cannot tell"),
        # Numbers that say of which cases something is asked, or exclude each other.
        (OUT.format("T3 cancer"), CANCER, "cannot tell"),
        (OUT.format("Class III heart failure"), FAILING, "met"),
        (OUT.format("According to NYHA standards, grade Ⅲ ~ Ⅳ heart failure"), FAILING, "met"),
        (OUT.format("Anemia: hemoglobin < 10 g/dL"), {**scored("hemoglobin", 11.2, "g/dL"), "conditions": ["anemia"]}, "met"),
        (IN.format("Aged 18-30 or 60-75 years"), {"age": 62}, "met"),
        (IN.format("Aged 18-30 or 60-75 years"), {"age": 45}, "not met"),
        (IN.format("HbA1c 6.0-7.0 % or 8.0-9.0 %"), scored("HbA1c", 8.4, "%"), "met"),
        (IN.format("Blood pressure > 130/80 mmHg"), {"measurements": [{"name": "systolic blood pressure", "value": 132, "unit": "mm[Hg]"}, {"name": "diastolic blood pressure", "value": 80, "unit": "mm[Hg]"}]}, "met"),
        (IN.format("SBP ≥ 160 mmHg at the beginning and < 140 mmHg after the run-in"), scored("systolic blood pressure", 132, "mm[Hg]"), "cannot tell"),
        (IN.format("ECOG 0 or 1 (patients with ECOG 2 are allowed if they can walk)"), scored("ECOG", 2), "cannot tell"),
        (IN.format("ALT ≤ 2.5 × ULN; AST ≤ 2.5 × ULN (for those with liver metastases AST ≤ 5 × ULN); platelets ≥ 100,000/mm3"), scored("AST", 2, "ULN"), "cannot tell"),
        (OUT.format("SBP outside of what is safe: below 90 mmHg or above 170 mmHg"), scored("systolic blood pressure", 132, "mm[Hg]"), "met"),
        (OUT.format("Warfarin (except where the INR is ≤ 2)"), scored("INR", 1.2), "cannot tell"),
        (OUT.format("Aged 6 years or older and weighing less than 19 kg"), {"age": 30, **scored("weight", 70, "kg")}, "met"),
        (OUT.format("Taking metformin alone (but no insulin), and with an HbA1c < 8 %"), {**TREATED, **scored("HbA1c", 6.8, "%")}, "cannot tell"),
        (IN.format("ALT < 2 x ULN in the absence of liver metastases, or < 4 x ULN in their presence"), scored("ALT", 1.2, "ULN"), "met"),
        (IN.format("No stroke before, and an LVEF < 60 %"), scored("LVEF", 52, "%"), "cannot tell"),
        (IN.format("IIEF erectile function (EF) domain score of 25 or less"), scored("LVEF", 52, "%"), "cannot tell"),
        (IN.format("Between 10 and 17 in the EF (erectile function) part of the questionnaire"), scored("LVEF", 52, "%"), "cannot tell"),
        (OUT.format("HbA1c > 0.066"), scored("HbA1c", 6.8, "%"), "not met"),
        (IN.format("At least 60 % of the participants must be older than 70 years"), {"age": 62}, "cannot tell"),
        (IN.format("Healthy donors (age ≤ 40) of the family (age > 50) donors"), {"age": 45}, "cannot tell"),
        # For whom it is said.
        (IN.format("Assent (participants aged 7 to 17 only)"), {"age": 67}, "cannot tell"),
        (IN.format("For children under 18 years of age, able to give assent"), {"age": 67}, "cannot tell"),
        (IN.format("Patients under 6 years old must weigh at least 7 kg"), {"age": 67}, "cannot tell"),
        (IN.format("For patients with gout, an HbA1c < 6 %"), scored("HbA1c", 6.8, "%"), "cannot tell"),
        (IN.format("Women of childbearing potential and men who live with one must use a condom"), MAN, "cannot tell"),
        (IN.format("Women of childbearing potential must use a condom with male partners"), MAN, "met"),
        (IN.format("Women with cold feet"), MAN, "cannot tell"),
        (IN.format("Children aged 7 - 15 years must be willing and able to give assent"), {"age": 67}, "cannot tell"),
        (OUT.format("Subjects aged 11 and older: unable to swallow tablets"), {"age": 67}, "cannot tell"),
        (IN.format("Women (< 1 year without menstruation) must have a negative pregnancy test"), WOMAN, "met"),
        (IN.format("Lansky (age < 16 years) or Karnofsky (age ≥ 16 years) score of 70 or more"), {"age": 67}, "cannot tell"),
        (IN.format("Women of 50 years or older are considered postmenopausal"), WOMAN, "cannot tell"),
        (OUT.format("Women must have a negative pregnancy test"), WOMAN, "met"),
        (OUT.format("Not pregnant"), WOMAN, "cannot tell"),
        (IN.format("Two doses of the vaccine between 5 and 17 months of age"), WOMAN, "cannot tell"),
        (OUT.format("Not suitable for sitting in a group, e.g., pregnancy"), MAN, "met"),
        (IN.format("Blood and urine pregnancy tests must both be negative"), WOMAN, "met"),
        (IN.format("Gestational diabetes in a previous pregnancy"), WOMAN, "cannot tell"),
        (IN.format("Obesity (pre-pregnancy BMI ≥ 30)"), WOMAN, "cannot tell"),
        (IN.format("Patients with newly diagnosed gout are eligible with the following"), WOMAN, "cannot tell"),
        (IN.format("Patients with stroke are eligible if they can walk"), STROKE, "cannot tell"),
        (IN.format("Eligible to receive radiotherapy"), RADIATED, "cannot tell"),
        # What is asked, denied, or one way of two.
        (IN.format("No heart disease (e.g. angina, stroke)"), STROKE, "not met"),
        (IN.format("No earlier steroids (i.e. for gout) or radiotherapy"), RADIATED, "not met"),
        (OUT.format("Asthma and epilepsy"), ASTHMA, "not met"),
        (OUT.format("Diabetes, and is taking insulin"), DIABETES, "cannot tell"),
        (OUT.format("Diabetics, who are on insulin"), DIABETES, "cannot tell"),
        (OUT.format("Have not had radiotherapy within 3 weeks"), RADIATED, "cannot tell"),
        (IN.format("Diabetes that is well treated, or no diabetes"), {"conditions": [{"name": "diabetes", "absent": True}]}, "met"),
        (OUT.format("None of these symptoms: migraine, asthma"), ASTHMA, "cannot tell"),
    ],
)  # fmt: skip
def test_what_a_criterion_means(text: str, patient: dict[str, object], verdict: str, tmp_path: Path) -> None:
    assert held(text, patient, tmp_path) == verdict


def test_the_head_of_a_list_leaves_it_to_the_list(tmp_path: Path) -> None:
    text = "Exclusion Criteria:\n\n* Cardiovascular disease:\n\n  * Stroke within 6 months\n  * Angina\n"
    found = all_held(text, {"conditions": [{"name": "stroke", "active": False, "until": "2020-01-01"}]}, tmp_path)
    assert found[0] == "cannot tell"


def test_a_statement_of_whom_a_trial_is_for(tmp_path: Path) -> None:
    text = "Inclusion Criteria:\n\n* {}\n"
    assert all_held(text.format("Men of 50 years or older"), WOMAN, tmp_path, sex="MALE") == ["not met"]
    assert all_held(text.format("Men must use a condom"), WOMAN, tmp_path, sex="MALE") == ["cannot tell"]
    assert all_held(text.format("Men must use a condom"), WOMAN, tmp_path) == ["met"]
