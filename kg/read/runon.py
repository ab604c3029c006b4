"""Names that ran together on one line ("Breast Cancer Metastatic Cancer") come apart again.

Each way to cut the line is scored by what its pieces are: names that stand elsewhere on the page, terms of MeSH, phrases
that begin and end as names of conditions do. The best way is found by dynamic programming, linear in the line's length.
"""

from __future__ import annotations

import itertools
import re
from functools import cache

from kg import assets
from kg.document import Quote
from kg.mesh import MeshIndex, key

_TOKEN = re.compile(r"\S+")
_LONGEST = 12


@cache
def _words(kind: str) -> frozenset[str]:
    return frozenset(assets.facts("runon")[kind])


def _bare(token: str) -> str:
    return token.strip("(),;.:'\"").lower()


def _score(tokens: list[str], text: str, index: MeshIndex, hints: set[str]) -> float:
    """How much the phrase looks like one whole name."""
    bare = [_bare(t) for t in tokens]
    if tokens[-1].endswith(",") or bare[-1] in _words("binders") or text.count("(") != text.count(")"):
        return -6.0
    phrase = key(text)
    score = -1.0
    if phrase in hints:
        score += 3.0 + 0.6 * len(tokens)
    elif index.find(text):
        score += 2.5 + 0.6 * len(tokens)
    else:
        heads = _words("heads")
        if bare[-1] in heads:
            score += 1.6
        breaks = sum(
            1
            for one, following in itertools.pairwise(tokens)
            if _bare(one) in heads and not one.endswith(",") and following[0].isupper()
        )
        score -= 1.4 * breaks
    if bare[0] in _words("openers"):
        score += 0.5
    if tokens[0][0].islower() or not tokens[0][0].isalnum():
        score -= 2.0
    return score


def split(quote: Quote, index: MeshIndex, hints: list[str]) -> list[Quote]:
    """The names on a line that lost its separators. ``hints`` are names known from elsewhere on the page."""
    matches = list(_TOKEN.finditer(quote.text))
    if not matches:
        return []
    known = {key(h) for h in hints if h}
    tokens = [m.group() for m in matches]
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(tokens) + 1):
        options: list[tuple[float, int]] = []
        for start in range(max(0, end - _LONGEST), end):
            text = quote.text[matches[start].start() : matches[end - 1].end()]
            options.append((best[start][0] + _score(tokens[start:end], text, index, known), start))
        best.append(max(options, key=lambda o: (o[0], -o[1])))
    cuts = [len(tokens)]
    while cuts[-1] > 0:
        cuts.append(best[cuts[-1]][1])
    cuts.reverse()
    return [quote.part(matches[a].start(), matches[b - 1].end()).strip(" ,;|") for a, b in itertools.pairwise(cuts)]


def split_terms(quote: Quote, index: MeshIndex) -> list[Quote]:
    """The preferred MeSH terms that make up a line; [] when the line is not made of such terms alone."""
    matches = list(_TOKEN.finditer(quote.text))
    reach: list[int | None] = [0] + [None] * len(matches)
    for end in range(1, len(matches) + 1):
        for start in range(max(0, end - _LONGEST), end):
            if reach[start] is None:
                continue
            text = quote.text[matches[start].start() : matches[end - 1].end()]
            if any(index.labels[i].casefold() == text.casefold() for i in index.find(text)):
                reach[end] = start
                break
    if not matches or reach[-1] is None:
        return []
    terms: list[Quote] = []
    end = len(matches)
    while end:
        start = reach[end] or 0
        terms.append(quote.part(matches[start].start(), matches[end - 1].end()))
        end = start
    return terms[::-1]
