"""Whether what a patient has is what the words of a criterion mean: "bypass surgery" is not any surgery, nor "severe asthma" any asthma."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

from kg import assets
from kg.criteria.cues import pattern as cue
from kg.criteria.scope import anew
from kg.eligibility.chart import Chart, name_of
from kg.eligibility.requirements import Constraint, Criterion
from kg.eligibility.truth import Reasoned, Truth

#: Behind an operation: where or for what it was.
_PLACED = re.compile(
    r"(?:(?:,?\s(?:or|and|and/or)|,)(?:\s(?!the\b|an?\b|or\b|and\b)[\w-]{1,24}+){1,3}?){0,3}?\s(?:of|on|to|at|in|for|involving|around|near)\s(?!(?:the )?(?:past|last|previous|preceding|study|trial|least|screening|baseline|enrol\w+|day|time)\b)(?!\d)[a-z]",
    re.I,
)
#: Before it: a place that it shares with what it is listed with.
_SHARED = re.compile(
    r"\b(?:[a-z]{4,}(?:al|ic|ar) (?:trauma|injur(?:y|ies)|ir?radiation|fractures?) (?:or|and|/) $"
    r"|(?:pelvic|abdominal|thoracic|cranial|brain|spinal|ocular|cardiac|gastric|intestinal|chest|neck|breast|lung|liver|renal|hepatic|oral|nasal|dental|vaginal|rectal|prostate|prostatic|uterine|eye|cervical|lumbar|vertebral|spine|lid|eyelid|ear|nose|throat|skin|scalp|nail|joint)\s(?:[a-z-]{1,20}+(?:,? or|,? and|,|/)?+\s){0,7}+$)",
    re.I,
)
#: Before a disease that somebody has to judge, or a grade that is not in a record; and behind it.
_JUDGED = re.compile(
    r"\bin the (?:opinion|judge?ment|view) of\b[^.;]{0,40}\b(?:would|could|may|might|can|will)\b[^;]*$|\bin the investigator['’]?s? (?:opinion|judge?ment)\b[^;]*$"
    r"|\bgrades?\s?(?:(?:[≥≤<>=]+|or)\s?)?[1-5](?:\s?(?:-|–|or|to|and)\s?(?:[1-5]|higher|greater|more|above|worse))?\s(?:[a-z-]{1,20}\s){0,2}$"
    r"|\b(?:poorly controlled|uncontroll?ed|inadequately controlled|unstable|decompensated|untreated)\s(?:[\w-]{1,20}\s){1,3}(?:or|and|and/or)\s$"
    r"|\b(?:uncontroll?ed|unstable)\s(?:[a-z-]{1,20}\s){0,3}(?:conditions?|illness(?:es)?|diseases?|disorders?|problems?),?\s\(?(?:including|such as|eg|like)\b[^.;]*$",
    re.I,
)
_JUDGED_BEHIND = re.compile(
    r"(?:(?!\b(?:or|any) (?:any |other )?(?:other |medical |condition|disease|illness|disorder))[^.;])*?\b(?:(?:that|which),?\s)(?:in the\s(?:[a-z'’]{1,14}\s){0,3}(?:opinion|judge?ment|view)|the investigator|[^.;]{3,60}\bat the discretion)\b"
    r"|[^()]{0,80}\)\s(?:currently\s)?(?:requiring|needing|in whom|that|which|who)\b"
    r"|(?:\s?(?:,|/|\bor\b|\band\b)\s?[\w-]{2,30}(?:\s[\w-]{2,20}){0,2}){1,3}\s(?:that|which)\s(?:is|are|has|have|requires?|required|cannot|needs?|would|could|may|might)\b",
    re.I,
)
#: Behind a disease: what it is a reaction to, or where it is: "allergy, hypersensitivity or intolerance to wool".
_TO_SOMETHING = re.compile(
    r"(?:(?:,|/|\s(?:or|and|and/or)(?=\s))(?:\s?(?!(?:to|of|involving|reactions?)\b)[\w-]{1,24}+){1,3}+,?){0,3}+(?:\sreactions?)?(?:\s?\([^()]{1,60}\))?\sto\s|\s(?:of|involving)\s|(?:(?<=ensitivity)|(?<=llergy)|(?<=llergies))[^.;]{0,60}?\s(?:to|of)\s|(?<=nfection)(?:\s(?:or|and)\s[\w-]{1,24}+)?+\s(?:with|by)\s",
    re.I,
)
#: The way in which a drug was given.
_ROUTED = re.compile(
    r"\b(?:intravenous(?:ly)?|iv|i\.v\.|oral|topical|systemic|parenteral|inhaled|inhalation|intranasal|intravitreal|subcutaneous|intra-?articular|injectable|injected|local|high[- ]dose|low[- ]dose|investigational|experimental)\s(?:(?:or|and|/)\s[a-z]{1,14}\s)?(?:[a-z-]{1,14}\s)?$",
    re.I,
)
_TRIED = re.compile(r"\s(?:investigational|experimental)\b", re.I)
#: Before an operation: what it was a treatment of.
_TREATED_WITH = re.compile(
    r"\b(?:treat(?:ment|ed)|therapy) (?:with|by) (?:[a-z]{1,12} ){0,2}$|\btherapy, including (?:[a-z]{1,12} ){0,2}$",
    re.I,
)
#: Abbreviations, whose stops end no sentence.
_ABBREVIATED = re.compile(r"\b(e\.g|i\.e|eg|ie|etc|vs)\.", re.I)
#: How far before or behind a disease words about the list that it stands in are looked for.
_AROUND = 400


class _Place(NamedTuple):
    """Where a criterion names a thing, its white space made one and the stops of "e.g." left out."""

    text: str
    start: int
    end: int

    def behind(self, pattern: re.Pattern[str]) -> bool:
        """Whether the words behind the name, up to an exception or the next statement, begin like this."""
        ends = [self.end + _AROUND]
        ends += [m.start() for p in (cue("exception"), anew()) if (m := p.search(self.text, self.end, ends[0]))]
        return bool(pattern.match(self.text, self.end, min(ends)))

    def before(self, pattern: re.Pattern[str], reach: int = 400) -> bool:
        """Whether the words before the name, ``reach`` characters at most and of its own statement, end like this."""
        first = max(0, self.start - reach)
        starts = [m.end() for m in anew().finditer(self.text, first, self.start)]
        return bool(pattern.search(self.text, starts[-1] if starts else first, self.start))


def _place(one: Constraint, criterion: Criterion) -> _Place | None:
    """Where the criterion names what a constraint is about; of "neurological or psychiatric disorder", where the first word stands."""
    text = _ABBREVIATED.sub(r"\1", " ".join(criterion.text.split()))
    for name in (one.concept_label, one.concept_label.split(" ")[0]):
        if name and (at := text.find(name)) >= 0:
            return _Place(text, at, at + len(name))
    return None


def therapy(one: Constraint, criterion: Criterion, seen: Chart, had: Truth, reason: str) -> Reasoned:
    """A therapy that was had may not be the one meant: a mastectomy is a surgery, and no "bypass surgery" or "surgery of the hip"."""
    if not had:
        return had, reason
    label = one.concept_label.lower().split()
    other = len(label) > 1 and _is_another(one, seen)
    generic = bool(label) and label[-1] in assets.facts("criteria")["generic_therapies"]
    place = _place(one, criterion)
    if other or (generic and len(label) > 1 and not seen.index.find(one.concept_label)):
        return None, f"{reason}; whether it is what is meant, the words must tell"
    if one.concept_label.lower() in assets.facts("criteria")["vague_therapies"]:
        return None, f"{reason}; of what, the words must tell"
    if place and (place.before(_ROUTED, 40) or place.behind(_TRIED)):
        return None, f"{reason}; by which way it was given, the words must tell"
    if place and (place.before(_SHARED, 60) or (generic and _is_narrowed(place))):
        return None, f"{reason}; where or for what it was, the words must tell"
    return had, reason


def _is_another(one: Constraint, seen: Chart) -> bool:
    """Whether the words name a narrower concept than the one that they were linked to: bariatric surgery, and not any surgery."""
    named = seen.index.find(one.concept_label)
    return bool(named) and not any(seen.exact(node) in named for node in one.concepts)


def _is_narrowed(place: _Place) -> bool:
    """Whether words about an operation say where or what for it was: "surgery or injections of the lumbar spine"."""
    return place.behind(_PLACED) or place.behind(_narrowed_behind()) or place.before(_TREATED_WITH, 60)


def disease(one: Constraint, criterion: Criterion, nodes: list[str], seen: Chart, reason: str) -> Reasoned:
    """A disease that the patient has may not be the one meant: "T3 cancer", "conditions that, in the opinion of the investigator, ..."."""
    place = _place(one, criterion)
    if place and (place.before(_JUDGED) or place.behind(_JUDGED_BEHIND)):
        return None, f"{reason}; whether it matters, the investigator must tell"
    if seen.of_another_substance(nodes, one.concept_label) or seen.is_unlike(nodes, one.concept_label):
        return None, f"{reason}; of what, the words must tell"
    form_only = place and not any(seen.has_itself(node) for node in nodes)
    if _says_more(one, criterion, nodes, seen) or (place and form_only and _is_loose(place)):
        return None, f"{reason}; whether it is what is meant, the words must tell"
    return True, reason


def _says_more(one: Constraint, criterion: Criterion, nodes: list[str], seen: Chart) -> bool:
    """Whether the words say more than the concept that they were linked to: "T3 cancer", "metastasis to the brainstem"."""
    if not one.concept_label:
        return False
    label = name_of(one.concept_label)
    degrees = not label.isdisjoint(assets.facts("patient")["degrees"])
    known = any(
        label == name_of(seen.label(n)) or (not degrees and seen.exact(n) in seen.index.find(one.concept_label))
        for n in nodes
    )
    place = _place(one, criterion)
    return not known or bool(place and place.behind(_TO_SOMETHING))


def _is_loose(place: _Place) -> bool:
    """Whether words about the list that a disease stands in say which forms of it are meant."""
    return place.before(_narrowed_before()) or place.before(_SHARED, 60) or place.behind(_narrowed_behind())


@cache
def _narrowed_before() -> re.Pattern[str]:
    return re.compile(assets.facts("patient")["narrowed_before"], re.I)


@cache
def _narrowed_behind() -> re.Pattern[str]:
    return re.compile(assets.facts("patient")["narrowed_behind"], re.I)


def narrowed(one: Constraint, truth: Truth, held: Truth, reason: str) -> Reasoned:
    """A truth that rests on what was ``held`` to be so, which words that no constraint says may narrow."""
    return (
        (None, f"{reason}; the words say more: {one.remainder}")
        if held and one.remainder and one.kind != "Pregnancy"
        else (truth, reason)
    )
