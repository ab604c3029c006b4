"""Stages, classes and fractions that are no plain numbers: NYHA III-IV, ASA I or II, T1b-T2a N0 M0, a visual acuity of 20/40."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import NamedTuple

from kg.criteria.quantities import SIGN, comparator_before
from kg.criteria.variables import Named

#: The greatest value of a score, beyond which a number is none.
GREATEST = {"EcogStatus": 5, "NyhaClass": 4, "AsaScore": 6, "ChildPughScore": 15, "VisualAcuity": 2}
_ROMAN = {"I": 1, "II": 2, "III": 3, "IV": 4, "V": 5, "VI": 6} | {c: n for n, c in enumerate("ⅠⅡⅢⅣⅤⅥ", 1)}
_NUMBER = r"(?:IV|V?I{1,3}|V|[Ⅰ-Ⅵ])"
_SIGN = {**SIGN, "at least": "ge", "greater than": "gt"}
_CLASSES = re.compile(
    r"[\s:()]*+(?:(?:functional|physical|status|class(?:es|ification)?|grades?|standards?,?|criteria,?|score|heart failure|stage|of)[\s:]*+)*+(≥|>=|≤|<=|>|<|greater than|at least)?\s*+"
    rf"({_NUMBER})(?![A-Za-z])((?:\s*+(?:,\s?and|,\s?or|-|–|~|～|to|or|/|and|,)\s*+(?:ASA |NYHA |class |grade )?{_NUMBER}(?![A-Za-z])){{0,5}})(?:\s*+(or (?:greater|higher|above|worse|more|less|lower|better)))?"
)
#: A class of heart failure whose system is not named: there is one (New York Heart Association).
_HEART_CLASS = re.compile(
    rf"\b(?:functional\s)?class(?:es)?(?=\s{_NUMBER}(?![A-Za-z])(?:[\s,/–-]{{1,2}}(?:or|and|to|higher|greater|above|worse|symptomatic|congestive|chronic|systolic|{_NUMBER})){{0,6}}\s(?:heart failure|CHF)\b)"
    rf"|(?:(?<=heart failure )|(?<=heart failure \()|(?<=heart failure, ))(?:functional\s)?class(?:es)?(?=\s{_NUMBER}(?![A-Za-z]))",
    re.I,
)
_NUMERAL = re.compile(rf"(?<![A-Z]){_NUMBER}(?![A-Z])")
#: The categories of the TNM system (UICC, TNM Classification of Malignant Tumours), with the letters before them that say how they were found.
_TNM = re.compile(
    r"(?<![\w-])(?:[cpry]{1,2})?([TN]|M(?=[01]))([0-4])[a-d]?(?:\s?(?:-|–|to|or|/|,|and)\s?\1?([0-4])[a-d]?)?(?![\w-])(?!\s?\([=<>≥≤ ]{0,3}\d)(?!\s(?:hyperintense|hypointense|signal|blasts|lesions?|weighted|MRI|images?|cells?|level|vertebra|segment))"
)
_TUMORS = re.compile(
    r"\b(?:TNM|tumou?rs?|stages?|staged|cancers?|carcinomas?|adenocarcinomas?|disease|primary|melanoma|[TNM][0-4X][a-d]?)\b",
    re.I,
)
#: Marrows are called M1 to M3 too.
_MARROW = re.compile(r"\b(?:marrow|blasts)\b", re.I)
_CATEGORY = {"T": "TnmTumor", "N": "TnmNodes", "M": "TnmMetastasis"}
#: How near to a category another one, or a word about tumors, stands.
_NEAR = 30
#: Grades of a letter and a number, of which a criterion gives several: "fibrosis F3 or F4", "Montreal classification E1-E2".
_LETTERED = re.compile(r"(?<![\w-])([A-Z])(\d)(?:\s?(?:,|-|–|or|to|and|,\s?or)\s?\1(\d)){1,3}(?![\w-])")
#: Behind a class whose meaning is told, and which is not asked for: "NYHA II: slight limitation".
_MEANING = re.compile(r"\s?:\s?[A-Z][a-z]+ [a-z]")
_SNELLEN = re.compile(
    r"(?<![\d/.])(20|6)/(\d{1,4})(?![\d/])(?:\s?(?:to|and|-|–)\s?(20|6)/(\d{1,4})(?![\d/]))?(?:\s(or better|and better|or worse|and worse))?",
    re.I,
)
_SIGHT = re.compile(r"acuity|vision|\bVA\b|BCVA|snellen|sight", re.I)
_THAN = re.compile(
    r"\b(no worse than|not worse than|at least|no better than|better than|worse than|less than|more than)\s$", re.I
)
_SIGN_AT_END = re.compile(rf"({'|'.join(sorted(map(re.escape, SIGN), key=len, reverse=True))})\s?$")
_BETTER = {
    "or better": "ge", "and better": "ge", "no worse than": "ge", "not worse than": "ge", "at least": "ge",
    "or worse": "le", "and worse": "le", "no better than": "le", "better than": "gt", "more than": "gt",
    "worse than": "lt", "less than": "lt",
}  # fmt: skip
#: The questions of a scale are lettered too.
_ITEMS = re.compile(r"\b(?:items?|questions?)\b", re.I)
_SCALED = re.compile(r"\b(?:index|classification|scores?|grades?|stages?|levels?|scale|fibrosis|ambulator)\b", re.I)


class Grade(NamedTuple):
    """A bound on a stage or class: its place, the variable, and how the person's value must stand to it. ``at``: where the number begins."""

    start: int
    end: int
    variable: str
    comparator: str
    value: int | Decimal
    at: int


def find(text: str, found: Sequence[Named]) -> Iterator[Grade]:
    """The stages and classes of a text; ``found`` are the quantities that it names."""
    yield from _classes(text, found)
    yield from _categories(text)
    yield from _lettered(text)
    yield from _acuities(text)


def _between(place: tuple[int, int, str], low: int | Decimal, high: int | Decimal, at: int) -> Iterator[Grade]:
    """A range: from ``low`` to ``high``."""
    yield Grade(*place, "ge", low, at)
    yield Grade(*place, "le", high, at)


def _acuities(text: str) -> Iterator[Grade]:
    """Visual acuities as Snellen's fractions, in decimals: 20/40 is 0.5, and better is more."""
    for match in _SNELLEN.finditer(text):
        lead = text[max(0, match.start() - 3 * _NEAR) : match.start()]
        if not (_SIGHT.search(lead) or _SIGHT.search(text, match.end(), match.end() + _NEAR)) or not int(match[2]):
            continue
        values = [(Decimal(match[1]) / int(match[2])).quantize(Decimal("0.001"))]
        if match[4] and int(match[4]):
            values.append((Decimal(match[3]) / int(match[4])).quantize(Decimal("0.001")))
        before = _THAN.search(lead)
        signed = None if before else _SIGN_AT_END.search(lead)
        told = before or signed
        start = match.start() - len(told[0]) if told else match.start()
        place = (start, match.end(), "VisualAcuity")
        if len(values) > 1:
            yield from _between(place, min(values), max(values), match.start())
        else:
            sign = _BETTER.get((match[5] or (before[1] if before else "")).lower().strip(), "")
            sign = sign or (SIGN[signed[1]] if signed else "eq")
            yield Grade(*place, sign, values[0], match.start())


def _lettered(text: str) -> Iterator[Grade]:
    """Numbers behind a letter where a scale is named nearby."""
    for match in _LETTERED.finditer(text):
        around = text[max(0, match.start() - 2 * _NEAR) : match.start()], text[match.end() : match.end() + _NEAR]
        low, high = int(match[2]), int(match[3])
        of_items = _ITEMS.search(text, max(0, match.start() - 16), min(len(text), match.end() + 16))
        if low < high and match[1] not in "TNMCLS" and not of_items and any(_SCALED.search(part) for part in around):
            yield from _between((*match.span(), ""), low, high, match.start(2))


def _categories(text: str) -> Iterator[Grade]:
    """Categories of the TNM system; the letter behind one (T1b) is left out."""
    for match in _TNM.finditer(text):
        around = text[max(0, match.start() - _NEAR) : match.start()], text[match.end() : match.end() + _NEAR]
        if not any(_TUMORS.search(part) for part in around) or any(_MARROW.search(part) for part in around):
            continue
        low, high = int(match[2]), int(match[3] or match[2])
        place = (*match.span(), _CATEGORY[match[1]])
        if low == high:
            yield Grade(*place, "eq", low, match.start(2))
        elif low < high:
            yield from _between(place, low, high, match.start(2))


def _classes(text: str, found: Sequence[Named]) -> Iterator[Grade]:
    """Classes in Roman numerals: NYHA III-IV, ASA I or II."""
    places = [named for named in found if named.variable in ("NyhaClass", "AsaScore")]
    if "lass" in text and not any(named.variable == "NyhaClass" for named in places):
        places += [Named(m.start(), m.end(), "NyhaClass") for m in _HEART_CLASS.finditer(text)]
    for named in places:
        match = _CLASSES.match(text, named.end)
        if not match:
            continue
        if _MEANING.match(text, match.end()):
            continue
        others = [_ROMAN[n] for n in _NUMERAL.findall(match[3])]
        low, high = _ROMAN[match[2]], max(others) if others else None
        low = min([low, *others])
        sign = _SIGN.get(match[1] or "", "")
        first = named.start
        if not sign and high is None and (before := comparator_before(text, named.start)):
            sign, first = before
        span = (first, match.end())
        if match[4]:
            sign = "ge" if match[4].split()[1] in ("greater", "higher", "above", "worse", "more") else "le"
        if high is not None and not sign:
            yield Grade(*span, named.variable, "ge", low, match.start(2))
            if high != GREATEST[named.variable]:
                yield Grade(*span, named.variable, "le", high, match.start(2))
        else:
            yield Grade(*span, named.variable, sign or "eq", low, match.start(2))
