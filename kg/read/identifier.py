"""Registry identifiers in text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

from kg import assets
from kg.document import Quote


@cache
def _patterns() -> list[tuple[str, re.Pattern[str], str]]:
    rows = assets.facts("registries")["registry"]
    return [(r["name"], re.compile(rf"(?<![A-Za-z0-9]){r['pattern']}(?![A-Za-z0-9])"), r["normal"]) for r in rows]


def find(quote: Quote) -> list[tuple[str, Quote]]:
    """The registry identifiers in a quotation, in normal form, the best-known registry first."""
    found: list[tuple[str, Quote]] = []
    for _, pattern, normal in _patterns():
        for match in pattern.finditer(quote.text):
            found.append((normal.format(*match.groups()), quote.part(*match.span())))
    return found


def registry(identifier: str) -> str:
    """The name of the registry that gave an identifier; "" for one that is unknown."""
    return next((name for name, pattern, _ in _patterns() if pattern.fullmatch(identifier)), "")


def registered(texts: Iterable[str]) -> list[str]:
    """The registry identifiers in texts, in normal form, those of the best-known registry first."""
    found = {name.replace(" ", "-") for text in texts for name, _ in find(Quote(0, len(text), text))}
    return sorted(found, key=lambda name: (rank(name), name))


def rank(identifier: str) -> int:
    """The place of an identifier's registry in the list, the best-known first."""
    return next((n for n, (_, pattern, _) in enumerate(_patterns()) if pattern.fullmatch(identifier)), len(_patterns()))


def key(identifier: str) -> str:
    """The identifier as the end of a trial's IRI: runs of anything but letters, digits and dots become a hyphen.

    >>> key("EORTC 62063"), key("CTRI/2018/01/012345")
    ('EORTC-62063', 'CTRI-2018-01-012345')
    """
    return re.sub(r"[^A-Za-z0-9.]+", "-", identifier).strip("-")
