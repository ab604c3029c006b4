"""Questions in plain English: which of the questions by name is meant, and the values of its parameters. Nothing is sent anywhere.

What a text names is found first: interventions and conditions by MeSH and by the names in the graph, quantities and numbers by the
grammar of eligibility, trials by their identifiers, countries. Then the patterns of ``kg/facts/phrases.toml`` tell the question. Where
two readings are close the caller is asked back; where none fits, that is said.
"""

from __future__ import annotations

import datetime
import re
from functools import cache
from typing import Any, NamedTuple

import msgspec

from kg import assets, terms, wording
from kg.criteria import quantities
from kg.criteria.variables import find as find_variables
from kg.document import Quote
from kg.errors import UsageError
from kg.graphs import Graph
from kg.language import unit
from kg.language.duration import DAYS
from kg.mesh import MeshIndex, words
from kg.questions import Question, questions, resolve_concept, with_example
from kg.read import identifier

_TIME = {"a": "y", "mo": "mo", "wk": "w", "d": "d", "h": "h", "min": "mi"}
_CLASSES = {"i": "intervention", "c": "condition"}
#: Readings that are nearer to each other than this are asked back; less than the least is none.
_CLOSE = 0.6
_LEAST = 1.2
#: From this likeness to a known wording on a question is considered without a pattern; and what likeness counts beside patterns.
_ALIKE = 0.2
_TRUST = 4.0
#: What a word counts that speaks for another question.
_UNLESS = 2.0
#: A text without a word of the field is about it when it is worded like a question of ours.
_DOMAIN = 0.5


class Mention(NamedTuple):
    """Something that a text names: ``i`` intervention, ``c`` condition, ``v`` quantity, ``n`` number, ``y`` years, ``d`` days, ``t`` trial, ``where``."""

    start: int
    end: int
    kind: str
    value: str


class Reading(msgspec.Struct, kw_only=True):
    """How a text was understood: the question, the values of its parameters, and how well it fits."""

    question: str
    parameters: dict[str, str]
    score: float

    def line(self) -> str:
        """The question as one would ask it by name."""
        given = "".join(f" --{name} {_quoted(value)}" for name, value in self.parameters.items())
        return f"{self.question}{given}"


@cache
def _listed(name: str) -> frozenset[str]:
    """A list of words of ``kg/facts/phrases.toml``."""
    return frozenset(assets.facts("phrases")[name])


def _quoted(value: str) -> str:
    return value if re.fullmatch(r"[\w.,-]+", value) else f'"{value}"'


@cache
def _patterns() -> dict[str, dict[str, Any]]:
    facts = assets.facts("phrases")
    return {
        name: {
            "needs": entry["needs"],
            "last": bool(entry.get("last")),
            "weight": float(entry.get("weight", 3)),
            "patterns": [re.compile(p) for p in entry["patterns"]],
            "weak": [re.compile(p) for p in entry.get("weak", ())],
            "unless": [re.compile(p) for p in entry.get("unless", ())],
            "capture": re.compile(entry["capture"]) if "capture" in entry else None,
        }
        for name, entry in facts.items()
        if isinstance(entry, dict) and "patterns" in entry
    }


@cache
def _countries() -> tuple[re.Pattern[str], dict[str, str]]:
    facts = assets.facts("phrases")
    known = {name.lower(): name for name in facts["countries"]} | dict(facts["also_countries"])
    ordered = sorted(known, key=lambda n: (-len(n), n))
    return re.compile(rf"(?<![a-z])(?:{'|'.join(map(re.escape, ordered))})(?![a-z])"), known


def mentions(text: str, graph: Graph, index: MeshIndex) -> list[Mention]:
    """What a text names, from left to right, nothing twice."""
    found: list[Mention] = []

    def add(one: Mention) -> None:
        if all(one.end <= other.start or one.start >= other.end for other in found):
            found.append(one)

    for name, quote in identifier.find(Quote(0, len(text), text)):
        add(Mention(quote.start, quote.end, "t", name))
    pattern, known = _countries()
    for match in pattern.finditer(text.lower()):
        if match.group() != "us" or text[match.start() : match.end()].isupper():
            add(Mention(match.start(), match.end(), "where", known[match.group()]))
    amounts = quantities.find(text)
    named = [v for v in find_variables(text, words(text)) if v.variable != "Age"]
    named = [v for v in named if terms.scheme("VariableScheme")[v.variable].unit != "{count}"]
    for variable in named:
        if any(abs(q.at - variable.end) < 40 for q in amounts) or not index.find(text[variable.start : variable.end]):
            add(Mention(variable.start, variable.end, "v", text[variable.start : variable.end]))
    for start, end, owners in index.mentions(text):
        kind = _kind(owners, index)
        if kind:
            start = _longer(text, start, end, kind, graph, index)
            add(Mention(start, end, kind, text[start:end]))
    for variable in named:
        add(Mention(variable.start, variable.end, "v", text[variable.start : variable.end]))
    for amount in amounts:
        if not amount.spelled or amount.unit:
            kind = "y" if amount.unit == "a" else "d" if amount.unit in _TIME else "n"
            add(Mention(amount.at, amount.end, kind, _number(amount, named)))
    if not any(one.kind in "ic" for one in found):
        for one in _by_name(text, graph, index):
            add(one)
    return sorted(found)


def _longer(text: str, start: int, end: int, kind: str, graph: Graph, index: MeshIndex) -> int:
    """Where the name begins when the graph has a longer one that ends alike: liver metastases."""
    before = words(text[:start])
    if not before or before[-1].stem in _listed("little") or text[before[-1].end : start].strip():
        return start
    known = _in_graph(text[before[-1].start : end], _CLASSES[kind], graph, index)
    return before[-1].start if known else start


def _in_graph(phrase: str, name: str, graph: Graph, index: MeshIndex) -> bool:
    """Whether the graph has a node of the class that is called so."""
    return any(f"/{name}/" in str(node.value) for node in resolve_concept(phrase, graph, index, name))


def _kind(owners: list[str], index: MeshIndex) -> str:
    for one in owners:
        if one in _listed("general"):
            return ""
    for one in owners:
        if index.in_trees(one, ("C", "F03")):
            return "c"
        if index.in_trees(one, ("D", "E02", "E03", "E04")):
            return "i"
    return ""


def _number(amount: quantities.Quantity, named: list[Any]) -> str:
    """A number as the questions take it: in the canonical unit of the quantity before it, a time in days, an age in years."""
    before = [v for v in named if v.end <= amount.at]
    term = terms.scheme("VariableScheme").get(before[-1].variable) if before else None
    if (
        amount.unit
        and term
        and (value := unit.convert(amount.value, amount.unit, term.unit, term.molar_mass)) is not None
    ):
        return f"{value:f}"
    if amount.unit in _TIME and amount.unit != "a":
        return f"{float(amount.value) * DAYS[_TIME[amount.unit]]:g}"
    return f"{amount.value:f}"


def _by_name(text: str, graph: Graph, index: MeshIndex) -> list[Mention]:
    """Names that the graph has and MeSH has not, the longest first."""
    found = words(text)
    useful = [w for w in found if w.stem not in _listed("little") and len(w.stem) > 2]
    tried = 0
    for size in (3, 2, 1):
        for n in range(len(found) - size + 1):
            span = found[n : n + size]
            if span[0] not in useful or span[-1] not in useful or tried > 24:
                continue
            tried += 1
            phrase = text[span[0].start : span[-1].end]
            for letter, name in _CLASSES.items():
                if _in_graph(phrase, name, graph, index):
                    return [Mention(span[0].start, span[-1].end, letter, phrase)]
    return []


def with_marks(text: str, found: list[Mention]) -> str:
    """A text in lower case with a mark such as ``<i>`` for each thing that it names."""
    parts, position = [], 0
    for one in found:
        parts += [text[position : one.start], f"<{one.kind}>"]
        position = one.end
    return " ".join("".join([*parts, text[position:]]).lower().split())


def readings(text: str, graph: Graph, index: MeshIndex) -> list[Reading]:
    """All questions that a text may be, the best first."""
    found = mentions(text, graph, index)
    plain, marked = " ".join(text.lower().split()), with_marks(text, found)
    alike = wording.likeness(marked)
    is_ours = found or re.search(assets.facts("phrases")["domain"], plain)
    if not is_ours and max(alike.values(), default=0.0) < _DOMAIN:
        return []
    every = [_reading(name, how, text, found, marked, alike.get(name, 0.0)) for name, how in _patterns().items()]
    made = [one for one in every if one is not None and one.score >= _LEAST] or _plain(text, found)
    return sorted(made, key=lambda r: (-r.score, r.question))


def _plain(text: str, found: list[Mention]) -> list[Reading]:
    """What a text asks that says little more than the names of a drug, a disease or a trial."""
    names = {"t": "trial", "c": "condition", "i": "drug", "ic": "class-in-condition"}
    name = names.get("".join(sorted((one.kind for one in found), key="icvndyt".find)), "")
    covered = [range(one.start, one.end) for one in found]
    rest = [w for w in words(text) if w.stem not in _listed("little") and not any(w.start in span for span in covered)]
    if not name or len(rest) > 1:
        return []
    by_kind = {one.kind: [one] for one in found}
    return [Reading(question=name, parameters=_filled(questions()[name], by_kind, text)[0], score=_LEAST)]


def _reading(
    name: str, how: dict[str, Any], text: str, found: list[Mention], marked: str, alike: float
) -> Reading | None:
    question = questions()[name]
    plain, numbered = " ".join(text.lower().split()), marked.replace("<y>", "<n>")
    hits = sum(1 for p in how["patterns"] if any(p.search(t) for t in (marked, numbered, plain)))
    weak = any(p.search(marked) for p in how["weak"])
    if not hits and not weak and alike < _ALIKE:
        return None
    by_kind: dict[str, list[Mention]] = {}
    said: set[tuple[str, str]] = set()
    again: list[Mention] = []
    for one in found:
        if (one.kind, one.value.lower()) in said:
            again.append(one)
            continue
        said.add((one.kind, one.value.lower()))
        by_kind.setdefault("n" if one.kind == "y" else one.kind, []).append(one)
    if any(len(by_kind.get(kind, [])) < how["needs"].count(kind) for kind in set(how["needs"])):
        return None
    score = (how["weight"] if hits else 1.0 if weak else 0.0) + 0.4 * min(2, max(0, hits - 1)) + _TRUST * alike
    if any(p.search(plain) for p in how["unless"]):
        score -= _UNLESS
    if how["last"]:
        by_kind = {kind: listed[::-1] for kind, listed in by_kind.items()}
    parameters, used = _filled(question, by_kind, text)
    if how["capture"]:
        match = how["capture"].search(plain)
        words_ = next((g for g in match.groups() if g), "") if match else ""
        if not words_:
            return None
        parameters["words"] = words_.strip(" .?!\"'")
        used = list(found)
    for one in found:
        if one not in used and one not in again and one.value.lower() not in _listed("courses") | _listed("controls"):
            score -= 0.8 if one.kind == "n" else 1.2
    return Reading(question=name, parameters=parameters, score=round(score, 2))


def _filled(question: Question, by_kind: dict[str, list[Mention]], text: str) -> tuple[dict[str, str], list[Mention]]:
    """The parameters of a question from what was found, in the order of the text."""
    waiting = {kind: list(listed) for kind, listed in by_kind.items()}
    parameters: dict[str, str] = {}
    used: list[Mention] = []
    for name, parameter in question.parameters.items():
        kind = {"variable": "v", "decimal": "n", "trial": "t"}.get(parameter.type, "")
        if name == "days":
            kind = "d"
        elif parameter.type == "concept":
            kind = "c" if parameter.kind == "condition" else "i"
        elif name == "country":
            kind = "where"
        elif name == "city" and (match := re.search(r"\bin ([A-Z][\w-]+(?: [A-Z][\w-]+)?),? ", text)):
            if all(match[1] != one.value for one in by_kind.get("where", ())):
                parameters[name] = match[1]
            continue
        elif name == "day":
            parameters[name] = datetime.date.today().isoformat()
            continue
        if name == "procedure":
            waiting["i"] = [one for one in waiting.get("i", []) if one.value.lower() not in _listed("courses")]
        if kind and waiting.get(kind):
            one = waiting[kind].pop(0)
            parameters[name] = one.value
            used.append(one)
    return parameters, used


def understand(text: str, graph: Graph, index: MeshIndex) -> Reading:
    """The question that a text asks. Raises UsageError, which says what can be asked, when none fits or two fit alike."""
    if len(text) > 1000:
        raise UsageError("the question is too long; ask in one sentence")
    found = readings(text, graph, index)
    if not found:
        raise UsageError(f"not understood: {text.strip()[:80]!r}; {_can_be_asked(text)}")
    close = [one for one in found if found[0].score - one.score < _CLOSE]
    if len(close) > 1:
        lines = " or ".join(f"trialkg query {one.line()}" for one in close[:3])
        raise UsageError(f"this can be read in {len(close)} ways; say more, or ask one of: {lines}")
    return found[0]


def _can_be_asked(text: str) -> str:
    """A hint: the questions that share most words with the text."""
    asked = {w.stem for w in words(text)} - _listed("little")

    def shared(one: Question) -> int:
        return len(asked & {w.stem for w in words(f"{one.question} {one.summary} {one.name}")})

    best = sorted(questions().values(), key=lambda one: (-shared(one), one.name))[:3]
    examples = "; ".join(with_example(one) for one in best)
    return f"what can be asked, for example: {examples} (trialkg query lists all)"
