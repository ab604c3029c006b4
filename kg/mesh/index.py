"""An index of MeSH: which concept a phrase names, what lies above it, what a drug does.

Hierarchy follows the tree numbers. MeSH's broaderDescriptor, walked transitively, leaks from tree to tree, because a
descriptor may stand in several.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from typing import NamedTuple

import msgspec

from kg import assets

_WORD = re.compile(r"[a-z0-9]+(?:\+(?=\W|$))?")
_POSSESSIVE = re.compile(r"['’]s\b")
_LOCAL_NUMBER = re.compile(r"\.\d+$")


class Word(NamedTuple):
    """A word of a text made alike (``tumor`` for "Tumours"), and where it stands in that text."""

    stem: str
    start: int
    end: int


@cache
def _spelling() -> tuple[re.Pattern[str], dict[str, str]]:
    parts: dict[str, str] = assets.facts("spelling")["parts"]
    longest_first = sorted(parts, key=lambda p: (-len(p), p))
    return re.compile("|".join(map(re.escape, longest_first))), parts


@lru_cache(maxsize=16_384)
def stem(word: str) -> str:
    """A lower-case word with its spelling made American and its plural made singular."""
    pattern, parts = _spelling()
    word = pattern.sub(lambda m: parts[m.group()], word)
    if len(word) > 3 and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        if word.endswith("ies") and len(word) > 4:
            return word[:-3] + "y"
        if word.endswith(("ches", "shes", "xes", "sses")):
            return word[:-2]
        return word[:-1]
    return word


@lru_cache(maxsize=8)  # several readers ask for the words of one statement, one after the other
def words(text: str) -> tuple[Word, ...]:
    """The words of ``text``, each made alike, with its place. Punctuation and possessives are left out."""
    lowered = text.lower()
    if len(lowered) != len(text):  # a letter whose lower case is longer (İ): keep the places true
        lowered = "".join(c.lower() if len(c.lower()) == 1 else c for c in text)
    lowered = _POSSESSIVE.sub(lambda m: " " * len(m.group()), lowered)
    return tuple([Word(stem(m.group()), m.start(), m.end()) for m in _WORD.finditer(lowered)])


def key(text: str) -> str:
    """What is left of a phrase when case, punctuation, spelling and plural no longer count."""
    return " ".join(w.stem for w in words(text))


def note_start(starts: dict[str, int], phrase: str) -> None:
    """Keep in ``starts`` (first word -> the most words that a phrase beginning with it has) that there is this phrase."""
    first, count = phrase.split(" ", 1)[0], phrase.count(" ") + 1
    starts[first] = max(count, starts.get(first, 0))


class MeshIndex(msgspec.Struct, kw_only=True):
    """Descriptors (D...) and supplementary records (C...) by identifier and by term.

    ``terms``: :func:`key` of a term -> identifiers, those first of whom it is the preferred label. ``acronyms``: keys
    that count only when written in capitals. ``starts``: first word of a term -> the most words that such a term has. ``actions``: drug -> descriptors of what it does. ``mapped``:
    supplementary record -> the descriptors that it is filed under.
    """

    version: str
    labels: dict[str, str] = {}
    trees: dict[str, list[str]] = {}
    actions: dict[str, list[str]] = {}
    mapped: dict[str, list[str]] = {}
    terms: dict[str, list[str]] = {}
    acronyms: set[str] = set()
    by_tree: dict[str, str] = {}
    starts: dict[str, int] = {}

    def add(self, identifier: str, label: str, synonyms: Iterable[str] = (), trees: Iterable[str] = ()) -> None:
        """Add one concept with its terms and tree numbers."""
        self.labels[identifier] = label
        if numbers := sorted(trees):
            self.trees[identifier] = numbers
            for number in numbers:
                self.by_tree[number] = identifier
        for position, term in enumerate((label, *synonyms)):
            term_key = key(term)
            if not term_key:
                continue
            note_start(self.starts, term_key)
            owners = self.terms.get(term_key)
            capitals = term.isupper() and len(term) <= 6 and term.isalnum()
            if owners is None:
                self.terms[term_key] = [identifier]
                if capitals:
                    self.acronyms.add(term_key)
            else:
                if not capitals:
                    self.acronyms.discard(term_key)
                if identifier not in owners:
                    owners.insert(0, identifier) if position == 0 else owners.append(identifier)

    def find(self, phrase: str) -> list[str]:
        """Identifiers of the concepts that ``phrase`` is a term of, preferred labels first; [] when there are none."""
        phrase_key = key(phrase)
        if phrase_key in self.acronyms and not phrase.strip().isupper():
            return []
        return self.terms.get(phrase_key, [])

    def mentions(self, text: str, longest: int = 8) -> Iterator[tuple[int, int, list[str]]]:
        """The terms of MeSH in a text, from left to right, the longest at each place: (start, end, identifiers)."""
        found = words(text)
        position = 0
        while position < len(found):
            reach = min(longest, self.starts.get(found[position].stem, 0))
            for end in range(min(len(found), position + reach), position, -1):
                phrase = " ".join([w.stem for w in found[position:end]])
                owners = self.terms.get(phrase)
                start_at, end_at = found[position].start, found[end - 1].end
                if owners and (phrase not in self.acronyms or text[start_at:end_at].isupper()):
                    yield start_at, end_at, owners
                    position = end
                    break
            else:
                position += 1

    def ancestors(self, identifier: str) -> list[str]:
        """The descriptors above this one by tree number, itself left out, sorted."""
        above: set[str] = set()
        for number in self.trees.get(identifier, ()):
            while "." in number:
                number = _LOCAL_NUMBER.sub("", number)
                if parent := self.by_tree.get(number):
                    above.add(parent)
        above.discard(identifier)
        return sorted(above)

    def way(self, number: str) -> list[str]:
        """The descriptors from the top of MeSH down to a tree number."""
        steps = number.split(".")
        numbers = (".".join(steps[: n + 1]) for n in range(len(steps)))
        return [self.by_tree[one] for one in numbers if one in self.by_tree]

    def parents(self, identifier: str) -> list[str]:
        """The descriptors directly above this one by tree number, sorted."""
        numbers = (_LOCAL_NUMBER.sub("", n) for n in self.trees.get(identifier, ()) if "." in n)
        return sorted({p for n in numbers if (p := self.by_tree.get(n)) and p != identifier})

    def closure(self, identifier: str) -> list[str]:
        """The concept itself, all above it, where it is filed, and what it does with all above that; sorted."""
        start = [identifier, *self.mapped.get(identifier, ())]
        start += [action for one in list(start) for action in self.actions.get(one, ())]
        return sorted({above for one in start for above in (one, *self.ancestors(one))})

    def in_trees(self, identifier: str, prefixes: tuple[str, ...]) -> bool:
        """Whether the concept (or what it is filed under) stands in a tree that starts with one of the prefixes."""
        own = self.trees.get(identifier)
        numbers = own or [n for one in self.mapped.get(identifier, ()) for n in self.trees.get(one, ())]
        return any(n.startswith(prefixes) for n in numbers)


@cache
def builtin() -> MeshIndex:
    """The small slice of MeSH that is part of the package (``ontology/mesh-slice.tsv``)."""
    index = MeshIndex(version="")
    with (assets.folder("ontology") / "mesh-slice.tsv").open(encoding="utf-8") as file:
        for line in file:
            if line.startswith("#"):
                if "version:" in line:
                    index.version = line.split("version:")[1].strip()
                continue
            identifier, label, trees, actions, mapped, synonyms = line.rstrip("\n").split("\t")
            index.add(identifier, label, filter(None, synonyms.split("|")), filter(None, trees.split(" ")))
            if actions:
                index.actions[identifier] = actions.split(" ")
            if mapped:
                index.mapped[identifier] = mapped.split(" ")
    return with_own_terms(index)


def with_own_terms(index: MeshIndex) -> MeshIndex:
    """The index with the wordings of ``ontology/mesh-synonyms.tsv`` put before MeSH's own terms."""
    with (assets.folder("ontology") / "mesh-synonyms.tsv").open(encoding="utf-8") as file:
        for line in file:
            if line.startswith("#") or not line.strip():
                continue
            identifier, terms = line.rstrip("\n").split("\t")
            if identifier not in index.labels:
                continue
            for term in terms.split("|"):
                note_start(index.starts, key(term))
                owners = index.terms.setdefault(key(term), [])
                if identifier in owners:
                    owners.remove(identifier)
                owners.insert(0, identifier)
    return index
