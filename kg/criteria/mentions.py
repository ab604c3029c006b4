"""The diseases and therapies that a criterion names, and whether it asks for them or only mentions them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from kg import assets
from kg.criteria import scope
from kg.criteria.cues import pattern
from kg.criteria.spans import Spans
from kg.criteria.windows import Window
from kg.mesh import MeshIndex, words
from kg.mesh.linker import choose

#: How a criterion about a therapy begins.
THERAPY_CUE = re.compile(r"(?:no |not |any )?(?:other )?(?:prior|previous|concurrent|concomitant)\b", re.I)
_THERAPY = ("D", "E02", "E04")
_DIAGNOSIS = ("C", "F03")
_PLANNED = re.compile(
    r"\b(?:amenable|candidates?|eligible|suitable|fit|planned|scheduled|indications?|need) (?:to|for)\b(?:[^.;,]|e\.g\.,?|i\.e\.,?){0,80}$",
    re.I,
)
#: Before a treatment that is yet to come: "planned surgery".
_AWAITED = re.compile(r"\b(?:planned|scheduled|anticipated|upcoming)\s$", re.I)
#: Behind a treatment that is yet to come: "mastectomy must be planned".
_TO_COME = re.compile(r"[^.;,]{0,40}?\b(?:is|are|be|been) (?:planned|scheduled)\b|\s(?:planned|scheduled)\b", re.I)
_BEFORE = re.compile(r"(?:prior to|before|preceding)\b", re.I)
#: A letter that goes on with a list: "B or C", "A, B and C".
_LETTER = re.compile(r"\s*(?:,|/|or|and|and/or)\s*(?:or\s+|and\s+)?([A-Z])\b")
#: What a drug named before it is not given for: "insulin pump", "surgery date".
_NOT_GIVEN = re.compile(
    r"[-\s](?:pneumonitis|enteritis|proctitis|cystitis|dermatitis|colitis|necrosis|fibrosis|injur(?:y|ies)|toxicit(?:y|ies)|related|induced|associated|pumps?|sensitivity|resistance|levels?|metabolism|absorption|deficiency|receptors?|dates?|day|counting|research)\b",
    re.I,
)
_OTHER_TUMOR = re.compile(
    r"\bor (?:any )?other (?:[a-z-]{1,20} ){0,2}(tumou?rs?)\b(?! (?:lysis|marker|necrosis))", re.I
)
#: What is abused is no therapy: "drug abuse (including painkillers)".
_ABUSE = re.compile(
    r"\b(?:abuse|misuse|dependenc[ey]|addiction)\s?(?:\(|,\s)(?:including|such as|e\.g\.,?)\s[^().;]{0,70}$", re.I
)
#: Words that part "on" from the therapy behind them.
_MEANWHILE = re.compile(r"\b(?:after|before|following|during|prior to|until)\b", re.I)
_NON = re.compile(r"\b(?:non|anti)[- ]$", re.I)
#: A therapy that goes on as it was: "no change in the last 4 months in antihyperglycemic medications".
_UNCHANGED = re.compile(
    r"\b(?:changes?|changed|adjustments?|alterations?|modifications?|switch\w*)\b[^.;,]{0,130}\b(?:in|of|to|their)\s(?:[a-z-]{1,20} ){0,3}$",
    re.I,
)
#: What came of a therapy: "persistent toxicity from prior chemotherapy or radiotherapy".
_EFFECTS = re.compile(
    r"\b(?:toxicit(?:y|ies)|adverse (?:events?|effects?|reactions?)|side effects?|complications?|sequelae)\b[^.;:]{0,50}\b(?:from|of|due to|related to|caused by|attributable to|associated with)\b[^.;:]{0,60}$",
    re.I,
)
#: A class whose members a list names: "any of the following antibodies within 4 months: ...".
_HEADED = re.compile(r"\bfollowing\s(?:[a-z-]{2,20}\s){0,3}$", re.I)
_LIST_OPENS = re.compile(r"[^.;:]{0,90}:\s+\w")
#: What somebody does not bear: "hypersensitivity to injected proteins, including antibodies".
_REACTED = re.compile(
    r"\b(?:hypersensitivit\w{1,3}|allerg\w{1,4}|intoleran\w{1,3}|anaphyla\w{1,6}|contraindicat\w{1,4})\b[^.;:]{0,60}\b(?:to|against|for|of)\s[^.;:]{0,110}$",
    re.I,
)
#: What comes after a therapy that is yet to come, or that only says when.
_LATER = re.compile(
    r"\b(?:willing(?:ness)?|agree\w{0,5}|monitor\w{0,3}|follow(?:ed)?[- ]?up)\b[^.;]{0,110}\b(?:after|following)\s(?:the\s)?$|\b(?:after|following)\s(?:the\s)?(?:most recent|last|index|definitive)\s$",
    re.I,
)
_REFUSED = re.compile(
    r"\b(?:refus(?:es?|ed|ing)|declin(?:es?|ed|ing)|unwilling to (?:have|undergo|receive)|(?:willing|able|agree\w{0,3}) to (?:discontinue|stop|avoid|withdraw)(?: (?:the )?use of)?|refrain(?:s|ing)? from|abstain(?:ing)? from)\s(?:[a-z]{1,14}\s){0,3}$",
    re.I,
)
#: What does not count: "chemotherapy (corticosteroids not included)".
_NOT_INCLUDED = re.compile(
    r"[^().;,]{0,30}\b(?:not (?:included|counted|considered)|excluded|do(?:es)? not count)\s?\)", re.I
)
_SPACE = re.compile(r"[\s-]")
#: Before the noun that closes a name: "hepatitis C virus (anti-HCV positive) infection".
_VIRUS_BEFORE = re.compile(r"\bvirus\s?\([^()]{1,120}\)\s\Z", re.I)
_OR = re.compile(r"\s(?:or|and|and/or)\s")
_FOR = re.compile(r"\b(?:for|in) (?:(?!with\b)[\w-]{1,20} ){0,4}$", re.I)
#: What is an alternative to metastatic disease: "inoperable, recurrent or metastatic disease".
_STAGE = re.compile(
    r"(?:locally[\s-])?(?:advanced|recurrent|relapsed|residual|persistent|progressive|inoperable|unresectable|nonresectable|non-resectable|refractory|primary)",
    re.I,
)
#: A word that shares the last word of the name after it: "cardiac" in "cardiac or renal disease".
_SHARING = re.compile(r"(?<![\w-])((?:locally\s)?[\w-]{3,30})\s?(?:,|/|,?\s(?:and/or|or|and))\s?$")


@cache
def _vague() -> frozenset[str]:
    return frozenset(assets.facts("criteria")["vague"])


@dataclass(slots=True)
class Mention:
    """A concept of MeSH in a criterion."""

    start: int
    end: int
    identifier: str
    therapy: bool
    window: Window | None = None
    said: str = ""


def find(text: str, index: MeshIndex, taken: list[tuple[int, int]]) -> list[Mention]:
    """The diseases and therapies that a text names, outside the spans that are ``taken``."""
    found: list[Mention] = []
    busy = Spans(taken)
    for start, end, owners in index.mentions(text):
        if all(w.stem in _vague() for w in words(text[start:end])) or pattern("contraception").search(text, start, end):
            continue
        if busy.touch(start, end) or _NON.search(text, max(0, start - 5), start):
            continue
        if "," in text[start:end] and (following := words(text[end : end + 24])) and following[0].stem in scope.heads():
            end = start + text[start:end].index(",")  # "cancer, lung disease": the comma lists, it inverts nothing
            owners = index.find(text[start:end])
        identifier = choose(owners, "Any", index)
        again = found and found[-1].identifier == identifier and text[found[-1].end : start].strip() == "("
        if again:
            continue  # the abbreviation in brackets after the name
        if identifier and index.in_trees(identifier, _DIAGNOSIS):
            if treated := pattern("its_therapy").match(text, end):
                found.append(Mention(start, treated.end(), "", True))
                continue
            found += _same_tail(text, start, end, index, busy)
            identifier = _of_same(text, found, start, end, identifier, index)
            plainer = assets.facts("criteria")["stands_for"].get(identifier, "")
            said = text[start:end].rsplit(None, 1)[-1] if plainer else ""
            found.append(Mention(start, end, plainer or identifier, False, said=said))
            found += _same_head(text, start, end, index)
        elif identifier and index.in_trees(identifier, _THERAPY):
            found.append(Mention(start, end, identifier, True))
    return [*_unjoined(text, found), *_others(text, found, index, busy)]


def _unjoined(text: str, found: list[Mention]) -> list[Mention]:
    """Less what only says for what a therapy is ("cancer chemotherapy"), and the noun that closes a name behind brackets."""
    for_therapy = {
        id(one) for one, other in pairwise(found) if other.therapy and _SPACE.fullmatch(text, one.end, other.start)
    }
    kept = []
    for one in found:
        closes = (
            not one.therapy
            and one.end - one.start < 24
            and _VIRUS_BEFORE.search(text, max(0, one.start - 160), one.start)
        )
        if not closes and (one.therapy or id(one) not in for_therapy):
            kept.append(one)
    return kept


def _others(text: str, found: list[Mention], index: MeshIndex, busy: Spans) -> list[Mention]:
    """Tumors at the end of a list, where nothing but "or other solid tumor" names them."""
    spans = [m.span(1) for m in _OTHER_TUMOR.finditer(text)]
    if not spans:
        return []
    known, owners = Spans((m.start, m.end) for m in found), index.find("neoplasms")
    return [
        Mention(*span, owners[0], False) for span in spans if owners and not (known.touch(*span) or busy.touch(*span))
    ]


def _same_head(text: str, start: int, end: int, index: MeshIndex) -> list[Mention]:
    """What shares the head of a name: hepatitis C in "hepatitis B or C"."""
    found: list[Mention] = []
    head, _, letter = text[start:end].rpartition(" ")
    while len(letter) == 1 and (other := _LETTER.match(text, end)):
        owners = index.find(f"{head} {other[1]}")
        if not owners:
            break
        found.append(Mention(other.start(1), other.end(1), owners[0], False))
        end = other.end(1)
    return found


def _same_tail(text: str, start: int, end: int, index: MeshIndex, busy: Spans) -> list[Mention]:
    """What shares the last word of a name: heart disease in "cardiac, pulmonary, or renal disease"."""
    tail = words(text[start:end])[-1:]
    found: list[Mention] = []
    if not tail or tail[0].stem not in scope.heads():
        return found
    head = text[start:end][tail[0].start : tail[0].end]
    spread = text[start:end].lower().startswith("metasta")
    while (other := _SHARING.search(text, max(0, start - 40), start)) and not busy.touch(*other.span(1)):
        owners = [one for one in index.find(f"{other[1]} {head}") if index.in_trees(one, _DIAGNOSIS)]
        if not owners and not (spread and _STAGE.fullmatch(other[1])):
            break
        start = other.start(1)
        found.append(Mention(*other.span(1), owners[0] if owners else "", False, said=f"{other[1]} {head}"))
    return found[::-1]


def kind(text: str, mention: Mention, therapy_before: bool) -> str:
    """PriorTherapy, ConcurrentTherapy or Diagnosis; "" for a mere mention."""
    lead = text[max(0, mention.start - scope.REACH) : mention.start]
    if mention.therapy and _NOT_GIVEN.match(text, mention.end):
        return ""
    if not mention.therapy:
        after_therapy = therapy_before or THERAPY_CUE.match(text)
        if re.match(
            r"[-\s]*(?:resistant|refractory|naive|specific|preventive|preventative|prophylactic|directed|test|drugs?|vaccine)",
            text[mention.end : mention.end + 20],
            re.I,
        ):
            return ""
        return "" if after_therapy and pattern("purpose").search(lead) else "Diagnosis"
    if _TO_COME.match(text, mention.end) and not (mention.window and mention.window.ahead):
        return ""
    if _AWAITED.search(lead) and not (mention.window and mention.window.ahead):
        return ""
    if mention.window and mention.window.bound == "minimum":
        return "PriorTherapy"
    if _PLANNED.search(lead):
        return ""
    prior = _last(pattern("prior"), lead)
    concurrent = _last(pattern("concurrent"), lead)
    if lead[concurrent : concurrent + 3].lower() == "on " and _MEANWHILE.search(lead, concurrent):
        concurrent = -1  # "assessed on bone marrow after chemotherapy"
    if prior < 0 and concurrent < 0:
        return "PriorTherapy" if mention.window else ""
    if pattern("purpose").search(lead) and max(prior, concurrent) < len(lead) - 40:
        return ""
    return "PriorTherapy" if prior > concurrent else "ConcurrentTherapy"


def _last(cue: re.Pattern[str], text: str) -> int:
    return max((match.start() for match in cue.finditer(text)), default=-1)


def _of_same(text: str, found: list[Mention], start: int, end: int, identifier: str, index: MeshIndex) -> str:
    """The concept of a lone noun that shares the words before its neighbour: "central nervous system infections or neoplasms"."""
    alone = " " not in text[start:end].strip() and found and not found[-1].therapy
    if not alone or not _OR.fullmatch(text, found[-1].end, start):
        return identifier
    before = text[max(0, found[-1].start - 60) : found[-1].end].split()
    for count in range(4, 0, -1):
        shared = [
            one for one in index.find(" ".join([*before[-count - 1 : -1], text[start:end]])) if len(before) > count
        ]
        if shared and index.in_trees(shared[0], _DIAGNOSIS):
            return shared[0]
    return identifier


def whom(text: str, mention: Mention) -> tuple[int, int] | None:
    """Where it stands for whom a statement is, when the name only says so: "in patients with solid tumors"."""
    first = max(0, mention.start - 90)
    before = pattern("whom_before").search(text, first, mention.start)
    if before:
        return before.start(), mention.end
    lead = _FOR.search(text, first, mention.start)
    behind = pattern("whom_behind").match(text, mention.end)
    return (lead.start(), behind.end()) if lead and behind else None


def is_mere(text: str, mention: Mention) -> bool:
    """Whether a name only stands for something else: a risk of it, contact with those who have it, a moment, a greatest number."""
    first = max(0, mention.start - 90)
    if pattern("few").search(text, first, mention.start):
        return True
    if mention.therapy and (
        _EFFECTS.search(text, max(0, mention.start - 130), mention.start)
        or _REACTED.search(text, max(0, mention.start - 180), mention.start)
        or _REFUSED.search(text, first, mention.start)
        or _UNCHANGED.search(text, max(0, mention.start - 180), mention.start)
        or _LATER.search(text, max(0, mention.start - 150), mention.start)
        or _NOT_INCLUDED.match(text, mention.end)
    ):
        return True
    if _HEADED.search(text, first, mention.start) and _LIST_OPENS.match(text, mention.end):
        return True
    if mention.therapy and _ABUSE.search(text, first, mention.start):
        return True
    if not mention.therapy:
        return bool(pattern("mere").search(text, first, mention.start))
    moment = pattern("moment").search(text, first, mention.start)
    least = mention.window is not None and mention.window.bound == "minimum"  # "at least 3 months since the start of"
    return bool(moment and (not least or _BEFORE.match(moment[0])))
