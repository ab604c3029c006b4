"""How alike a text is to the ways in which the questions are known to be asked.

The known ways are ``kg/facts/wordings.tsv``, and the question line and summary of each query file. Texts are compared by their words, each
weighed by how few of the known ways have it (tf-idf, cosine; Salton & McGill 1983), with what they name standing as a mark such as ``<i>``.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter, defaultdict
from functools import cache

from kg import assets
from kg.mesh.index import stem
from kg.questions import questions

_WORD = re.compile(r"<\w+>|[a-z]+")
_MARKS = {"concept": "<i>", "variable": "<v>", "decimal": "<n>", "trial": "<t>"}
#: How much a pair of neighbours, and a mark, count beside a word.
_PAIR, _MARK = 0.6, 0.4
#: Letters of a stem that count: "randomised" is as good as "randomization".
_LETTERS = 6


@cache
def _alike() -> tuple[re.Pattern[str], dict[str, str]]:
    """Words and phrases that mean the same here, and the word that stands for each."""
    groups: dict[str, list[str]] = assets.facts("wordings")["alike"]
    known = {wording: head for head, listed in groups.items() for wording in listed}
    ordered = sorted(known, key=lambda one: (-len(one), one))
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, ordered))})\b"), known


def _features(marked: str) -> Counter[str]:
    pattern, known = _alike()
    text = pattern.sub(lambda match: known[match.group()], marked.lower().replace("<y>", "<n>"))
    silent = assets.facts("wordings")["silent"]
    found = [word if word[0] == "<" else stem(word)[:_LETTERS] for word in _WORD.findall(text) if word not in silent]
    return Counter([*found, *(f"{a} {b}" for a, b in itertools.pairwise(found))])


def _mark(name: str, kind: str, type_: str) -> str:
    if name == "days":
        return "<d>"
    if name == "country":
        return "<where>"
    return "<c>" if kind == "condition" else _MARKS.get(type_, "")


@cache
def known() -> tuple[tuple[str, str], ...]:
    """The known ways of asking: the text with marks, and the name of the question."""
    file = assets.facts_file("wordings.tsv")
    rows = [tuple(line.split("\t")) for line in file.read_text(encoding="utf-8").splitlines() if line[:1] != "#"]
    found = [(text, name) for text, name in rows]
    for one in questions().values():
        marks = {name: _mark(name, p.kind, p.type) for name, p in one.parameters.items()}
        found.append((re.sub(r"\{(\w+)\}", lambda m, marks=marks: marks[m[1]], one.question), one.name))  # type: ignore[misc]
        found.append((one.summary, one.name))
    return tuple(found)


class _Ways:
    """Known ways of asking, ready to be compared with."""

    def __init__(self, ways: tuple[tuple[str, str], ...]) -> None:
        self._counts = [(_features(text), name) for text, name in ways]
        self._having: Counter[str] = Counter()
        for features, _ in self._counts:
            self._having.update(features.keys())
        self._by_feature: dict[str, list[tuple[int, float]]] = defaultdict(list)
        for n, (features, _) in enumerate(self._counts):
            for feature, weight in self._weighed(features).items():
                self._by_feature[feature].append((n, weight))

    def _weighed(self, features: Counter[str]) -> dict[str, float]:
        total = len(self._counts) + 1
        weights = {
            one: math.log(total / (1 + self._having[one]))
            * (_PAIR if " " in one else 1.0)
            * (_MARK if one[0] == "<" and " " not in one else 1.0)
            for one in features
        }
        length = math.sqrt(sum(w * w for w in weights.values())) or 1.0
        return {one: w / length for one, w in weights.items()}

    def likeness(self, marked: str) -> dict[str, float]:
        found: dict[int, float] = defaultdict(float)
        for feature, weight in self._weighed(_features(marked)).items():
            for n, other in self._by_feature.get(feature, ()):
                found[n] += weight * other
        by_name: dict[str, list[float]] = defaultdict(list)
        for n, likeness in sorted(found.items()):
            by_name[self._counts[n][1]].append(likeness)
        best = {name: sorted(values, reverse=True) for name, values in by_name.items()}
        return {name: values[0] + 0.3 * (values[1] if len(values) > 1 else 0.0) for name, values in best.items()}


@cache
def _ways(ways: tuple[tuple[str, str], ...]) -> _Ways:
    return _Ways(ways)


def likeness(marked: str) -> dict[str, float]:
    """How alike a text with marks is to the ways in which each question is asked: 0 for not at all, 1.3 for the same words twice over."""
    return _ways(known()).likeness(marked)
