"""Numbers of a criterion with what belongs to them: comparator, unit, limit of normal, the upper end of a range.

One pass over the text from number to number; each step looks at a bounded stretch beside the number, so the work grows
with the length of the text and no faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from kg import assets
from kg.language import number, unit

_REACH = 48

_NUMBER = re.compile(
    rf"(?:(?<![A-Za-z0-9_.])|(?<=status)|(?<=score)|(?<= than)|(?<= least)|(?<=[\s<>≤≥=][xX])){number.NUMBER}", re.I
)
_WORD_NUMBER = re.compile(r"[A-Za-z]")
_ULN = re.compile(
    r"\s*+(?P<times>x|×|X|\*|times|-?\s?fold|time)?\s*+(?:\(\s?(?:x|×)\s?\)\s*+)?(?:(?:elevated |elevation )?(?:greater than |above |over |higher than ))?"
    r"(?:(?:the|of|institutional|institution's|laboratory|local|age-adjusted|site|reference|lab|central|their|its|respective|normal|than)\s++){0,9}"
    r"(?P<limit>(?:upper|lower)\s+(?:institutional\s+|laboratory\s+)?(?:limits?|levels?|range|end|bound(?:ary)?)\s*(?:of\s+(?:the\s+)?"
    r"(?:institutional\s+|laboratory\s+|local\s+|reference\s+){0,9}(?:normal|range|reference|reference range)(?:\s+range)?)?"
    r"|(?:upper|lower)\s+normal(?:\s+(?:limits?|range))?|(?:maximum|maximal)\s+normal(?:\s+values?)?|normal\s+(?:maximum|upper limit)|I?ULN\b|UNL\b|ULNR\b|I?LLN\b|baseline\b|predicted\b|normal\b|control\b)",
    re.I,
)
_AFTER_LIMIT = re.compile(r"\s?(?:x|×|X|\*|times)\s?$")
_LIMIT_BEFORE = re.compile(
    r"(?P<limit>ULN|UNL|LLN|upper limit of normal|lower limit of normal)\)?\s*(?:x|×|X|\*|times)\s*$", re.I
)
_RANGE = re.compile(
    rf"(?:\s?\((?:inclusive|included|exclusive|excluded|incl\.?|excl\.?)\)|-(?=\sand\s)|\s(?:of\s)?(?:gestation(?:al age)?|amenorrh\w{1, 4}|pregnancy))?\s?(?:-|–|—|‐|‑|to|through|~|～|and|till)\s?(?=\(?{number.DIGITS}|{number.NUMBER})",
    re.I,
)
_LIST = re.compile(rf"(?:\s?(?:,|/|or|and|,\s?or|,\s?and)\s?(?:{number.DIGITS})(?:[A-DS](?!\w)|(?!\w|\.\d)))+", re.I)
_UNIT = re.compile(rf"\s?-?\s?(?:{unit.PER_UNIT}|(?:{unit.UNIT}))", re.I)
_FLIPPED = re.compile(r"\s?(≥|≤|>=|<=|=>|=<|<|>|〉|〈)\s?(?=[A-Za-z])")
#: Codes of the comparators that people write as signs.
SIGN = {
    "≥": "ge",
    "≤": "le",
    ">=": "ge",
    "<=": "le",
    "=>": "ge",
    "=<": "le",
    "<": "lt",
    ">": "gt",
    "〉": "gt",
    "〈": "lt",
}
_FLIP = {"ge": "le", "le": "ge", "lt": "gt", "gt": "lt", "eq": "eq"}
_LIMITS = {"u": "UpperLimitOfNormal", "i": "UpperLimitOfNormal", "n": "UpperLimitOfNormal", "l": "LowerLimitOfNormal"}
LENGTHS = ("mm", "cm", "m", "[in_i]")
_TIME_UNITS = ("a", "mo", "wk", "d", "h", "min")


@dataclass(slots=True)
class Quantity:
    """A number in a criterion. ``start`` and ``end`` include comparator and unit; ``at`` is where the number begins.

    ``upper`` is the upper end of a range ("18 to 75"), in ``upper_unit`` where that is another ("3 months to 12 years"). ``comparator`` is "" where the text has none.
    """

    start: int
    end: int
    at: int
    value: Decimal
    comparator: str = ""
    upper: Decimal | None = None
    unit: str = ""
    upper_unit: str = ""
    relative_to: str = ""
    flipped: bool = False
    spelled: bool = False

    @property
    def is_time(self) -> bool:
        """Whether the unit is one of time."""
        return self.unit in _TIME_UNITS


_THOUSANDS = re.compile(r"\d{1,3}\.\d{3}")
#: The days of weeks and days: "28 0/7 weeks".
_SEVENTHS = re.compile(
    r"(?:\s?\+?\s?(?=[0-6]/7(?![\d/]))|\s?\+\s?(?=[0-6]\s?(?:weeks?|wks?|(?:to|and|-|–)\s?\d\d\s?\+)))([0-6])(?:/7(?=[\s)]*+(?:weeks?|wks?|to\b|and\b|-|–)))?",
    re.I,
)
_AND_DAYS = re.compile(r"\s?-?\s?(?:weeks?|wks?|w)[\s,]{0,2}(?:and\s)?([0-6])\s?(?:days?|d)\b", re.I)
_GESTATION = re.compile(r"\s(?:of )?gestation(?:al age)?(?=\s(?:or|and)\s)", re.I)
#: A word for a unit that is not known, before "or more": "100.4 F or greater", "18 ans or more".
_STRANGE = re.compile(r"\s?[A-Za-z°º]{1,10}(?=\s+(?:or|and)\s)")
#: "Minimum disc height of", "maximum:" before a number.
_EXTREME = re.compile(
    r"\b(min(?:imum|imal)?|max(?:imum|imal)?)\.?(?:\s+(?:[A-Za-z-]{2,}\s+){1,5}of|(?:\s+[A-Za-z-]{2,}){0,2}\s+scores?\s*[=:]|\s*[=:])\s*$",
    re.I,
)
_EXTREMES = {"min": "ge", "max": "le"}
_BARE_LIMIT = re.compile(
    r"(?<![A-Za-z])(?:the\s+)?(?:institutional\s+|laboratory\s+|local\s+)?"
    r"((?:ULN|UNL|LLN)\b|(?:upper|lower) limits? of (?:the )?normal(?:\s+range)?)",
    re.I,
)
#: Degrees without their sign, directly behind two or three digits: "38.5C", "100.4F".
_DEGREES = re.compile(
    r"(?:(?<=[34]\d)|(?<=[34]\d\.\d)|(?<=1\d\d)|(?<=1\d\d\.\d)|(?<=9\d)|(?<=9\d\.\d))\s?([CF])(?![A-Za-z0-9+-])"
)
_DIOPTERS = re.compile(r"\s?D(?![A-Za-z0-9+-])")
_DEGREE_UNITS = {"C": "Cel", "F": "[degF]"}
#: A multiple of the upper limit of normal, which is not named: "bilirubin < 2x".
_TIMES_ONLY = re.compile(r"\s?[x×X](?=\s?(?:[,;.)\n]|$|(?:and|or)\b))")
#: Between a number and its unit of time: "6 consecutive weeks".
_DESCRIBED = re.compile(r"\s(?:gestational|consecutive|calendar|full|complete|completed|whole|continuous)(?=\s)", re.I)
_VERSION = re.compile(r"\b(?:version|v\.?|vers\.)\s*$", re.I)
#: The unit of a place among people of the same age: "BMI ≥ 85th percentile".
PERCENTILE = "{percentile}"
_PERCENTILE = re.compile(r"\s?(?:st|nd|rd|th)?[\s-]?(?:per)?centiles?\b", re.I)
_TO_PERCENTILE = re.compile(
    r"(?:st|nd|rd|th)(?=\s?(?:-|–|to|and|or)\s?(?:(?:above|below|over|under|greater than|less than|\\?[<>≥≤]=?)\s?)?(?:the\s)?\d{1,3}(?:\.\d)?(?:st|nd|rd|th)?\s(?:per)?centile)",
    re.I,
)
#: Before the unit of a number that is a power of ten: "HBV DNA > 5 log10 IU/mL" (UCUM's "lg").
LOGARITHM = "[lg]"
_LOGARITHM = re.compile(r"\s?log\s?(?:10|_10|₁₀)?(?=[\s(])(?:\s?\()?", re.I)
#: What a score is out of: "6/10".
_OUT_OF = re.compile(r"\s?/\s?(5|7|10|20|30|100)(?![\d.,/]|\s?(?:mm|cm|[x×^]|10))")
_DATE = re.compile(r"\d{1,2}/\d{1,2}/(?:19|20)?\d\d(?!\d)")
_SECOND = re.compile(number.NUMBER, re.I)
_OR_EQUAL = re.compile(r"\s*or equal(?: to)?\b")
_PIECE = re.compile(r"[A-Za-z]+|[^\sA-Za-z]")
#: Words behind which "then" is a slip for "than".
_COMPARATIVES = frozenset("more less greater older younger higher lower fewer longer shorter larger smaller".split())
#: Little words that may stand between a comparator and its number.
_GAP = frozenset(
    "a an the of than age score is about approximately : ( ) to or equal be grade stage class \" ' “ ” ‘ ’".split()
)


@cache
def _before() -> dict[tuple[str, ...], str]:
    """Comparators that stand before a number, as pieces (words and signs)."""
    table = assets.facts("comparators")["before"]
    return {tuple(_PIECE.findall(w.lower())): code for code, listed in table.items() for w in listed}


@cache
def _endings() -> frozenset[str]:
    """What a comparator before a number may end with; "then" for "than"."""
    return frozenset(("then", *(pieces[-1] for pieces in _before())))


@cache
def _behind() -> tuple[re.Pattern[str], dict[str, str]]:
    """Comparators that stand behind a number and its unit."""
    words = [(w, code) for code, listed in assets.facts("comparators")["behind"].items() for w in listed]
    ordered = sorted((w for w, _ in words), key=lambda w: (-len(w), w))
    parts = [
        rf"{w}(?!\s?\d)" if w.startswith("\\") else rf"{re.escape(w)}(?![A-Za-z])".replace("\\ ", r"\s+")
        for w in ordered
    ]
    return re.compile(rf"\s*+,?+\s*+\(?+({'|'.join(parts)})(?!\s+\w{{1,20}}\s*:)", re.I), {
        w.replace("\\", "").lower(): code for w, code in words
    }


def comparator_before(text: str, start: int) -> tuple[str, int] | None:
    """The comparator that ends where a number starts: its code and where it begins. Little words may stand between."""
    pieces = list(_PIECE.finditer(text, max(0, start - _REACH), start))[-12:]
    if not pieces or ((last := pieces[-1].group().lower()) not in _GAP and last not in _endings()):
        return None
    known = _before()
    lowered = [p.group().lower() for p in pieces]
    lowered = ["than" if w == "then" and i and lowered[i - 1] in _COMPARATIVES else w for i, w in enumerate(lowered)]
    end = len(pieces)
    for skipped in range(4):
        for count in range(min(6, end), 0, -1):
            code = known.get(tuple(lowered[end - count : end]))
            if code and not _inside_word(text, pieces[end - count].start()):
                return code, pieces[end - count].start()
        if end == 0 or lowered[end - 1] not in _GAP or skipped == 3:
            return None
        end -= 1
    return None


def _sign_before(text: str, start: int) -> str:
    """What stands directly before a number: "-" of a negative one, "x" of a multiple ("> x3 ULN"), or ""."""
    sign, before = text[start - 1 : start], text[start - 2 : start - 1] if start > 1 else ""
    if sign in ("-", "−") and sign and before in ("", " ", "\t", "(", "<", ">", "≤", "≥", "="):
        return "-"
    return "x" if sign in ("x", "X") and before and before in " \t<>≤≥=" else ""


def _inside_word(text: str, at: int) -> bool:
    return at > 0 and text[at].isalpha() and (text[at - 1].isalpha() or text[at - 1] == "-")


def _limit(match: re.Match[str]) -> str:
    word = match["limit"].lower()
    if word.startswith("baseline"):
        return "BaselineValue"
    if word.startswith(("predicted", "control")):
        return "PredictedValue"
    return "LowerLimitOfNormal" if word.startswith(("lower", "lln", "illn")) else "UpperLimitOfNormal"


def _is_name(text: str, start: int, end: int) -> bool:
    """Whether the digits are part of a name: HER-2, IL-6, 5-FU, 2nd, T-20, 12-lead."""
    if text[start - 1 : start] in ("-", "–") and text[start - 2 : start - 1].isalpha():
        before = re.search(r"(?<![A-Za-z])([A-Za-z]++)[-–]$", text[max(0, start - 12) : start])
        if before and before[1].upper() not in (
            "ECOG",
            "ASA",
            "NYHA",
            "KPS",
            "PS",
            "WHO",
            "AGE",
            "AGES",
            "AGED",
            "STATUS",
            "SCORE",
        ):
            return True
    if text[start - 1 : start] == "[" and text[end : end + 1] == "]":
        return True  # a reference
    if (
        text[start - 1 : start] == "("
        and text[end : end + 2] in (") ", ")\n")
        and _is_next_in_brackets(text, start, end)
    ):
        return True
    if text[start - 3 : start] == "<U+" or _VERSION.search(text, max(0, start - 12), start):
        return True
    if _DATE.match(text, start) or _DATE.match(text, max(0, start - 3)) or _DATE.match(text, max(0, start - 2)):
        return True
    tail = text[end : end + 14]
    lead = text[max(0, start - 80) : start]
    if tail[:1] == "." and re.match(r"\.\s+[A-Z][a-z]", tail) and _is_next_item(text, start, end):
        return True
    if tail.startswith(")") and lead.count("(") <= lead.count(")") and not comparator_before(text, start):
        return True  # the number of an item
    return bool(
        (
            re.match(r"(?:st|nd|rd|th)\b", tail)
            and not _LOGARITHM.match(text, end)
            and not _PERCENTILE.match(text, end)
            and not _TO_PERCENTILE.match(text, end)
        )
        or re.match(r"-(?:lead|item|point|step|stage|FU|F\b|dimensional|channel|[A-Z]{2})", tail)
        or (
            re.match(r"[A-Za-z]", tail)
            and not _UNIT.match(tail)
            and not _DEGREES.match(text, end)
            and not _DIOPTERS.match(text, end)
            and not _TIMES_ONLY.match(text, end)
            and not _LOGARITHM.match(text, end)
            and not _PERCENTILE.match(text, end)
            and not _TO_PERCENTILE.match(text, end)
            and not re.match(r"(?:x|X|times|fold)\s?(?:ULN|UNL|the|upper|lower|normal|instit)", tail, re.I)
        )
    )


def _is_next_item(text: str, start: int, end: int) -> bool:
    """Whether the digits number an item of a list that runs on in a line: "... 7. No infection 8. No ..."."""
    number_ = text[start:end]
    before = text[max(0, start - 600) : start]
    return number_.isdigit() and int(number_) > 1 and bool(re.search(rf"(?<![\d.]){int(number_) - 1}\.\s", before))


def _is_next_in_brackets(text: str, start: int, end: int) -> bool:
    """Whether the digits number an item that runs on in a line: "(1) ... (2) ..."."""
    number_ = text[start:end]
    before = text[max(0, start - 600) : start]
    return number_.isdigit() and (
        f"({int(number_) - 1})" in before or (number_ == "1" and "(2)" in text[end : end + 600])
    )


def _with_days(weeks: Decimal, text: str, end: int) -> tuple[Decimal, int, str]:
    """A number of weeks with the days that stand behind it, where they end, and the unit where it stands between: "28 0/7 weeks"."""
    days = _SEVENTHS.match(text, end) or _AND_DAYS.match(text, end)
    if not days:
        return weeks, end, ""
    whole = (weeks + Decimal(days[1]) / 7).quantize(Decimal("0.001"))
    return whole, days.end(), "wk" if days.re is _AND_DAYS else ""


def _unit_after(text: str, end: int) -> tuple[str, int]:
    """UCUM code and end of the unit after a number; ("", end) when there is none."""
    if degrees := _DEGREES.match(text, end):
        return _DEGREE_UNITS[degrees[1]], degrees.end()
    if diopters := _DIOPTERS.match(text, end):
        return "[diop]", diopters.end()
    if percentile := _PERCENTILE.match(text, end):
        return PERCENTILE, percentile.end()
    if (power := _LOGARITHM.match(text, end)) and (behind := _unit_after(text, power.end()))[0]:
        return f"{LOGARITHM}{behind[0]}", behind[1]
    described = _DESCRIBED.match(text, end, end + 20)
    match = _UNIT.match(text, described.end() if described else end, end + 60)
    if not match or (described and unit.ucum(match.group().strip()) not in _TIME_UNITS):
        return "", end
    written = match.group().lstrip(" -\u00a0")
    code = unit.ucum(written)
    if not code and "." in written:
        return "", end
    if written in ("S", "M", "K", "H"):
        return "", end  # "stage 4S"
    if (
        code in ("s", "m", "k", "h", "d")
        and text[match.end() - 1 : match.end()].isalpha()
        and text[end : end + 1] == " "
    ):
        return ("", end) if written.lower() in ("s", "m", "k") else (code, match.end())
    return (code, match.end()) if code else ("", end)


def find(text: str) -> list[Quantity]:
    """The quantities of a text, from left to right; a bare limit ("not above the ULN") is once the limit."""
    found = list(_numbers(text))
    for match in _BARE_LIMIT.finditer(text):
        sign = comparator_before(text, match.start())
        if sign and all(q.end <= match.start() or q.start >= match.end() for q in found):
            limit = "LowerLimitOfNormal" if match[1][:1].lower() == "l" else "UpperLimitOfNormal"
            one = Quantity(sign[1], match.end(), match.start(), Decimal(1), sign[0], relative_to=limit)
            found.append(one)
    return sorted(found, key=lambda q: q.at)


def _numbers(text: str) -> Iterator[Quantity]:
    behind_pattern, behind_codes = _behind()
    position = 0
    while match := _NUMBER.search(text, position):
        start, end = match.span()
        position = end
        value = number.parse(match.group())
        if value is None or _is_name(text, start, end):
            continue
        value, end, between = _with_days(value, text, end)
        if ordinal := _TO_PERCENTILE.match(text, end):
            end = ordinal.end()
        one = Quantity(start, end, start, number.plain(value), spelled=match.group()[0].isalpha())
        lead = text[max(0, start - _REACH) : start]
        if limit := _LIMIT_BEFORE.search(lead):
            one.relative_to, one.start = _limit(limit), start - (len(lead) - limit.start())
            lead = lead[: limit.start()]
        turned = _sign_before(text, start)
        if sign := comparator_before(text, one.start - (turned in ("-", "x"))):
            one.comparator, one.start = sign
            if turned == "-":
                one.value = -one.value
        one.unit, one.end = (between, end) if between else _unit_after(text, end)
        of = None if one.unit else _OUT_OF.match(text, end)
        if of and value <= int(of[1]):
            one.end = of.end()
        if one.unit in ("/mm3", "/uL") and _THOUSANDS.fullmatch(match.group()):
            one.value = number.plain(value * 1000)  # "50.000/mm3", with the point of European records
        spread = _RANGE.match(text, one.end if one.unit else end)
        if spread and (second := _SECOND.match(text, spread.end())) and _may_range(spread.group(), lead, one, text):
            upper, last = number.parse(second.group()), second.end()
            between = ""
            if upper is not None:
                upper, last, between = _with_days(upper, text, last)
                behind_it, ending = (between, last) if between else _unit_after(text, last)
                other = one.is_time and behind_it in _TIME_UNITS and behind_it != one.unit
                if other or upper > value or spread.group().strip() in ("-", "–", "—", "to"):
                    one.upper, one.end = number.plain(upper), ending
                    if number.power(match.group()) == 1 and value * number.power(second.group()) <= upper:
                        one.value = number.plain(value * number.power(second.group()))  # "50-100 x 10^9/L"
                    one.unit = one.unit or behind_it
                    one.upper_unit = behind_it if other else ""
        elif (
            not one.unit and not one.comparator and one.end == end and (listed := _LIST.match(text, end, end + _REACH))
        ):
            numbers = [number.parse(n) for n in re.findall(number.DIGITS, listed.group())]
            known = [n for n in numbers if n is not None]
            if known and max(known) <= 100 and max(known) > value:
                one.upper, one.end = number.plain(max(known)), listed.end()
                one.unit, one.end = _unit_after(text, one.end)
        if not one.unit and one.comparator and (times := _TIMES_ONLY.match(text, end)):
            one.relative_to, one.end = "UpperLimitOfNormal", times.end()
        if not one.relative_to and (limit := _ULN.match(text, one.end, one.end + 90)) and _is_limit(limit, one):
            one.relative_to, one.end = _limit(limit), limit.end()
            if one.unit not in ("%",):
                one.unit = ""
        if one.comparator == "eq" and (bound := _EXTREME.search(text[max(0, start - _REACH) : start])):
            one.comparator = _EXTREMES[bound[1][:3].lower()]
        if not one.comparator and one.upper is None:
            strange = (_GESTATION if one.unit else _STRANGE).match(text, one.end, one.end + 24)
            if behind := behind_pattern.match(text, strange.end() if strange else one.end, one.end + 40):
                one.comparator, one.end = behind_codes[" ".join(behind[1].lower().split())], behind.end()
                later, last = ("", 0) if one.unit else _unit_after(text, one.end)
                if later in _TIME_UNITS:
                    one.unit, one.end = later, last  # "4 or more years"
            elif bound := _EXTREME.search(lead):
                one.comparator, one.start = _EXTREMES[bound[1][:3].lower()], one.start - (len(lead) - bound.start())
            elif flipped := _FLIPPED.match(text, one.end, one.end + 6):
                one.comparator, one.flipped = _FLIP[SIGN[flipped[1]]], True
                one.end = flipped.end()
        elif one.upper is None and one.comparator in ("gt", "lt") and (behind := _OR_EQUAL.match(text, one.end)):
            one.comparator = {"gt": "ge", "lt": "le"}[one.comparator]
            one.end = behind.end()
        position = max(position, one.end)
        yield one


def _may_range(joint: str, lead: str, one: Quantity, text: str) -> bool:
    joint = joint.strip().lower()
    if joint == "and":
        return bool(
            re.search(
                r"\b(?:between|from|range of|aged?|ages)\s*+:?+\s*+(?:the ages of\s*+|\w++ ){0,3}[=≥>]?+\s*+$",
                lead,
                re.I,
            )
        )
    return joint != "to" or one.comparator not in ("lt", "le", "gt")


def _is_limit(match: re.Match[str], one: Quantity) -> bool:
    """A limit counts when a sign or word of multiplication stands before it, or when it can mean nothing else."""
    word = match["limit"].lower()
    if match["times"]:
        return True
    if word.startswith(("normal", "baseline", "control")):
        return False
    if word.startswith("predicted"):
        return one.unit == "%"
    return not one.unit or one.unit == "%"
