"""Statements that are for women or for men only."""

from __future__ import annotations

import re

from kg.eligibility.chart import Chart
from kg.eligibility.requirements import Criterion, Trial
from kg.eligibility.truth import Reasoned

_WOMEN = re.compile(r"\b(?:wom[ae]n|females?)\b", re.I)
_MEN = re.compile(r"\b(?:m[ae]n|males?)\b", re.I)
_FOR_WOMEN = re.compile(r"\W*+(?:(?:all|if|for|any|adult)\s++)*+(?:wom[ae]n|females?)\b(?!\s?[≥≤<>=:/])", re.I)
_FOR_MEN = re.compile(r"\W*+(?:(?:all|if|for|any|adult)\s++)*+(?:m[ae]n|males?)\b(?!\s?[≥≤<>=:/])", re.I)
#: What a statement asks of women or of men, rather than whom it is for: "women of childbearing potential must ...".
_ASKED_OF = re.compile(
    r"\b(?:must|should|shall|will|agree\w*|need|needs|have to|required|may not|are to|willing|us(?:e|ing)|potential|not (?:be |currently )?pregnant|negative)\b|\A\W*+(?:if|for)\b",
    re.I,
)
#: Others who are spoken of for the sake of those whom a statement is for: "male partner", "sex with men".
_PARTNER = re.compile(r"\W{0,3}(?:sexual |sex )?(?:partners?|contracepti\w+|condoms?)\b", re.I)
_WITH_PARTNER = re.compile(r"\b(?:with|by) (?:an? |any |fertile |the |sterile |vasectomi[sz]ed ){0,3}$", re.I)
#: Where the first sentence ends.
_FIRST = re.compile(r"[.;]\s+(?=[A-Z])")
_SEX_ONLY = re.compile(r"\W{0,9}+(?:wom[ae]n|females?|m[ae]n|males?)\W{0,9}+", re.I)


def _speaks_of(sex: re.Pattern[str], text: str) -> bool:
    """Whether a text speaks of women, or of men, themselves, and not of partners."""
    return any(
        not _PARTNER.match(text, m.end()) and not _WITH_PARTNER.search(text, max(0, m.start() - 24), m.start())
        for m in sex.finditer(text)
    )


def _only(opening: re.Pattern[str], others: re.Pattern[str], text: str) -> bool:
    """Whether a statement begins with those whom it is for, and does not come to speak of the others."""
    begun = opening.match(text)
    return bool(begun) and not _speaks_of(others, text[begun.end() if begun else 0 :])


def named(words_: str) -> str:
    """The sex of which words speak: "female", "male"; "" for both or none."""
    women, men = (_speaks_of(sex, words_) for sex in (_WOMEN, _MEN))
    return "" if women == men else "female" if women else "male"


def is_only(words_: str) -> bool:
    """Whether words say of which sex something is, and no more: "men", in "18-64 years old men"."""
    return bool(_SEX_ONLY.fullmatch(words_))


def wanted(trial: Trial) -> str:
    """The sex that the trial's record asks for; "" for either."""
    return {"Female": "female", "Male": "male"}.get(trial.sex.removesuffix("Sex"), "")


def for_others(criterion: Criterion, trial: Trial, seen: Chart) -> Reasoned | None:
    """How a statement turns out that is for the other sex; None when it is for the patient's.

    What is asked of women in a trial for all does not apply to a man. A statement that only says whom the trial is for he does not meet,
    where its record says so too.
    """
    sex, text = seen.patient.sex, criterion.text
    if not ((sex == "male" and _only(_FOR_WOMEN, _MEN, text)) or (sex == "female" and _only(_FOR_MEN, _WOMEN, text))):
        return None
    if criterion.kind.startswith("Exclusion"):
        return True, f"does not apply: the patient is {sex}"
    asked = _ASKED_OF.search(_FIRST.split(text, maxsplit=1)[0])
    if wanted(trial) and not asked:
        return False, f"the patient is {sex}"
    if wanted(trial) or not asked:
        return None, f"the patient is {sex}; whether others may take part, the words must tell"
    return True, f"does not apply: the patient is {sex}"
