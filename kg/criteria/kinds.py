"""Pregnancy, nursing, contraception, consent and biomarkers: what criteria ask for in words of their own."""

from __future__ import annotations

import re
from collections.abc import Iterator

from kg.criteria import scope
from kg.criteria.cues import pattern
from kg.criteria.windows import Window
from kg.document import Quote
from kg.record import Constraint

#: Where it is asked that no pregnancy comes about, none is asked for.
_AVOIDED = re.compile(
    r"contracept|avoid(?:ing)? (?:a |becoming )?pregnan|prevent(?:ing)? (?:a )?pregnan|birth control|child-? ?bearing|f(?:o)?etus|abstinen|become pregnant",
    re.I,
)
_NEGATIVE_TEST = re.compile(
    r"negative[\w\s,()-]{0,40}?pregnancy(?: tests?)?\b|pregnancy tests?\b(?:[^.]{0,100}?\b(?:is|are|be|was|were) (?:[a-z]{1,12} )?|(?: results?)?\s?[:=-]?\s?)negative\b",
    re.I,
)
#: A pregnancy that is over: "gestational diabetes in a previous pregnancy".
_FORMER = re.compile(
    r"\b(?:previous|prior|past|earlier|last|history of|index)(?: [a-z-]{1,20}){0,3} $|\b(?:pre|post|inter)[- ]?$|\bduring (?:the |this |her )?$|\bpartners?\b[^.;]{0,30}$|\b(?:incapable|capable|possibility|chance) of $",
    re.I,
)
_DEMANDED = re.compile(r"\b(?:must|should|shall|required to) (?:have|show|be)\b", re.I)
_UNLESS = re.compile(r"\bunless\b[^.;]{0,80}$", re.I)
_NURSING = re.compile(r"nurs|lactat|breast", re.I)
#: For whom somebody else must agree: "consent of a parent if under 18 years of age".
OF_THE_YOUNG = re.compile(
    r"\b(?:if|when|for)\s[^.;)]{0,40}?\b(?:under|younger|less|below|<|minors?|children)[^.;)]{0,40}", re.I
)


def find(quote: Quote, times: list[Window], exclusion: bool) -> Iterator[Constraint]:
    """Pregnancy, nursing, contraception, consent and biomarkers, each at most once a criterion."""
    text = quote.text
    for name, kind in (
        ("pregnancy", "Pregnancy"),
        ("contraception", "Contraception"),
        ("consent", "Consent"),
        ("biomarker", "Biomarker"),
    ):
        matches = list(pattern(name).finditer(text))
        if not matches:
            continue
        if kind == "Contraception" and any(w.bound == "minimum" for w in times):
            continue  # the window says it already
        firsts = [m for m in matches if kind == "Pregnancy" and _NURSING.match(m.group())][:1]
        firsts += [m for m in matches if m not in firsts and not (kind == "Pregnancy" and _NURSING.match(m.group()))][
            :1
        ]
        for match in sorted(firsts, key=lambda m: m.start()):
            first = max(0, match.start() - 90)
            if kind == "Pregnancy" and (
                pattern("mere").search(text, first, match.start())
                or _UNLESS.search(text, first, match.start())
                or (not _NURSING.match(match.group()) and _FORMER.search(text, first, match.start()))
            ):
                continue
            one = _fixed(quote, kind, match, exclusion)
            if kind != "Pregnancy" or one.negated or exclusion or not _AVOIDED.search(text):
                yield one


def _fixed(quote: Quote, kind: str, match: re.Match[str], exclusion: bool) -> Constraint:
    text = quote.text
    one = Constraint(kind=kind, concept_label=" ".join(match.group().split()))
    test = kind == "Pregnancy" and any(m.start() <= match.start() < m.end() for m in _NEGATIVE_TEST.finditer(text))
    joined = kind == "Pregnancy" and re.search(r"\bnon[- ]?$", text[max(0, match.start() - 5) : match.start()], re.I)
    if kind == "Consent" and (young := OF_THE_YOUNG.search(text, match.end(), match.end() + scope.REACH)):
        one.applies_when = " ".join(young[0].split())
    denied = scope.negated(text, match.start(), exclusion=exclusion)
    demanded = test and exclusion and _DEMANDED.search(text)  # what must be shown, told in a list of what excludes
    one.negated = (not demanded and bool(test or joined)) or (denied and kind != "Consent")
    one.cite(quote.group(match))
    return one
