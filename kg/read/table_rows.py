"""Rows of a table whose cells ran together come apart, by what the rows share and by what is known of their cells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from kg import assets
from kg.document import Quote
from kg.mesh import MeshIndex, key

_LONGEST_NAME = 300
_MOST_ROWS = 25
_NUMBERED = re.compile(
    r"(?:((?:study |treatment |dose |test )?(?:arm|group|cohort|stratum|part|regimen|level|sequence|phase|step)s?)\s?[-#]?\s?)?"
    r"((?:[IVX]{1,4}|[A-H]|\d{1,2})[A-Da-d]?)",
    re.I,
)
_TIME = re.compile(r"\d|baseline|day|week|month|year|hour|through|during|study|end|visit|time|after|until", re.I)


@cache
def _frame_start() -> re.Pattern[str]:
    return re.compile("|".join(assets.facts("timeframes")["openers"]), re.I)


def _joint(text: str, at: int) -> bool:
    """Whether two cells can meet here: no white space on either side."""
    return 0 < at < len(text) and not text[at - 1].isspace() and not text[at].isspace()


def _joint_score(text: str, at: int) -> float:
    """How much the two letters look as if two cells met between them."""
    before, after = text[at - 1], text[at]
    if before.islower() and after.isupper():
        return 2.0
    if before in ").]%®™:?!\"'" and after.isalnum():
        return 1.5
    if before.isdigit() != after.isdigit() and after.isalnum():
        return 1.0 if after.isupper() or after.isdigit() else 0.4
    if before.isupper() and after.isupper():
        return 0.2
    if before in "-/(–,'’" or after in "-/).,;:'’–%":
        return -3.0
    return -0.5 if before.isalpha() and after.isalpha() else 0.0


def split_outcome(row: Quote, words: frozenset[str]) -> tuple[Quote, Quote | None]:
    """Measure and time frame of a row such as "Progression-free Survivalone year"; None when no time frame shows.

    ``words`` are words of the rest of the page.
    """
    text = row.text
    best: tuple[float, int] | None = None
    for at in range(1, len(text)):
        if not _joint(text, at) or not (start := _frame_start().match(text, at)):
            continue
        score = _joint_score(text, at) + 0.05 * len(start.group())
        before, after = _word_before(text, at), _word_after(text, at)
        if text[at - 1].isalpha() and text[at].isalpha() and score < 1.0:
            if before + after in words or len(before) < 2:
                continue
            score += 1.2 if before in words else 0.3
            score += 0.4 if after in words or start.group().endswith(" ") else 0.0
        if text[at - 1].isdigit() and text[at].isdigit():
            score -= 0.8
        if text[at - 1] == "." and text[at].isdigit() and text[at - 2 : at - 1].isdigit():
            score -= 2.0
        if _TIME.search(text, at):
            score += 1.0
        score -= 0.004 * (len(text) - at)
        if best is None or score > best[0]:
            best = (score, at)
    if best is None or best[0] < 0.8:
        return row, None
    return row.part(0, best[1]).strip(), row.part(best[1], len(text)).strip()


def vocabulary(*texts: str) -> frozenset[str]:
    """The words of some text, for telling whole words from words that ran together."""
    return frozenset(w for text in texts for w in re.findall(r"[a-z]{2,}", text.lower()))


def _word_before(text: str, at: int) -> str:
    start = at
    while start and text[start - 1].isalpha():
        start -= 1
    return text[start:at].lower()


def _word_after(text: str, at: int) -> str:
    end = at
    while end < len(text) and text[end].isalpha():
        end += 1
    return text[at:end].lower()


def _label_ends(text: str) -> list[int]:
    """Where a label such as "Arm II", "Group 1A" or "2" at the beginning of a row may end."""
    match = _NUMBERED.match(text)
    if not match:
        return []
    ends = [match.end(), match.start(2) + 1]
    return [
        e for e in ends if e < len(text) and text[e].isalnum() and not (text[e - 1].isdigit() and text[e].isdigit())
    ]


def _joints(text: str, words: frozenset[str]) -> list[int]:
    """The places where two cells may meet: where the letters say so, or where two known words ran together."""
    found: list[int] = []
    numbered = _label_ends(text)
    for at in range(1, len(text)):
        if not _joint(text, at):
            continue
        score = _joint_score(text, at)
        if score >= 0.4 or at in numbered:
            found.append(at)
        elif score > -1 and not (text[at - 1].isdigit() and text[at].isdigit()):
            before, after = _word_before(text, at), _word_after(text, at)
            whole = before + after
            if whole in words and text[at - 1].islower():
                continue
            if (before in words or not before) and (after in words or not after or len(before) > 3):
                found.append(at)
    return found


def _clashes(text: str) -> int:
    """How often a lower-case letter or a closing bracket runs into a capital: cells that were not parted."""
    return len(re.findall(r"[a-z)][A-Z][a-z]", text))


@dataclass(slots=True)
class _Rows:
    """The rows of one table with what is known about its cells."""

    texts: list[str]
    index: MeshIndex
    known: frozenset[str]
    words: frozenset[str]
    joints: list[list[int]]

    def name(self, name: str) -> float:
        """How much a stretch looks like the name of an intervention."""
        phrase = key(name)
        if not phrase or len(name) > _LONGEST_NAME:
            return -6.0
        score = -0.02 * len(name) - 2.0 * _clashes(name)
        if phrase in self.known:
            score += 6.0 + 0.04 * len(name)
        elif self.index.find(name):
            score += 3.0
        elif all(w in self.words for w in re.findall(r"[a-z]{2,}", name.lower())):
            score += 0.8
        if name.count("(") != name.count(")"):
            score -= 3.0
        return score - (2.0 if name[0] in ".,;:)-" or name[-1] in ".,;(-" else 0.0)

    def best(self, first: int, last: int) -> tuple[float, int, int]:
        """For rows ``first`` to ``last`` as one arm: score, end of the arm, length of the description they share."""
        group = self.texts[first : last + 1]
        head = min((_common_prefix(group[0], t) for t in group[1:]), default=len(group[0]) - 1)
        tail = min((_common_prefix(group[0][::-1], t[::-1]) for t in group[1:]), default=len(group[0]) - 1)
        best = (-1e9, 0, 0)
        numbered = _label_ends(group[0])
        for cut in self.joints[first]:
            if cut > min(head, 400):
                break
            label = group[0][:cut]
            base = (
                max(_joint_score(group[0], cut), 1.6 if cut in numbered else -9)
                - 1.5 * _clashes(label)
                - 0.004 * len(label)
            )
            base -= 3.0 * (label.count("(") != label.count(")"))
            for end in [*(j for j in self.joints[first] if j > cut + 1), len(group[0])]:
                if end - cut > _LONGEST_NAME:
                    break
                length = len(group[0]) - end
                if length > tail:
                    continue
                score = base
                if length:
                    start = group[0][end]
                    score += _joint_score(group[0], end) + (0.4 if start.isupper() or start.isdigit() else -0.4)
                    score += 1.0 if group[0][end : end + len(label)] == label else 0.0
                else:
                    score -= 1.0
                for text in group:
                    name = text[cut : len(text) - length]
                    score += self.name(name)
                    if name and key(name) == key(label):
                        score += 2.5
                    elif name and f" {key(name)} " in f" {key(label)} ":
                        score += 1.0
                if len(group) > 1:
                    score -= 0.02 * (tail - length)
                if score > best[0]:
                    best = (score, cut, length)
        return best


def split_arm_rows(
    rows: list[Quote], index: MeshIndex, interventions: list[str], prose: str
) -> list[tuple[Quote, Quote, Quote]]:
    """Arm, intervention and description of each row of an arms table, the last empty where there is none.

    Neighbouring rows of one arm share its label and its description, so they are read together; the grouping with the
    best score wins. ``interventions`` are names known from elsewhere on the page, ``prose`` its other text.
    """
    texts = [row.text for row in rows]
    words = vocabulary(prose, *interventions)
    table = _Rows(
        texts, index, frozenset(key(n) for n in interventions if n), words, [_joints(t, words) for t in texts]
    )
    best: list[tuple[float, int, int, int]] = [(0.0, 0, 0, 0)]
    for last in range(len(rows)):
        options = []
        for first in range(max(0, last - _MOST_ROWS), last + 1):
            if last > first and _common_prefix(texts[first], texts[last]) < 1:
                continue
            score, cut, length = table.best(first, last)
            if cut == 0:
                score, cut, length = -20.0, len(texts[first]), 0
                if last > first:
                    continue
            options.append((best[first][0] + score - 1.5, first, cut, length))
        best.append(max(options, key=lambda o: (o[0], -o[1])))
    result: list[tuple[Quote, Quote, Quote]] = []
    end = len(rows)
    while end:
        _, first, cut, length = best[end]
        for row in reversed(rows[first:end]):
            stop = len(row.text) - length
            result.append(
                (
                    row.part(0, cut).strip(),
                    row.part(min(cut, stop), stop).strip(),
                    row.part(stop, len(row.text)).strip(),
                )
            )
        end = first
    return result[::-1]


def _common_prefix(one: str, other: str) -> int:
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
