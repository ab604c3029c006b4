"""What of a criterion is asked, denied, allowed, an alternative, or only a condition under which the rest counts."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache

from kg import assets
from kg.criteria.cues import STOP, pattern
from kg.mesh import words
from kg.record import Constraint

#: How many characters before a mention its negation is looked for: longer than any sentence that people write.
REACH = 400
_OPENING_IF = re.compile(
    r"[\s•*(-]{0,9}+("
    r"for (?:the )?(?:experiments?|stud(?:y|ies)|parts?|cohorts?|arms?|phase|strat(?:um|a)|groups?)\b[^.;,]{1,40}+(?=,)"
    r"|(?:phase|part|cohort|arm|group|stratum|donors?) ?[\w/]{0,6}+(?=\s?:)"
    r"|(?:if|when|in case of)\b[^.;,]{3,150}+(?=,)"
    r"|for (?:patients|subjects|participants|people|persons|individuals|those|women|men|age[sd]?)\b[^.;,:]{3,90}+(?=[,:])"
    r"|(?:patients|subjects|participants|children|adults|adolescents) (?:aged?|who are)\b[^.;,:]{1,60}+(?=:\s)"
    r"|(?:patients|subjects|participants|people|persons|individuals|volunteers|those) with [^.;,]{3,90}?(?=\s(?:must|should) have\b[^.;]{0,60}[<>≥≤\d])"
    r"|(?:patients|subjects|participants|those) with (?:a )?(?:prior |previous |known )?history of [^.;,]{3,80}?(?=\s(?:must|should|need)\b)"
    r"|(?:patients|subjects|participants|people|persons|individuals|those) with [^.;,]{3,90}? who (?:require|need|receive|take|are (?:receiving|taking|on))\b"
    r"[^.;,]{3,90}?(?=\s(?:must|should)\b)"
    r")",
    re.I,
)
#: Where a sentence begins, also where the mark before it was lost: "... or amputation Shoulder lesions allowed".
_SENTENCE = re.compile(rf"[;:\n]\s|{STOP}|([a-z][a-z-]{{0,30}})\)? (?=[A-Z][a-z]+ [a-z])")
#: Words that go on before a name with a capital: "prior Taxol".
_LEADING = frozenset(
    "and or nor with of for to the a an no not any prior previous concurrent in by from than plus including as on via other both either".split()
)
_RELATIVE = re.compile(r"\b(?:for )?(?:which|that|who)\b[^,;:]{0,90}(?=,)|\bfor which\b[^,;:]{0,90}(?=:)")
_STATEMENT = re.compile(rf";\s|{STOP}\s*+(?=[A-Z(])")
#: A word with a capital as at the beginning of a sentence, and what it then runs into.
_COMMON = re.compile(r"[A-Z][a-z]{3,}(?=\s)")
_RUN_INTO = re.compile(r"(?<![a-z])([a-z]{3,30})\s{1,9}$")
_ALLOWED_SECTION = re.compile(r"\b(?:allowed|permitted|optional)\W*+$", re.I)
#: What in a list may be no exception any more.
_MORE = re.compile(r",|\b(?:and|or)\b", re.I)
_AND_OR = re.compile(r"\b(?:and|or|with)\b", re.I)
_AND = re.compile(r"\b(?:and|with)\b(?!/or)", re.I)


@cache
def _proper() -> frozenset[str]:
    return frozenset(assets.facts("criteria")["proper"])


@cache
def heads() -> frozenset[str]:
    """Nouns that close a name and that names may share, as :func:`kg.mesh.words` makes them alike."""
    return frozenset(
        w.stem
        for head in (*assets.facts("criteria")["diseases"], *assets.facts("criteria")["heads"])
        for w in words(head)
    )


@cache
def diseases() -> frozenset[str]:
    """Those of :func:`heads` that name a disease, rather than what is done about it."""
    return frozenset(w.stem for head in assets.facts("criteria")["diseases"] for w in words(head))


@cache
def anew() -> re.Pattern[str]:
    """Where a new statement begins although the mark before it was lost: the space before "Not pregnant"."""
    plain = (w for w in assets.facts("headings")["starters"] if w[1:].islower() and w.lower() not in _proper())
    starters = sorted(plain, key=lambda w: (-len(w), w))
    return re.compile(rf"(?<=[a-z0-9)%\]])\s+(?=(?:{'|'.join(map(re.escape, starters))})\b(?! [A-Z]))")


def listed(above: Sequence[str], section: str, exclusion: bool) -> tuple[str, bool]:
    """The section of a criterion, and whether it excludes, after what the items say that it is listed under.

    "No history of any of the following:" denies what its list names, "... except:" forgives it.
    """
    if any(pattern("excepts_list").search(item) for item in above):
        return "allowed", exclusion
    if not exclusion and any(pattern("shut_out").search(item) for item in above):
        return "", True
    denied = sum(_denies(item, exclusion) for item in above)
    return section, exclusion != bool(denied % 2)


def _denies(item: str, exclusion: bool) -> bool:
    """Whether an item denies what its list names; "..., for which there is no cure, including:" does not."""
    item = _RELATIVE.sub("", item)
    return negated(item, len(item.rstrip(" :")), exclusion=exclusion)


class Statements:
    """The statements of a criterion, for asking what kind of statement something stands in."""

    def __init__(self, text: str) -> None:
        ends = (m.end() for pattern in (_STATEMENT, anew()) for m in pattern.finditer(text))
        self._starts = sorted({0, *ends})
        self._text = text
        self._said: dict[str, frozenset[int]] = {}

    def say(self, name: str, at: int) -> bool:
        """Whether the statement around ``at`` has what the pattern ``name`` describes."""
        if name not in self._said:
            found = (m.start() for m in pattern(name).finditer(self._text))
            told = name == "not_asked"  # "(patients will be screened)" takes nothing back
            places = (bisect_right(self._starts, at) for at in found if not (told and self._in_brackets(at)))
            self._said[name] = frozenset(places)
        return bisect_right(self._starts, at) in self._said[name]

    def _in_brackets(self, at: int) -> bool:
        lead = self._text[max(0, at - REACH) : at]
        return lead.rfind("(") > lead.rfind(")")


def under_allowed(text: str, section: str) -> bool:
    """Whether a text stands under a heading such as "Allowed:"."""
    return bool(_ALLOWED_SECTION.search(section)) and not re.match(r"\s*not?\b", text, re.I)


def allowed_from(text: str, section: str) -> int:
    """Where in a text begins what it allows, rather than asks; its end when nothing is allowed."""
    if most := pattern("at_most").search(text):
        return most.start()
    opens_denied = re.match(r"\s*not?\b", text, re.I)
    if not opens_denied and under_allowed(text, section):
        return 0
    said = pattern("allowed").search(text)
    if not said:
        return len(text)
    starts = [
        m.end() for m in _SENTENCE.finditer(text, 0, said.start()) if m[1] is None or m[1].lower() not in _LEADING
    ]
    first = starts[-1] if starts else 0
    bracket = max(text.rfind("(", first, said.start()), text.rfind("[", first, said.start()))
    if bracket >= 0 and not re.search(r"[)\]]", text[bracket : said.start()]):
        return bracket + 1  # "(all stages are allowed)"
    return starts[-1] if starts else len(text) if opens_denied else 0


def in_exception(text: str, at: int) -> bool:
    """Whether a number stands in what a criterion excepts: "cancer (except stage 1)", "warfarin (except if the INR is below 2)"."""
    last = max(pattern("exception").finditer(text, max(0, at - REACH), at), key=lambda m: m.end(), default=None)
    if last is None or _SENTENCE.search(text, last.end(), at):
        return False
    within = text[last.end() : at]
    bracketed = text.rfind("(", 0, last.start()) > text.rfind(")", 0, last.start())
    return ")" not in within if bracketed else not _MORE.search(within)


def under_condition(text: str, start: int, made: list[Constraint]) -> None:
    """What follows "If ..., " counts only then; what stands in it is not asked at all, and a number only says for whom the rest is."""
    opening = _OPENING_IF.match(text)
    if not opening:
        return
    when = " ".join(opening[1].split())
    made[:] = [one for one in made if one.value is not None or (one.evidence[0].start or 0) - start >= opening.end()]
    for one in made:
        one.applies_when = one.applies_when or when


def negated(text: str, at: int, *, exclusion: bool = False) -> bool:
    """Whether a negation before ``at`` reaches it: none of the words that end its scope stands between.

    In a list that excludes, "must not" and the like say so once more.
    """
    first = max(0, at - REACH)
    denials = [m for m in pattern("negation").finditer(text, first, at) if not _in_closed_bracket(text, first, m, at)]
    last = max(denials, key=lambda m: m.end(), default=None)
    if last is None or pattern("scope_ends").search(text, last.end(), at) or _lost(text, last.end(), at):
        return False
    again = exclusion and pattern("restated").search(text, max(0, last.start() - 8), last.end() + 24)
    return not (again and last.end() <= again.end() <= min(at, last.end() + 12))


def parted_by_and(text: str, at: int) -> bool:
    """Whether what denies before a number has "and" between: "no history of stroke, and LVEF > 50 %"."""
    first = max(0, at - REACH)
    last = max(pattern("negation").finditer(text, first, at), key=lambda m: m.end(), default=None)
    joint = _AND_OR if last and last[0].lower() == "absence of" else _AND  # "< 3 in the absence of metastases, or < 5"
    return bool(last and joint.search(text, last.end(), at))


def _in_closed_bracket(text: str, first: int, denial: re.Match[str], at: int) -> bool:
    """Whether a denial stands in a bracket that ends before ``at``: "metformin (but no insulin), and HbA1c < 8"."""
    opened = text.rfind("(", first, denial.start())
    return opened >= 0 and text.rfind(")", first, denial.start()) < opened and ")" in text[denial.end() : at]


def _lost(text: str, start: int, at: int) -> bool:
    """Whether a new statement begins at ``at``, or between, although the mark before it was lost."""
    return bool(anew().search(text, start, at)) or begins_anew(text, at, start)


def begins_anew(text: str, at: int, start: int = 0) -> bool:
    """Whether a name at ``at`` begins a statement of its own, run into the name before it: "viral infection Hepatitis B"."""
    word = _COMMON.match(text, at)
    return bool(
        word
        and word[0].lower() not in _proper()
        and (before := _RUN_INTO.search(text, max(start, at - 40), at))
        and words(before[1])[0].stem in heads()
    )
