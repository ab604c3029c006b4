"""Where a text names the interventions of a trial, under any of their names."""

from __future__ import annotations

from typing import NamedTuple

from kg import assets
from kg.mesh import MeshIndex, key, note_start, words
from kg.mesh.linker import link
from kg.record import Intervention

_SURGICAL = ("E04",)
_LONGEST = 10


class Mention(NamedTuple):
    """An intervention named in a text: from ``start`` to ``end``, ``name`` as the record calls it."""

    start: int
    end: int
    name: str


class Mentions:
    """Finds given interventions in text: by their names, other names, MeSH synonyms, and general words for them."""

    def __init__(self, interventions: list[Intervention], index: MeshIndex) -> None:
        self._index = index
        self._keys: dict[str, str] = {}
        self._concepts: dict[str, str] = {}
        self.surgical: set[str] = set()
        self.drugs: set[str] = set()
        general = assets.facts("linking")
        for one in interventions:
            self._add(one)
        operations = [i.name for i in interventions if i.name in self.surgical]
        if len(operations) == 1:
            for phrase in general["surgery"]:
                self._keys.setdefault(key(phrase), operations[0])
        rays = [i.name for i in interventions if i.kind == "Radiation" or "radi" in i.name.lower()]
        if len(rays) == 1:
            for phrase in general["radiation"]:
                self._keys.setdefault(key(phrase), rays[0])
        self._starts: dict[str, int] = {}
        for phrase in self._keys:
            note_start(self._starts, phrase)

    def _add(self, one: Intervention) -> None:
        for name in (one.name, *one.other_names):
            if key(name):
                self._keys.setdefault(key(name), one.name)
        found = link(one.name, one.kind or "Any", self._index)
        if found and found.relation == "exact":
            self._concepts.setdefault(found.identifier, one.name)
            if self._index.in_trees(found.identifier, _SURGICAL):
                self.surgical.add(one.name)
        if one.kind == "Procedure" and any(w.stem in ("surgery", "surgical", "resection") for w in words(one.name)):
            self.surgical.add(one.name)
        if one.kind in ("Drug", "Biological"):
            self.drugs.add(one.name)

    def find(self, text: str) -> list[Mention]:
        """The mentions in a text, from left to right, the longest at each place."""
        found = words(text)
        mentions: list[Mention] = []
        position = 0
        while position < len(found):
            first = found[position].stem
            reach = min(_LONGEST, max(self._starts.get(first, 0), self._index.starts.get(first, 0)))
            for end in range(min(len(found), position + reach), position, -1):
                phrase = " ".join([w.stem for w in found[position:end]])
                name = self._keys.get(phrase)
                if name is None:
                    name = next(
                        (self._concepts[i] for i in self._index.terms.get(phrase, ()) if i in self._concepts), None
                    )
                if name is not None:
                    mentions.append(Mention(found[position].start, found[end - 1].end, name))
                    position = end
                    break
            else:
                position += 1
        return mentions
