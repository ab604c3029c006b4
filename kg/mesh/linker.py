"""Which MeSH concept a phrase of a trial names, how sure that is, and why."""

from __future__ import annotations

import re
from functools import cache
from typing import Literal, NamedTuple

from kg import assets
from kg.mesh.index import MeshIndex, words

_BRACKETS = re.compile(r"(?:(?<!\s)\s++)?+[(\[]([^()\[\]]*+)[)\]]\s*+")

_ARTICLE = re.compile(r"\b(?:the|an?)\s", re.I)


class Link(NamedTuple):
    """A link to MeSH: the identifier, how it relates, by which step it was found, and how sure that is (0 to 1)."""

    identifier: str
    relation: Literal["exact", "broad"]
    justification: str
    confidence: float


@cache
def _words(kind: str) -> frozenset[str]:
    return frozenset(assets.facts("linking")[kind])


@cache
def _trees(kind: str) -> tuple[tuple[str, ...], ...]:
    table = assets.facts("linking")["trees"]
    return tuple(tuple(group) for group in table.get(kind, table["Any"]))


def choose(identifiers: list[str], kind: str, index: MeshIndex) -> str:
    """Of several concepts with one name, that which fits the kind of thing; "" when none does."""
    for prefixes in _trees(kind):
        for identifier in identifiers:
            if index.in_trees(identifier, prefixes):
                return identifier
    untreed = [
        i for i in identifiers if i not in index.trees and not any(m in index.trees for m in index.mapped.get(i, ()))
    ]
    return untreed[0] if len(untreed) == 1 and kind not in ("Condition", "Procedure") else ""


def _without(phrase: str, kinds: tuple[str, ...]) -> str:
    """The phrase less the words of the given lists and less numbers with their units; "" when nothing is taken off."""
    drop = frozenset().union(*(_words(k) for k in kinds))
    found = words(phrase)
    kept = [w for w in found if w.stem not in drop and not re.fullmatch(r"\d+(?:mg|mcg|ug|g|ml|iu|kg|m2)?", w.stem)]
    if not kept or len(kept) == len(found):
        return ""
    return " ".join(w.stem for w in kept)


def _without_leading(phrase: str) -> str:
    """The phrase less the qualifiers at its beginning and end; "" when there are none."""
    drop = _words("qualifiers")
    found = words(phrase)
    start, end = 0, len(found)
    while start < end and found[start].stem in drop:
        start += 1
    while end > start and found[end - 1].stem in drop and found[end - 1].stem not in ("disease", "disorder"):
        end -= 1
    if start == end or (start, end) == (0, len(found)):
        return ""
    return phrase[found[start].start : found[end - 1].end]


def link(phrase: str, kind: str, index: MeshIndex) -> Link | None:
    """The concept that ``phrase`` names as a thing of the kind (``Condition``, ``Drug``, ``Procedure`` ... or ``Any``).

    Rather no link than a guess. ``broad`` means that the concept includes more than the phrase says.

    >>> from kg.mesh import builtin
    >>> link("Imatinib 400 MG", "Drug", builtin()).identifier, link("surgery", "Procedure", builtin()).identifier
    ('D000068877', 'D013514')
    """
    variants: list[tuple[str, Literal["exact", "broad"], str, float]] = [(phrase, "exact", "term", 1.0)]
    inside = _BRACKETS.search(phrase)
    bare = _BRACKETS.sub(" ", phrase).strip()
    if inside and bare:
        variants.append((bare, "exact", "term without brackets", 0.95))
    if _ARTICLE.search(bare):
        variants.append((_ARTICLE.sub("", bare), "exact", "term without articles", 0.95))
    if kind != "Condition":
        variants.append((_without(bare, ("forms",)), "exact", "term without dose and form", 0.9))
        variants.append((_without(bare, ("forms", "salts")), "exact", "term without salt", 0.85))
        variants.append((_without(bare, ("forms", "generic")), "exact", "term without general words", 0.8))
        variants.append((_without(bare, ("forms", "salts", "generic")), "exact", "term without general words", 0.75))
    if inside and len(inside[1]) > 2:
        variants.append((inside[1], "exact", "term in brackets", 0.75))
    narrowed = _without_leading(bare)
    variants.append((narrowed, "broad", "term without qualifiers", 0.7))
    if kind == "Condition":
        for separator in (" of ", " with ", " in ", " after ", " following ", ", "):
            if separator in bare:
                head = bare.split(separator)[0]
                variants.append((head, "broad", "head of the phrase", 0.5))
                variants.append((_without_leading(head), "broad", "head of the phrase", 0.45))
    for text, relation, justification, confidence in variants:
        if text and (identifier := choose(index.find(text), kind, index)):
            return Link(identifier, relation, justification, confidence)
    return None
