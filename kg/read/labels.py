"""What the labels of pages say: ``kg/facts/labels.toml``, and the labels of a layout's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from kg import assets
from kg.criteria import heading_kind
from kg.mesh import key
from kg.read.blocks import Block

#: The longest text that is taken for a label, in characters.
LONGEST = 90
_NUMBER = re.compile(r"^\s*(?:[A-Z]\.)?\d{1,2}(?:\.\d{1,2}){0,4}[.)]?\s+|^\s*[A-Z]\.\d{1,2}(?:\.\d{1,2})*\s+")


def normal(label: str) -> str:
    """A label made alike: case, punctuation, plural and "and" do not count."""
    return " ".join(w for w in key(label).split() if w not in ("s", "and"))


@cache
def _lexicon() -> Mapping[str, str]:
    words: dict[str, str] = {}
    for field, labels in assets.facts("labels")["fields"].items():
        for label in labels:
            words.setdefault(normal(label), field)
    return words


@cache
def _patterns(kind: str) -> tuple[tuple[str, re.Pattern[str]], ...]:
    rows = assets.facts("labels")["patterns"][kind]
    return tuple((field, re.compile("|".join(patterns))) for field, patterns in rows.items())


@cache
def _columns() -> Mapping[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for column, labels in assets.facts("labels")["columns"].items():
        for label in labels:
            found.setdefault(normal(label), []).append(column)
    return {label: tuple(columns) for label, columns in found.items()}


@cache
def weak() -> frozenset[str]:
    """The fields whose labels are also words of criteria."""
    return frozenset(assets.facts("labels")["weak"]["fields"])


def field_of(label: str, *, beside: bool = True) -> str:
    """The field that a label opens; "" when it is no label.

    ``beside``: a value stands beside it, so that "Studied disease" may be a label; alone it may be a disease.

    >>> field_of("Conditions:"), field_of("E.3 Principal inclusion criteria"), field_of("Our team")
    ('conditions', 'inclusion', '')
    """
    return _field_of(label, beside) if len(label) <= LONGEST else ""


@lru_cache(maxsize=16_384)
def _field_of(label: str, beside: bool) -> str:
    words = normal(_NUMBER.sub("", label)).split()
    whole, lexicon = " ".join(words), _lexicon()
    if not words:
        return ""
    if exact := lexicon.get(whole) or heading_kind(label.strip(" :")):
        return exact
    for field, pattern in (*_patterns("any"), *(_patterns("beside") if beside else ())):
        if len(words) <= 14 and pattern.search(whole):
            return field
    if (bracket := label.find("(")) > 3 and (found := lexicon.get(normal(label[:bracket]))):
        return found
    around = assets.facts("labels")["around"]["words"]
    start, stop = 0, len(words)
    while start < stop - 1 and words[start] in around:
        start += 1
        if found := lexicon.get(" ".join(words[start:stop])):
            return found
    while stop > start + 1 and words[stop - 1] in around:
        stop -= 1
        if found := lexicon.get(" ".join(words[start:stop])) or lexicon.get(" ".join(words[:stop])):
            return found
    return ""


def columns_of(row: Block, wanted: Iterable[str]) -> dict[str, int]:
    """The columns that the cells of a row name, of those wanted: column -> place; {} when the row names no two."""
    found: dict[str, int] = {}
    for place, cell in enumerate(row.cells):
        for column in _columns().get(normal(cell.text), ()):
            if column in wanted and column not in found:
                found[column] = place
                break
    return found if len(found) >= 2 or (found and row.header) else {}
