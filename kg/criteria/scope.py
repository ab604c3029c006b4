"""What of a criterion is asked, denied, allowed, an alternative, or only a condition under which the rest counts."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from kg import assets
from kg.criteria import bounds
from kg.criteria.cues import STOP, pattern
from kg.document import Quote
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
_LOUD = re.compile(r"(?<=\w[\s)])OR\s(?=\S)")
_STATEMENT = re.compile(rf";\s|{STOP}\s*+(?=[A-Z(])")
#: A word with a capital as at the beginning of a sentence, and what it then runs into.
_COMMON = re.compile(r"[A-Z][a-z]{3,}(?=\s)")
_RUN_INTO = re.compile(r"(?<![a-z])([a-z]{3,30})\s{1,9}$")
_ALLOWED_SECTION = re.compile(r"\b(?:allowed|permitted|optional)\W*+$", re.I)
_JOINED = re.compile(
    r"\W*(?:(?!or\b)\w+\s+){0,2}(?:(?:and|with|plus)\s+(?:\w+\s+){0,2}|and\s+(?:is|are|has|have|had|who|does|do|cannot)\b[^.;]{0,80})"
    r"|(?:-?\s?positive)?\s(?:(?:patients|subjects|participants|individuals|people)\s)?(?:that|who|which)\s(?:are|is|have|has|were|had|receive|take)\b[^.;,]{0,60}"
    r"|,\s(?:that|who|which)\s(?:are|is|have|has|were|had|receive|take)\b[^.;,]{0,60}"
    r"|\sand\s[^.;,]{3,60}\b(?:can ?not|can't|not)\b[^.;,]{0,30}"
)
_WITH = re.compile(r"\W*(?:with|plus)\s+(?:\w+\s+){0,2}")
#: Between a disease and the therapy that it must need to count: "pneumonitis that required steroids".
_WHICH_NEEDS = re.compile(
    r",?\s(?:(?:that|which)\s)?(?:(?:has|have|had)\s)?(?:requir(?:ed|es|e|ing)|needing|treated with|managed with)\s(?:[a-z/-]{2,20}\s){0,4}"
)
#: Between a disease and the grade or the value that says which of its cases are meant.
_GRADE = r"(?:(?:[A-Z]{2,6}\s)?(?:functional\s)?(?:stages?|grades?|class(?:es)?)\s)?"
_BEFORE_GRADE = re.compile(rf"(?:,?\s|\s?[(\[])(?:(?:of|with|in|at)\s)?(?:the\s)?{_GRADE}")
_BEHIND_GRADE = re.compile(r"[)\]]?\s(?:of\s|in\s)?(?:[a-z-]{3,20}\s){0,2}")
_WITH_VALUE = re.compile(r",?\swith\s(?:[a-z-]{1,20}\s){0,3}")
#: Between a disease and the value that it means there, which counts alone: "anemia (hemoglobin < 10 g/dL)".
_BEFORE_MEANING = re.compile(
    r"(?:\s?:\s|\s?[(\[](?:(?:defined (?:as|by)|i\.?e\.?,?|with)\s)?|,?\s(?:as\s)?defined (?:as|by)\s)(?:[a-z-]{1,20}\s){0,3}"
)
#: Between two ranges of one quantity that are alternatives.
_LISTED = re.compile(r"[^\w.]*(?:(?:and|or|and/or)\b[^\w.]*)?(?:(?:the|a|between|from|of)\s)*", re.I)
_GRADED = re.compile(r"\b(?:stage|grade|class|score)$", re.I)
_OR_NOT = re.compile(r"\bor\b[^.;:]{0,40}\b(?:no|not|without)\b", re.I)
#: What in a list may be no exception any more.
_MORE = re.compile(r",|\b(?:and|or)\b", re.I)
_AND = re.compile(r"\b(?:and|with)\b(?!/or)", re.I)
_OR = re.compile(r"\W*(?:or|OR|and/or)\s+(?:(?:if|a|an|the|who|have|has|with|calculated|estimated|measured)\s+)*\(?")


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


def any_excludes(quote: Quote, made: list[Constraint]) -> None:
    """The things that one exclusion lists are alternatives, each excludes; things joined by "and" or "with" are not.

    Nor are a disease and what says which of its cases are meant: "stage 4 or 5 chronic kidney disease", "diabetes with HbA1c > 9%".
    Where a value in brackets says what a disease means, the value counts alone, and the disease where it holds.
    """
    made = [c for c in made if c.modality != "Allowed"]
    if len(made) < 2 or any(c.alternative for c in made):
        return
    numbers = [1]
    narrowed = False
    spans = [((c.evidence[0].start or 0) - quote.start, (c.evidence[0].end or 0) - quote.start) for c in made]
    for (one, (_, end)), (other, (start, last)) in pairwise(zip(made, spans, strict=True)):
        between = quote.text[end:start]
        limit = _limits(one, other)
        narrows = limit is not None and _says_which(one, limit, between)
        meaning = other is limit and not narrows and not one.applies_when
        defines = meaning and _BEFORE_MEANING.fullmatch(between)
        if defines:
            one.applies_when = " ".join(quote.text[start:last].split())
        narrowed |= narrows
        needs = one.kind == "Diagnosis" and _WHICH_NEEDS.fullmatch(between)
        narrowed |= bool(needs or _WITH.fullmatch(between))
        joined = not defines and _JOINED.fullmatch(between) and not _listed_alike(one, other, between)
        narrowed |= bool(joined and one.kind != other.kind)
        together = narrows or needs or _of_one_quantity(one, other) or joined
        numbers.append(numbers[-1] + (0 if together else 1))
    if numbers[-1] > 1 or narrowed:
        for one, which in zip(made, numbers, strict=True):
            one.alternative = which


def _listed_alike(one: Constraint, other: Constraint, between: str) -> bool:
    """Whether "and" only lists: "patients with asthma and epilepsy" shuts out both."""
    return one.kind == other.kind == "Diagnosis" and not _WITH.fullmatch(between)


def _of_one_quantity(one: Constraint, other: Constraint) -> bool:
    if one.variable or other.variable:
        return one.variable == other.variable
    return one.kind == other.kind == "Measurement" and one.concept_label == other.concept_label


def _limits(one: Constraint, other: Constraint) -> Constraint | None:
    """The bound, of a disease and a bound that both must not be."""
    if {one.kind, other.kind} != {"Diagnosis", "Measurement"} or one.modality != other.modality:
        return None
    return one if one.kind == "Measurement" else other


def _says_which(one: Constraint, limit: Constraint, between: str) -> bool:
    """Whether a bound says which cases of the disease beside it are meant, so that neither counts alone."""
    graded = limit.variable in assets.facts("patient")["scored"] or _GRADED.search(limit.concept_label)
    if limit is one:
        return bool((graded or limit.variable.startswith("Tnm")) and _BEHIND_GRADE.fullmatch(between))
    return bool((graded and _BEFORE_GRADE.fullmatch(between)) or _WITH_VALUE.fullmatch(between))


def or_not(quote: Quote, made: list[Constraint]) -> None:
    """Number as alternatives to have a disease and not to have it: "asthma that is well treated, or no asthma"."""
    if (
        len(made) != 2
        or {one.modality for one in made} != {"Required", "Forbidden"}
        or any(o.alternative for o in made)
    ):
        return
    one, other = made
    start, end = (one.evidence[0].end or 0) - quote.start, (other.evidence[0].start or 0) - quote.start
    if one.kind == other.kind == "Diagnosis" and _OR_NOT.search(quote.text, start, end):
        one.alternative, other.alternative = 1, 2


def loud_choice(quote: Quote, made: list[Constraint]) -> None:
    """Number the alternatives that a capital OR parts: "aged 55 or over OR both ovaries removed"; what no constraint says is one too.

    Where a disease is asked for first, the rest only says which of its cases are meant.
    """
    edges = [m.span() for m in _LOUD.finditer(quote.text)]
    if not edges or quote.text.isupper() or any(one.alternative or one.applies_when for one in made):
        return
    starts = [end for _, end in edges]
    parts = [bisect_right(starts, (one.evidence[0].start or 0) - quote.start) for one in made]
    if any(one.kind == "Diagnosis" for one, part in zip(made, parts, strict=True) if part == 0):
        return
    for one, part in zip(made, parts, strict=True):
        one.alternative = part + 1
    for part in sorted({*range(len(edges) + 1)} - set(parts)):
        start, end = (starts[part - 1] if part else 0), (edges[part][0] if part < len(edges) else len(quote.text))
        said = quote.part(start, end).strip(" \t\n,.;:()")
        if said:
            unknown = in_words(said)
            unknown.alternative = part + 1
            made.append(unknown)


def in_words(said: Quote) -> Constraint:
    """A disease that is asked for in words that no vocabulary knows."""
    one = Constraint(kind="Diagnosis", concept_label=" ".join(said.text.split()[:12]), modality="Required")
    one.cite(said)
    return one


def alternatives(text: str, found: list[bounds.Bound], made: list[Constraint], *, chosen: bool) -> None:
    """Number the alternatives: bounds parted by "or" that each name their quantity, or by semicolons when it recurs.

    Ranges that exclude each other are alternatives too, unless there is a choice among other things already (``chosen``).
    """
    cuts: list[int] = []
    times = Counter(variable for variable, _ in {(b.variable, b.at) for b in found if b.variable and not b.when})
    for one, other in pairwise(found):
        between = text[one.end : max(other.start, one.end)]
        if other.at <= one.at:
            continue
        if (";" in between and times[other.variable] > 1) or (
            _OR.fullmatch(between) and other.variable != one.variable and other.start < other.at
        ):
            cuts.append(other.at)
    if cuts:
        for bound, constraint in zip(found, made, strict=True):
            constraint.alternative = 1 + bisect_right(cuts, bound.at)
    elif not chosen:
        _exclusive(text, found, made)
        _either_pressure(found, made)


def _exclusive(text: str, found: list[bounds.Bound], made: list[Constraint]) -> None:
    """Number ranges that nobody can be in together: "aged 18-30 or 60-75 years" asks for one or the other."""
    ranges: dict[str, dict[int, list[tuple[bounds.Bound, Constraint]]]] = {}
    for bound, constraint in zip(found, made, strict=True):
        if bound.variable and not (bound.when or constraint.negated):
            ranges.setdefault(bound.variable, {}).setdefault(bound.at, []).append((bound, constraint))
    for name, each in ranges.items():
        numbers = [1]
        for one, other in pairwise(each.values()):
            listed = name == "Age" or _LISTED.fullmatch(text, one[-1][0].end, max(one[-1][0].end, other[0][0].at))
            parts = listed and contradict([constraint for _, constraint in (*one, *other)])
            numbers.append(numbers[-1] + bool(parts))
        if numbers[-1] > 1:
            for number, pairs in zip(numbers, each.values(), strict=True):
                for _, constraint in pairs:
                    constraint.alternative = number


def _either_pressure(found: list[bounds.Bound], made: list[Constraint]) -> None:
    """Of a pressure that must be high, either number is enough: "blood pressure > 130/80"."""
    if any(one.alternative for one in made):
        return
    for (bound, one), (_, other) in pairwise(zip(found, made, strict=True)):
        pair = (one.variable, other.variable) == ("SystolicBloodPressure", "DiastolicBloodPressure")
        same = [b for b in found if b.at == bound.at]
        if pair and len(same) == 2 and one.comparator == other.comparator and one.comparator in ("ge", "gt"):
            one.alternative, other.alternative = 1, 2
            return


def contradict(made: list[Constraint]) -> bool:
    """Whether no value is within all these bounds on one quantity."""
    if len({(one.unit, one.relative_to) for one in made}) == 1:
        values = [(one.comparator, one.value) for one in made if one.value is not None]
    else:
        values = [(one.comparator, one.canonical_value) for one in made if one.canonical_value is not None]
    if len(values) < len(made):
        return False
    low = [value for comparator, value in values if comparator in ("ge", "gt", "eq")]
    high = [value for comparator, value in values if comparator in ("le", "lt", "eq")]
    return bool(low and high) and max(low) > min(high)


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
    return bool(last and _AND.search(text, last.end(), at))


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
