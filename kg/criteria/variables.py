"""The quantities of the ontology in text, under the names that criteria give them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from kg import terms
from kg.mesh import Word, key, note_start

_LONGEST = 12


class Named(NamedTuple):
    """A quantity named in a text: its place and the local name of the variable."""

    start: int
    end: int
    variable: str


@cache
def _names() -> dict[str, tuple[str, bool]]:
    """Key of a wording -> variable, and whether the wording counts in capitals only."""
    found: dict[str, tuple[str, bool]] = {}
    for term in terms.scheme("VariableScheme").values():
        for wording in (term.label, *term.synonyms):
            letters = [c for c in wording if c.isalpha()]
            capitals = len(letters) <= 3 and sum(c.isupper() for c in letters) >= len(letters) - 1
            found.setdefault(key(wording), (term.name, capitals))
    return found


@cache
def _starts() -> dict[str, int]:
    """First word of a wording -> the most words that such a wording has."""
    starts: dict[str, int] = {}
    for wording in _names():
        note_start(starts, wording)
    return starts


def find(text: str, words: Sequence[Word]) -> list[Named]:
    """The quantities named in ``text`` (whose words are given), from left to right, the longest at each place."""
    names, starts = _names(), _starts()
    found: list[Named] = []
    position = 0
    while position < len(words):
        reach = min(_LONGEST, starts.get(words[position].stem, 0))
        for end in range(min(len(words), position + reach), position, -1):
            phrase = " ".join([w.stem for w in words[position:end]]) if end > position + 1 else words[position].stem
            hit = names.get(phrase)
            if hit is None:
                continue
            start_at, end_at = words[position].start, words[end - 1].end
            if hit[1] and (not any(c.isupper() for c in text[start_at:end_at]) or _goes_on(text, start_at)):
                continue
            found.append(Named(start_at, end_at, hit[0]))
            position = end
            break
        else:
            position += 1
    return found


def _goes_on(text: str, start: int) -> bool:
    """Whether a short form is the end of a longer one: EF in "IIEF-EF"."""
    return text[start - 1 : start] == "-" and text[start - 2 : start - 1].isupper()
