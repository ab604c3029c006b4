"""Every regular expression of the package, one by one: text made to keep it busy takes time in proportion to its length.

The expressions are those that come into being while documents are read, whatever file or table they come from, each with the ways in
which it is asked. The texts are made from the expression itself: what it repeats, what stands before that, and matches that break off
just before their end.
"""

from __future__ import annotations

import json
import os
import random
import re
import re._constants as token
import re._parser as grammar
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from tests_support import EXAMPLES, ROOT

LONG = bool(os.environ.get("TRIALKG_LONG"))
#: Texts for each expression.
_TEXTS = 120 if LONG else 14
_LENGTHS = (25, 100, 6_000, 50_000) if LONG else (25, 100, 6_000)
#: Seconds for each character, and what any call may take on a busy machine.
_EACH, _ANY = 4e-6, 0.02

_CHILD = """
import importlib, json, pkgutil, re, sys
real, used = re._compile, {}

class Noted:
    def __init__(self, pattern):
        self.__dict__["pattern_"] = pattern
        bytes_ = isinstance(pattern.pattern, bytes)
        text = pattern.pattern.decode("latin-1") if bytes_ else pattern.pattern
        self.__dict__["ways"] = used.setdefault((text, pattern.flags, bytes_), set())
    def __getattr__(self, name):
        self.ways.add(name)
        return getattr(self.pattern_, name)
    def __hash__(self):
        return hash(self.pattern_)

def noting(pattern, flags):
    if isinstance(pattern, Noted):
        return pattern
    frame = sys._getframe(1)
    while frame and frame.f_code.co_filename == re.__file__:
        frame = frame.f_back
    made = real(pattern, flags)
    return Noted(made) if frame.f_globals.get("__name__", "").split(".")[0] == "kg" else made

re._compile = noting
import kg
for module in pkgutil.walk_packages(kg.__path__, "kg."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
from pathlib import Path
from kg.build import build
from kg.eligibility import Eligibility
from kg.english import understand
from kg.graphs import open_graph
from kg.mesh import builtin
from kg.criteria.text import read_text
from kg.patient import load
read_text(Path("tests/oncology/criteria.tsv").read_text(), builtin())
read_text("Aged 1 to < 6 years; pain of 6/10 or more (scale 0-10); fever > 38C; bilirubin < 2x; urine protein > 1 on 2 occasions", builtin())
*documents, patients, out = sys.argv[1:]
build(documents, out, results=True)
graph = open_graph([out])
understand("which trials combine imatinib with surgery?", graph, builtin())
for patient in sorted(Path(patients).iterdir()):
    Eligibility(graph, builtin()).match(load(patient))
print(json.dumps([[*key, sorted(ways)] for key, ways in sorted(used.items())]))
"""


class Expression(NamedTuple):
    """A regular expression of the package and the ways in which it was asked."""

    text: str
    flags: int
    binary: bool
    ways: tuple[str, ...]


@pytest.fixture(scope="module")
def expressions(tmp_path_factory: pytest.TempPathFactory) -> list[Expression]:
    out = str(tmp_path_factory.mktemp("patterns") / "out.nq")
    given = [EXAMPLES, ROOT / "tests" / "sites", ROOT / "tests" / "patients", out]
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, *map(str, given)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    return [Expression(text, flags, binary, tuple(ways)) for text, flags, binary, ways in json.loads(done.stdout)]


# Texts from an expression ---------------------------------------------------------------------------------------------

_SAMPLE = {
    token.CATEGORY_DIGIT: "1",
    token.CATEGORY_SPACE: " ",
    token.CATEGORY_WORD: "a",
    token.CATEGORY_NOT_DIGIT: "a",
    token.CATEGORY_NOT_SPACE: "a",
    token.CATEGORY_NOT_WORD: " ",
}
_MANY = 8  # what may stand more often than this is worth repeating


class _Sampler:
    """Random texts that an expression matches, and what it repeats with what stands before."""

    def __init__(self, random_: random.Random) -> None:
        self._random = random_
        self._groups: dict[int | None, str] = {}
        self.repeated: list[tuple[str, str]] = []

    def text(self, tree: Any) -> str:
        parts: list[str] = []
        for kind, value in tree:
            parts.append(self._part(kind, value, "".join(parts)))
        return "".join(parts)

    def _part(self, kind: Any, value: Any, before: str) -> str:
        if kind is token.LITERAL:
            return chr(value)
        if kind is token.NOT_LITERAL:
            return "b" if value == ord("a") else "a"
        if kind is token.ANY:
            return self._random.choice("a 1")
        if kind is token.IN:
            return self._one_of(value)
        if kind is token.BRANCH:
            return self.text(self._random.choice(value[1]))
        if kind is token.SUBPATTERN:
            return self._groups.setdefault(value[0], self.text(value[3])) if value[0] else self.text(value[3])
        if kind is token.ATOMIC_GROUP:
            return self.text(value)
        if kind is token.GROUPREF:
            return self._groups.get(value, "")
        if kind in (token.MAX_REPEAT, token.MIN_REPEAT, token.POSSESSIVE_REPEAT):
            least, most, body = value
            if most > _MANY and (unit := self.text(body)):
                self.repeated.append((before, unit))
            count = self._random.choice([least, min(most, least + 1), min(most, least + 2)])
            return "".join(self.text(body) for _ in range(min(count, 40)))
        return ""

    def _one_of(self, members: Any) -> str:
        if members[0][0] is token.NEGATE:
            allowed = [c for c in "a1 .,(-A\n;:x~" if not _holds(members, c)]
            return self._random.choice(allowed or ["~"])
        kind, value = self._random.choice(members)
        if kind is token.LITERAL:
            return chr(value)
        if kind is token.RANGE:
            return chr(self._random.choice(value))
        return _SAMPLE[value]


def _holds(members: Any, character: str) -> bool:
    code = ord(character)
    for kind, value in members[1:]:
        if kind is token.LITERAL and value == code:
            return True
        if kind is token.RANGE and value[0] <= code <= value[1]:
            return True
        if kind is token.CATEGORY and bool(re.match(_CLASS[value], character)):
            return True
    return False


_CLASS = {
    token.CATEGORY_DIGIT: r"\d",
    token.CATEGORY_SPACE: r"\s",
    token.CATEGORY_WORD: r"\w",
    token.CATEGORY_NOT_DIGIT: r"\D",
    token.CATEGORY_NOT_SPACE: r"\S",
    token.CATEGORY_NOT_WORD: r"\W",
}


def _busy(one: Expression) -> list[tuple[str, str]]:
    """What to begin with and what to repeat, chosen the same way each time."""
    chance = random.Random(one.text)
    tree = grammar.parse(one.text.encode("latin-1") if one.binary else one.text, one.flags & ~re.DEBUG)
    found: set[tuple[str, str]] = {("", c) for c in " a1\n-.,(<\t"}
    for _ in range(25):
        sampler = _Sampler(chance)
        whole = sampler.text(tree)
        found |= {("", whole[:-n] if n else whole) for n in range(min(len(whole), 8))}
        for before, unit in sampler.repeated:
            found |= {("", unit), (before, unit), ("", before + unit)}
        if sampler.repeated:
            (before, first), (_, second) = chance.choice(sampler.repeated), chance.choice(sampler.repeated)
            found |= {("", first + second), (before, first + second)}
    listed = sorted(pair for pair in found if pair[1])
    chance.shuffle(listed)
    return listed[:_TEXTS]


def _calls(one: Expression) -> Iterator[Callable[[Any], object]]:
    """The ways in which an expression is asked; all of a text where it is searched."""
    pattern: re.Pattern[Any] = re.compile(one.text.encode("latin-1") if one.binary else one.text, one.flags)
    anchored = [name for name in ("match", "fullmatch") if name in one.ways]
    yield from (getattr(pattern, name) for name in anchored)
    if not anchored or {"search", "finditer", "findall", "sub", "subn", "split"} & set(one.ways):
        yield lambda text: sum(1 for _ in pattern.finditer(text))


def slowest(one: Expression) -> tuple[float, str]:
    """How far over its time an expression is, and on what; nothing over is 0."""
    for call in _calls(one):
        for before, unit in _busy(one):
            for end in ("", "\x01"):
                for length in _LENGTHS:
                    text = before + unit * (length // len(unit) + 1) + end
                    given = text.encode("utf-8", "replace") if one.binary else text
                    begun = time.process_time()
                    call(given)
                    spent = time.process_time() - begun
                    if spent > _ANY + _EACH * len(text):
                        return (
                            spent,
                            f"{one.text[:80]!r} on {before[:20]!r} + {unit[:40]!r} * {length // len(unit)}: {spent:.2f} s",
                        )
    return 0.0, ""


def test_every_expression_takes_time_in_proportion(expressions: list[Expression]) -> None:
    assert len(expressions) > 400
    slow = [said for one in expressions if (said := slowest(one)[1])]
    assert not slow, "\n".join(slow)


@pytest.mark.parametrize("pattern", [r"(?:day|days?)+$", r"\s*,?\s*\(?\s*(x)", r"(?:a+)+b", r"\s+$"])
def test_what_is_slow_is_found(pattern: str) -> None:
    """The texts are good enough to find expressions that take time with the square of the length, or worse."""
    found = Expression(pattern, re.compile(pattern).flags, False, ("search",))
    assert any(slowest(found._replace(ways=(way,)))[0] for way in ("search", "match"))
