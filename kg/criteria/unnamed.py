"""Quantities that no vocabulary knows: which numbers bound one, and what it is called."""

from __future__ import annotations

import re
from functools import cache

from kg import assets
from kg.criteria.quantities import LENGTHS, PERCENTILE, SIGN, Quantity

_MEASURES = re.compile(
    r"\b(?:scores?|scales?|rating|ph|index|levels?|count|classification|rate|ratio|number|grade|value|size|diameter|length|dose|concentration|volume|titer|titre|"
    r"thickness|depth|distance|pressure|percentage|gap|iq|quotient|intake|units?|range|area|density|interval|angle|width|height|power|acuity|class|stage|impedance|thresholds?|temperature|frequency|strength|equivalents?)s?$",
    re.I,
)
_SPREAD = re.compile(r"\b(?:between|range|ranging)\b\D*$", re.I)
_GRADED = re.compile(r"\b(?:rating|scores?|scale|index|\w+ (?:stage|grade|class))$", re.I)
_OF_GRADE = re.compile(r"\b(grade|stage|class)\b", re.I)
#: A score by its short name: "SCORTEN 1 to 5".
_CAPITALS = re.compile(r"(?:^|\s)([A-Z]{3,9})$")
_SIGN_BEFORE = re.compile(r"(>|<|≥|≤)\s?(?=[A-Za-z])")
_ORDER = re.compile(
    r"(?:st|nd|rd|th)?\s+(?:grade )?(?:school|class(?:es)?\b|students?|pupils?|children|(?:of|in) (?:a |the )?(?:primary|elementary|middle|high|secondary) school|anti-?\s?arr?hyth?mics?|anti-arr?hyth?mic)",
    re.I,
)
_ENDS = re.compile(r"\s*+(?:[,;.)\n]|$|or\b|at\b)")
#: What is said of a method or of people at large, not of a patient: a failure rate, a mean age, a normal range.
_OF_NO_PATIENT = re.compile(
    r"\b(?:failure rate|pearl[- ]index|unit of alcohol|mean age|risk of (?:relapse|recurrence)|(?:relapse|recurrence) risk|categor(?:y|ies) of)\b|^normal\b.*\b(?:levels?|values?|range)\b",
    re.I,
)
_MONEY = re.compile(r"\s?(?:(?:euros?|dollars?|usd|eur)\b|[€$£])", re.I)
#: What no patient's record tells: half-lives of a drug, shares of those who take part.
_OF_THE_STUDY = re.compile(
    r"[\s-]*(?:x\s)?half[- ]?li(?:fe|ves)\b|\s(?:risk|chance|probability) of\b|[^.;]{0,30}\bof (?:the |all )?(?:total |study ){0,2}(?:population|sample|enrolled|participants|cohort)\b",
    re.I,
)
_PLANNERS = re.compile(r"\bwe (?:anticipate|expect|plan|aim|estimate)\b", re.I)
#: What lasts, and is a quantity of its own: "cycle length 25-34 days".
_LASTING = re.compile(r"\b(?:length|duration|cycles?|intervals?)(?: of)?$", re.I)
_DURATION = re.compile(
    r"\b(?:(?:disease|illness|surgical|operation|operative|expected|planned|total) duration|length of (?:hospital )?stay|duration of (?:symptoms?|diabetes|pain|disease|illness|surgery|operation|anesthesia|anaesthesia|stay|hospital stay|hospitali[sz]ation|scan|procedure)|(?<!free )(?<!time )\b[a-z-]{4,} intervals?)(?: of)?$",
    re.I,
)
_OF_THESE = re.compile(
    r"\s+(?:of|out of|from)\s+(?:the\s+|these\s+)?(?:following|criteria|below|these|\d|three|four|five|six|risk factors|symptoms)",
    re.I,
)
_VAGUE = frozenset(
    {
        "from",
        "after",
        "before",
        "prior to",
        "over",
        "under",
        "until",
        "up to",
        "through",
        "min",
        "max",
        "beyond",
        "equal",
        "maximum",
        "minimum",
    }
)

_AT_END = "([:,\\ \t\n\r"
_SHORT_FORM = re.compile(r"(?<!\s)\s*+\([^()]{1,30}\)\s*+(?=(?:of|is|range|level|score)?+\s*+$)")
_LITTLE_AT_END = re.compile(
    r"(?<!\s)\s++(?:of|is|a|are|was|in|in the|on the|at the|the|range|ranging|between|from|must be|should be|being|do|does|:)$",
    re.I,
)
_PIECES = re.compile(r"[,;:()\[\]]| and | or | with | have | has ")
#: What opens an explanation: "at high risk (i.e., ≥ 20%)".
_THAT_IS = re.compile(r"\b(?:i\.?e\.?|e\.?g\.?|namely|that is|(?:(?:is|are|as) )?defined (?:as|by))$", re.I)
#: Words that say what kind of number it is, and not of what.
_GENERAL = re.compile(
    r"\W*(?:(?:a|an|the|with|and|usually|mean|total|average|overall|at|of)\s)*(?:scores?|stages?|grades?|class(?:es)?|levels?|values?|points?|total)?\W*",
    re.I,
)
_ON_SCALE = re.compile(
    r"\s?(?:points?\s)?(?:on|in|using|according to|by|based on)\s(?:the\s|an?\s)?([A-Z][\w'’-]*(?:\s(?:[A-Z(][\w'’()-]*|of|for|and|the)){0,7})"
)
_TOXICITY = re.compile(r"\b(?:CTC(?:AE)?|common (?:terminology|toxicity) criteria)\b", re.I)
_SCORE = re.compile(r"\bscores?$", re.I)
#: "Minimum duration of symptoms of 3 weeks": the extreme is the sign, what it is of the quantity.
_EXTREME_OF = re.compile(r"(?:min|max)(?:imum|imal)?\s((?:[a-z-]{2,}\s){0,4}[a-z-]{2,})\sof\s", re.I)
_ARTICLE = re.compile(r"\A(?:(?:a|an|the|their|defined as|having)\s)+(?=\w)", re.I)
_SIGNED = re.compile(r"\s?(?:>=|<=|[<>≥≤=])\s?\d")
_NUMERAL = re.compile(r"\s*\d")
_COUNTING = re.compile(r"\s+(?:of|or|consecutive|times)\b")
#: From where a length is measured: "tumors within 12 cm from the anal verge".
_FROM_PLACE = re.compile(
    r"\s((?:from|above|below|proximal to|distal to) (?:the )?(?!at\b|in\b|on\b)[a-z]{3,}(?:\s(?:verge|line|junction|margin|margins|teeth|tooth|border|edge|nipple|wall))?)",
    re.I,
)
#: What takes the time that a number tells: "less than 30 minutes of morning stiffness", "within two hours travel time".
_SPENT = re.compile(
    r"[\s-]*(?:of\s)?((?:drive|driving|travel|travell?ing|commut\w+|flight)\b(?:\stimes?)?|(?<=of )(?:[a-z/-]{3,20}\s){0,3}(?:stiffness|exercise|activity|sleep))"
)
#: What is counted behind a number: "at least 10 teeth in function", "more than 4 foci".
_COUNTED = re.compile(
    r"\s((?!(?:points?|times|years?|units?|letters|occasions|percent|of|or|and|to|in|on|for|at)\b)(?:[a-z][a-z-]*\s){0,3}?(?:[a-z][a-z-]+(?<![iosu])s|foci|teeth|children|people|criteria|nodules)(?:\s(?:per|a|each|in the past|in)\s[a-z]+)?)(?![\w-])"
)


def before(text: str, start: int, clause: int) -> str:
    """The words directly before a number, of the clause that begins at ``clause``."""
    lead = text[max(clause, start - 80) : start].strip().rstrip(_AT_END)
    lead = _LITTLE_AT_END.sub("", lead)
    if ")" in lead:
        lead = _SHORT_FORM.sub(" ", lead).strip()
    lead = _LITTLE_AT_END.sub("", lead)
    pieces = [piece for piece in _PIECES.split(lead) if piece.strip()] or [""]
    named = (
        next((p for p in reversed(pieces) if not _NUMERAL.match(p)), "") if _NUMERAL.match(pieces[-1]) else pieces[-1]
    )
    return _ARTICLE.sub("", " ".join(named.split()[-6:]))


def behind(text: str, end: int) -> str:
    """The words behind a number, up to the next sign."""
    return " ".join(re.split(r"[,;:.()<>≤≥=]", text[end : end + 80])[0].split()[:6])


def counted(text: str, end: int) -> str:
    """What the number that ends at ``end`` counts; "" when it is no plain count.

    >>> counted("Have at least 10 teeth in function", 16), counted("a score of 10 points", 13)
    ('teeth in function', '')
    """
    match = _COUNTED.match(text, end, end + 70)
    return " ".join(match[1].split()) if match else ""


def from_place(text: str, end: int) -> str:
    """From where the length is measured that ends at ``end``: "from anal verge"; "" when it is no distance."""
    match = _FROM_PLACE.match(text, end, end + 60)
    return " ".join(match[1].split()) if match else ""


def whole(text: str, start: int, end: int, clause: int, words: str) -> str:
    """``words`` (before a number), made whole where they only say what kind of number it is.

    >>> whole("a score of 23 or less on the Brief Alzheimer Screen", 11, 21, 0, "a score")
    'Brief Alzheimer Screen score'
    >>> whole("Venous insufficiency (stages 3 and 4)", 29, 36, 0, "stages")
    'Venous insufficiency stages'
    """
    opened = _THAT_IS.sub("", words.rstrip(_AT_END)).rstrip(_AT_END)
    kind = opened.split()[-1].strip("-") if opened.split() else ""
    if opened and not _GENERAL.fullmatch(opened):
        return opened
    if scale := _ON_SCALE.match(text, end, end + 90):
        name = scale[1].strip(" (")
        return f"{name} {kind}".strip() if kind.lower() not in name.lower() else name
    lead = text[max(clause, start - 120) : start]
    cut = lead.rstrip()
    cut = (
        cut[: len(cut) - len(words)]
        if words and cut.endswith(words)
        else cut[: cut.rfind(words)]
        if words in cut
        else cut
    )
    cut = _THAT_IS.sub("", cut.rstrip(_AT_END)).rstrip(_AT_END)
    earlier = " ".join(_PIECES.split(cut)[-1].split()[-6:])
    return f"{earlier} {kind}".strip() if earlier else opened


@cache
def _not_scores() -> frozenset[str]:
    return frozenset(assets.facts("criteria")["not_scores"])


def read(text: str, one: Quantity, clause: int, comparator: str) -> tuple[str, str] | None:
    """What the number bounds, in the text's words, and its comparator; None where it bounds nothing that is asked for."""
    called = before(text, one.start, clause)
    if extreme := _EXTREME_OF.match(text, one.start, one.at):
        called = extreme[1]
    sign = text[one.start : one.at].strip(" (").lower()
    if called in ("n", "N"):
        return None  # how many take part
    if _OF_NO_PATIENT.search(called) or _ORDER.match(text, one.end) or _MONEY.match(text, one.end):
        return None
    if _OF_THE_STUDY.match(text, one.end) or _PLANNERS.search(called):
        return None
    if one.unit in LENGTHS and (place := from_place(text, one.end)):
        return f"distance {place}", comparator
    if one.is_time and (spent := _SPENT.match(text, one.end)):
        return " ".join(spent[1].split()), comparator or "le"
    if not one.unit and _is_year(one):
        return None
    if not comparator and _TOXICITY.search(called):
        return None  # "bilirubin < 1.5 x ULN (CTCAE v3.0 grade 1)"
    measured = bool(_MEASURES.search(called)) and not one.is_time and (not one.spelled or bool(_SCORE.search(called)))
    if (short := _CAPITALS.search(called)) and not (one.unit or one.spelled) and one.value <= 100:
        closed = one.upper is not None or _ENDS.match(text, one.end)
        measured = measured or bool(closed and not sign and short[1] not in _not_scores())
    if named_by := _SIGN_BEFORE.match(called):  # "> Tonis grade 1"
        called, comparator = called[named_by.end() :], comparator or SIGN[named_by[1]]
    if graded := _OF_GRADE.search(sign):
        called, measured = f"{called} {graded[1]}", True
    spread = one.upper is not None and (measured or bool(_SPREAD.search(text, max(0, one.start - 16), one.start)))
    ranging = one.upper is not None and bool(_LASTING.search(called))
    lasting = one.is_time and (ranging or (bool(comparator) and bool(_DURATION.search(called))))
    sure = lasting or (
        bool(comparator or spread) and not one.is_time and (sign not in _VAGUE or bool(one.unit or spread or measured))
    )
    if not comparator and measured and (_GRADED.search(called) or _CAPITALS.search(called)) and sign != "from":
        comparator, sure = "" if one.upper is not None else "eq", True
    if not sure or (one.unit == "" and not one.relative_to and one.spelled and not measured):
        return None
    if _OF_THESE.match(text, one.end):
        return None  # "two or more of the following"
    bare = not one.unit and not one.relative_to and (sign[:1].isalpha() or not sign)
    written = text[one.at : one.end]
    counting = _COUNTING.match(text, one.end, one.end + 14) or (
        one.value <= 3 and one.value == int(one.value) and "." not in written
    )
    if bare and counting and not measured and not _MEASURES.search(called):
        return None  # "at least 2 of the following", "more than one episode"
    plain = "" if one.unit or one.relative_to or measured else counted(text, one.end)
    label = plain or whole(text, one.start, one.end, clause, called)
    label = label or behind(text, one.end) or " ".join(text[:80].split()[:6])
    if (signed := _SIGNED.search(label)) and signed.start() > 2:
        label = label[: signed.start()]  # "... >= 135/85 but": the name stands before the sign
    return f"{label} percentile" if one.unit == PERCENTILE else label, comparator


def _is_year(one: Quantity) -> bool:
    """Whether the number is a year of the calendar: "operated between 2009 and 2018"."""
    return all(1900 <= n <= 2100 and n == int(n) for n in (one.value, one.upper or one.value))
