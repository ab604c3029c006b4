"""Which numbers are ages of the patient, and which are somebody else's."""

from __future__ import annotations

import re

from kg.criteria.cues import pattern
from kg.criteria.quantities import Quantity

_PART = re.compile(r"[;\n]")
_OLDER = re.compile(r"(?:no |not )?(?:older|younger) than\b", re.I)
_OR_OLDER = re.compile(r"years?\s(?:or|and)\s(?:older|over|younger)\Z", re.I)
#: Who was named directly before: "women and men 18 years or older with a history of uveitis".
_WHO = re.compile(
    r"\b(?:patients?|subjects?|participants?|adults?|wom[ae]n|m[ae]n|males?|females?|children|individuals?|people|persons?|volunteers?|minors|aged?)\W{0,3}\Z",
    re.I,
)
_CHILD = re.compile(r"\b(?:age[ds]?|infants?|children|newborns?)\b", re.I)
_OLD = re.compile(r"[\s-]*+(?:of age|old|of life)\b", re.I)
#: Whose age it is that is not the patient's own.
_OTHERS = re.compile(
    r"\b((?:donors?|bone|gestational|mental|developmental|contacts? with|(?:mothers?|fathers?|parents?|caregivers?|guardians?)\b(?:[^.;,]{0,30}\bchild(?:ren)?| (?:to|of) an?)|siblings?|relatives?)\b)[^.;,]{0,40}$",
    re.I,
)
#: Before the age under which somebody else must agree.
_ASSENT = re.compile(r"\b(?:consents?|assents?)\b[^.;]{0,60}\b(?:for|if|when|from)\b[^.;]{0,40}$", re.I)
_GUARDIANS = re.compile(r"\b(?:guardians?|legal representatives?) (?:of|for|if)\b[^.;)]{0,40}$", re.I)
_ASSENT_BEHIND = re.compile(
    r"(?: of age)?[^.;\d]{0,30}\b(?:must|should|require|need)\b[^.;]{0,30}\b(?:consents?|assents?)\b", re.I
)
#: At which event somebody had the age: "age at diagnosis", "menopause before age 45".
_AT_EVENT = re.compile(
    r"\bage (?:at|of) (?:the )?(?:(?:first|initial|disease|symptom|seizure|their|asthma) ){0,2}(?:diagnosis|onset|menarche|menopause|injury|manifestation|episode|seizure|symptoms?)\b",
    re.I,
)
_AT_EVENT_BEHIND = re.compile(
    r"(?: old| of age)?,? ((?:at|when) (?:the )?(?:time of )?(?:their )?(?:(?:first|initial|original|disease|symptom) ){0,2}(?:diagnos(?:is|ed)|onset|menarche|menopause)\b)",
    re.I,
)
_MOMENT = re.compile(
    r"\b(?:before|after|prior to|by|since)\s+(?:the\s+|reaching\s+)?(?:(?:patient|subject|participant|child)['’]s\s+|their\s+)?(?:age\s+)?(?:of\s+)?\Z",
    re.I,
)
#: Words that tell of no event: "patients enrolled before age 18".
_PERSON = re.compile(
    r"\b(?:patients?|subjects?|participants?|volunteers?|persons?|people|individuals?|children|adults?|adolescents?|infants?|boys?|girls?|wom[ae]n|m[ae]n|females?|males?|who|are|is|be|must|may|should|will|enrolled|included|eligible|aged?|years?|old|and|or|the|of|all|any|not|to|at|inclusion|exclusion|criteria|only|healthy)\b|\W+",
    re.I,
)
#: Between a bound and the ages that it is for: "at least 750 (under 12 months of age)".
_BRACKET = re.compile(r"\s*+[\w/^³]{0,12}\s*+\(\s*+")
_BETWEEN = re.compile(r"\bbetween\s\Z", re.I)
#: Whose assent is asked for: "assent (subjects aged 13 to 17 only)", "for adolescents under 18, able to give assent".
_ASSENT_OF = re.compile(
    r"\b(?:consents?|assents?)\b[^.;()]{0,60}\((?:(?:only )?(?:for|if|in|by) )?(?:[a-z-]{1,20} ){0,4}\Z", re.I
)
_OPENS_FOR = re.compile(r"\W*(?:for|if|in)\b[^.;:]{0,50}\Z", re.I)
_THEN_ASSENT = re.compile(r"(?:years )?(?:of age|old)?,[^.;\d]{0,80}\b(?:consents?|assents?)\b", re.I)
#: What is asked of people of an age: "patients under 6 years old must weigh at least 7 kg".
_OF_SOME = re.compile(
    r"(?:\s(?:years?|months?|of age|old)){0,3}\s(?:must|should|need to|have to|are required to|can|may|could)\s(?!be\b(?! (?:willing|able|accompanied|sufficiently)\b)|not\b|participate\b|enter\b|join\b|have (?:an? )?(?:life|performance))[a-z]",
    re.I,
)
_PEOPLE_OF = re.compile(
    r"\b(?:patients?|subjects?|participants?|children|adolescents|minors|those)\b(?: (?:who are|aged|of age))? \Z", re.I
)
_OF_DONORS = re.compile(r"\)\s(?:[\w-]{1,20}\s){0,5}(?:\([^()]{1,20}\)\s)?donors?\b", re.I)
#: A scale for people of an age, and what people of an age count as: "Lansky (age < 16 years)", "will be considered postmenopausal".
_OF_SCALE = re.compile(r"\b(?:Lansky|Karnofsky|Zubrod|ECOG|[KL]PS|scale|score)\s?\((?:[a-z]{1,12}\s){0,3}\Z", re.I)
_COUNT_AS = re.compile(r"(?:\s(?:years?|of age|old)){0,3}\s(?:will be|are|is|shall be) considered\b", re.I)
#: What somebody was given at an age: "2 doses of the vaccine between 6 and 18 months of age".
_GIVEN = re.compile(
    r"\b(doses?|vaccination|vaccine|immuni[sz]ation)\b[^.;)]{0,50}\b(?:between|at|from|before|after|by)\s(?:the\s)?(?:ages?\s(?:of\s)?)?\Z",
    re.I,
)
_MAJORITY = 21
_MEAN = re.compile(r"\b(?:mean|average|median) age\b[^.;]{0,40}$", re.I)


def is_age(one: Quantity, text: str) -> bool:
    """Whether a number of years (or months of a child) is an age although no word of age stands before it."""
    if one.unit not in ("a", "mo", "wk", "d"):
        return False
    younger = _OLDER.match(text, one.start) and pattern("people").search(text, max(0, one.start - 20), one.start)
    if younger or (one.unit == "a" and _OR_OLDER.search(text, one.at, one.end) and _WHO.search(text, 0, one.start)):
        return True
    if one.unit != "a" and not (_CHILD.search(text, max(0, one.start - 25), one.start) or _OLD.match(text, one.end)):
        return False
    if one.comparator and text[one.at : one.end].lower().endswith("yo"):
        return True
    lead, tail = text[max(0, one.start - 60) : one.start], text[one.end : one.end + 40]
    around = _PART.split(lead)[-1] + text[one.start : one.end] + _PART.split(tail)[0]
    if re.search(
        r"\b(?:since|prior|within|past|previous|before|after|last|history|duration|for (?:at least|more)|every|ago|survival|expectancy|follow|post-?\s?menopausal|amenorrh\w*|without|disease-free|remission|pack|ongoing|recent|next)\b",
        around,
        re.I,
    ):
        return bool(
            re.match(r"\s*(?:of age|old)\b", tail, re.I)
            or re.search(r"(?:years|yrs)[\s-](?:of age|old)", text[one.at : one.end + 12], re.I)
        )
    lead = _BETWEEN.sub("", lead)
    before, behind = lead.rstrip(" \t\r•*-"), tail.lstrip(" \t\r")
    alone = before[-1:] in ("", *",;(\n") and behind[:1] in ("", *",;.)\n")
    if one.unit == "a" and alone and (one.comparator or not (lead + tail).strip(" \t\n\r-•*.,;:()")):
        return True
    own_line = before[-1:] in ("", "\n") and behind[:1] in ("", "\n")
    if one.unit == "a" and one.upper is not None and own_line:
        return True
    return bool(pattern("people").search(around))


def is_bare_age(one: Quantity, text: str) -> bool:
    """Whether a number without a unit is an age: "Patients under 18"."""
    lead = text[max(0, one.start - 30) : one.start]
    return not one.unit and not one.relative_to and 1 <= one.value <= 110 and bool(pattern("people").search(lead))


def of_another(one: Quantity, text: str, clause: int) -> str:
    """Whose age it is that is not the patient's own, or when that was: "donor", "at diagnosis"; "" when it is the patient's now."""
    first = max(clause, one.start - 60)
    if others := _OTHERS.search(text, first, one.start):
        return " ".join(others[1].split())
    if given := _GIVEN.search(text, max(clause, one.start - 90), one.start):
        return f"at {given[1].lower()}"
    if _OF_DONORS.match(text, one.end):
        return "donors"
    if (event := at_event(one, text, clause)) and "diagnos" not in event:
        return event
    if moment := _MOMENT.search(text, first, one.at):
        words = text[first : moment.start()]
        if len(_PERSON.sub("", words)) > 3:
            return " ".join((*words.split()[-4:], *moment[0].split()[:1]))
    return ""


def at_event(one: Quantity, text: str, clause: int) -> str:
    """The event at which somebody has the age: "at diagnosis"; "" for the age of today."""
    if event := _AT_EVENT.search(text, max(clause, one.start - 60), one.start):
        return " ".join(event[0].split()[1:])
    behind = _AT_EVENT_BEHIND.match(text, one.end)
    return " ".join(behind[1].split()) if behind else ""


def is_only_told(one: Quantity, text: str, clause: int) -> bool:
    """Whether an age is not asked for: who signs for the young, or the mean age of people."""
    return bool(
        _ASSENT.search(text, max(clause, one.start - 70), one.start)
        or _GUARDIANS.search(text, max(clause, one.start - 70), one.start)
        or _ASSENT_BEHIND.match(text, one.end)
        or _MEAN.search(text, max(clause, one.start - 50), one.start)
    )


def of_assent(one: Quantity, text: str, clause: int) -> bool:
    """Whether an age only says of which of the young a consent or an assent is asked for."""
    if one.comparator not in ("lt", "le") and (one.upper is None or one.upper > _MAJORITY):
        return False
    if _ASSENT_OF.search(text, max(clause, one.start - 130), one.start):
        return True
    opens = _OPENS_FOR.fullmatch(text, clause, one.start)
    return bool(opens and _THEN_ASSENT.match(text[one.end : one.end + 130].lstrip()))


def is_of_some(one: Quantity, text: str, clause: int) -> bool:
    """Whether an age only says of whom something else is asked: "patients under 6 years old must weigh at least 7 kg"."""
    if _OF_SCALE.search(text, max(clause, one.start - 50), one.start):
        return True
    who = _PEOPLE_OF.search(text, max(clause, one.start - 40), one.start)
    return bool(who and _OF_SOME.match(text, one.end)) or bool(_COUNT_AS.match(text, one.end))


def qualifies(before: int, one: Quantity, text: str) -> bool:
    """Whether an age in brackets says for whom the bound is that ends at ``before``: "at least 750 (under 12 months of age)"."""
    return bool(_BRACKET.fullmatch(text, before, one.start))
