"""Names that ran together on one line ("Breast Cancer Metastatic Cancer") come apart again.

Each way to cut the line is scored by what its pieces are: names that stand elsewhere on the page, terms of MeSH, phrases
that begin and end as names of conditions do. The best way is found by dynamic programming, linear in the line's length.
"""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise

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


def _known(text: str, index: MeshIndex) -> bool:
    """Whether MeSH has the phrase as a disease or finding; organs, organisms and the rest do not count."""
    return any(index.in_trees(i, ("C", "F03", "F01", "E04", "G08")) for i in index.find(text))


def _score(tokens: list[str], text: str, index: MeshIndex, hints: set[str]) -> float:
    """How much the phrase looks like one whole name."""
    if len(tokens) > 1 and tokens[-1].startswith("(") and tokens[-1].endswith(")"):
        tokens, text = tokens[:-1], text[: text.rindex("(")]  # an abbreviation belongs to the name before it
    bare = [_bare(t) for t in tokens]
    binders, heads, openers = _words("binders"), _words("heads"), _words("openers")
    if tokens[-1].endswith(",") or text.count("(") != text.count(")"):
        return -6.0
    if bare[-1] in binders and bare[-2:] not in (["extensive", "stage"], ["limited", "stage"]):
        return -6.0
    score = -1.0
    if key(text) in hints:
        score += 3.0 + 0.6 * len(tokens)
    elif _known(text, index):
        score += 1.6 + 0.9 * len(tokens)
    else:
        # A name is often a known one with words before it: "Malignant Brain Tumors".
        tails = [
            1.6 + 0.9 * (len(tokens) - k) - 0.6 * k
            for k in (1, 2, 3)
            if k < len(tokens) and _known(" ".join(tokens[k:]), index)
        ]
        if tails:
            score += max(tails)
        elif bare[-1] in heads or any(b in heads and after in ("of", "in") for b, after in pairwise(bare)):
            score += 1.6
        for one, following in pairwise(tokens):
            if one.endswith((",", "/", "-")) or not following[0].isupper():
                continue
            score -= 1.4 * (_bare(one) in heads)
            score -= 0.7 * (_bare(following) in openers and _bare(one) not in openers)
    score += 0.5 * (bare[0] in openers)
    if tokens[0][0] == "(" or bare[0] in ("of", "and", "or", "in", "with", "the", "to", "by"):
        return score - 5.0
    return score - 2.0 * (tokens[0][0].islower() or not tokens[0][0].isalnum())


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
    return [quote.part(matches[a].start(), matches[b - 1].end()).strip(" ,;|") for a, b in pairwise(cuts)]


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
