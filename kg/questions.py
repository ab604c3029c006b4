"""The questions that Trial KG answers by name: one file each in ``queries/``, with its metadata in ``#+`` comments.

The metadata is YAML in the manner of grlc. A query runs as it stands, with the values of its example: a parameter is a
``VALUES ?name { ... }`` block, whose content is replaced by terms. Values never become query text in another way.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from functools import cache
from typing import Any

import msgspec
import pyoxigraph as ox
import yaml

from kg import assets, iri, terms
from kg.criteria.variables import find as find_variables
from kg.errors import UsageError
from kg.graphs import Answer, Graph
from kg.link import canonical_name
from kg.mesh import MeshIndex, builtin, words
from kg.mesh.linker import link

_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_ALT = "http://www.w3.org/2004/02/skos/core#altLabel"
#: Stands for a name that the graph does not know: it matches nothing, and every engine takes it.
_NOTHING = ox.NamedNode(iri.BASE + "nothing")
_ESCAPED_U = re.compile(r"\\\\([uU])")
_MESH_ID = re.compile(r"(?:mesh:)?([DC]\d{6,9})")


class Parameter(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A parameter: its type (``concept``, ``trial``, ``variable``, ``decimal``, ``string``, ``property``), what it means,
    the value of the example, and whether it may be left out. ``kind`` narrows a concept: condition or intervention."""

    type: str
    description: str
    example: str
    optional: bool = False
    default: str = ""
    kind: str = ""


class Question(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A question: its name, a one-line summary, the question in plain English, its parameters and its SPARQL.

    ``chart`` says how its answer is drawn: the ``kind`` (bars, columns, histogram), and the variables for x, y and series."""

    name: str
    summary: str
    question: str
    tags: list[str] = []
    parameters: dict[str, Parameter] = {}
    chart: dict[str, str] = {}
    sparql: str = ""


def _read(name: str, text: str) -> Question:
    head = "\n".join(line[2:].removeprefix(" ") for line in text.splitlines() if line.startswith("#+"))
    data: Mapping[str, Any] = yaml.safe_load(head)
    try:
        return msgspec.convert({**data, "name": name, "sparql": text}, Question)
    except (msgspec.ValidationError, TypeError) as error:
        raise ValueError(f"queries/{name}.rq: {error}") from error


@cache
def questions() -> dict[str, Question]:
    """All questions by name, sorted."""
    files = sorted(assets.folder("queries").glob("*.rq"))
    return {file.stem: _read(file.stem, file.read_text(encoding="utf-8")) for file in files}


def question(name: str) -> Question:
    """The question with this name. Raises UsageError with the nearest names when there is none."""
    found = questions().get(name)
    if found is None:
        near = get_close_matches(name, questions(), n=3, cutoff=0.4)
        hint = f"the nearest are {', '.join(near)}; " if near else ""
        raise UsageError(f"{name}: there is no question of that name; {hint}trialkg query lists them all")
    return found


def with_example(one: Question) -> str:
    """The question in plain English, with the values of its example."""
    return re.sub(r"\{(\w+)\}", lambda match: one.parameters[match[1]].example, one.question)


def resolve_concept(text: str, graph: Graph, index: MeshIndex, kind: str = "") -> list[ox.NamedNode]:
    """The nodes that a name, a synonym or a MeSH identifier stands for, sorted; [] when nothing is called that."""
    if match := _MESH_ID.fullmatch(text.strip()):
        return [ox.NamedNode(iri.MESH + match[1])]
    found: set[str] = set()
    text = text.encode("utf-8", "replace").decode()
    for one in {"condition": ["Condition"], "intervention": ["OtherIntervention"]}.get(
        kind, ["OtherIntervention", "Condition"]
    ):
        linked = link(text, one, index)
        if linked and linked.relation == "exact":
            found.add(iri.MESH + linked.identifier)
            break
    spellings = sorted({text, canonical_name(text), text.lower(), text.title(), text.upper()})
    literals = " ".join(str(ox.Literal(s)) for s in spellings)
    rows = graph.select(
        f"SELECT DISTINCT ?node WHERE {{ {{ SELECT DISTINCT ?node WHERE {{ VALUES ?words {{ {literals} }}"
        f" {{ ?node <{_LABEL}> ?words }} UNION {{ ?node <{_ALT}> ?words }} }} }} ?node <{iri.TK}isWithin> ?node }}"
    ).rows
    found |= {row[0].value for row in rows if row[0]}
    return [ox.NamedNode(one) for one in sorted(found)]


def resolve_variable(text: str) -> ox.NamedNode:
    """The quantity that a name or abbreviation stands for. Raises UsageError when there is none."""
    name = text.removeprefix("tk:")
    if name not in terms.scheme("VariableScheme"):
        found = find_variables(text, words(text)) or find_variables(text.upper(), words(text))
        if not found:
            raise UsageError(f"{text}: no quantity of that name is known; see ontology/variables.ttl")
        name = found[0].variable
    return ox.NamedNode(iri.TK + name)


def _decimal(text: str) -> ox.Literal:
    try:
        value = Decimal(text.replace(",", ""))
    except InvalidOperation:
        raise UsageError(f"{text}: is not a number") from None
    return ox.Literal(f"{value:f}", datatype=ox.NamedNode("http://www.w3.org/2001/XMLSchema#decimal"))


def _terms(parameter: Parameter, value: str, graph: Graph, index: MeshIndex) -> list[ox.NamedNode | ox.Literal]:
    if parameter.type == "concept":
        return list(resolve_concept(value, graph, index, parameter.kind))
    if parameter.type == "trial":
        identifier = value.strip().replace(" ", "-")
        if not iri.is_trial_identifier(identifier):
            raise UsageError(f"{value}: is not the identifier of a trial")
        return [ox.NamedNode(iri.absolute(iri.trial(identifier)))]
    if parameter.type == "variable":
        return [resolve_variable(value)]
    if parameter.type == "decimal":
        return [_decimal(value)]
    if parameter.type == "property":
        name = {"title": "http://purl.org/dc/terms/title", "identifier": "http://purl.org/dc/terms/identifier"}.get(
            value
        )
        if name is None and not re.fullmatch(r"[A-Za-z]+", value):
            raise UsageError(f"{value}: is not the name of a property, such as overallStatus or enrollment")
        return [ox.NamedNode(name or iri.TK + value)]
    return [ox.Literal(value.encode("utf-8", "replace").decode())]


def _written(value: ox.NamedNode | ox.Literal) -> str:
    """A term as query text that every engine reads alike: some expand ``\\u0041`` before they see that its backslash is escaped."""
    return _ESCAPED_U.sub(lambda m: f"\\\\\\U{ord(m[1]):08X}", str(value))


def _bind(sparql: str, name: str, values: list[ox.NamedNode | ox.Literal] | None) -> str:
    """Put terms in the place of the example's; None takes the block out, so that the variable is free."""
    block = re.compile(rf"VALUES\s+\?{re.escape(name)}\s*\{{[^{{}}]*\}}")
    if not block.search(sparql):
        raise ValueError(f"the query has no VALUES block for ?{name}")
    text = "" if values is None else f"VALUES ?{name} {{ {' '.join(_written(v) for v in values or [_NOTHING])} }}"
    return block.sub(lambda _: text, sparql)


def bind(
    one: Question, values: Mapping[str, str], graph: Graph, index: MeshIndex | None = None
) -> tuple[str, list[str]]:
    """The SPARQL of a question with values for its parameters, and a note for each value that the graph knows nothing of.

    Raises UsageError for a parameter that is unknown, missing or of the wrong form.
    """
    mesh = index or builtin()
    if unknown := sorted(set(values) - set(one.parameters)):
        known = ", ".join(f"--{p}" for p in one.parameters) or "none"
        raise UsageError(f"--{unknown[0]}: the question {one.name} has no such parameter; it has: {known}")
    sparql, notes = one.sparql, []
    for name, parameter in one.parameters.items():
        value = values.get(name) or parameter.default
        if not value:
            if not parameter.optional:
                raise UsageError(
                    f"--{name}: the question {one.name} needs it: {parameter.description} (such as {parameter.example!r})"
                )
            sparql = _bind(sparql, name, None)
            continue
        found = _terms(parameter, value, graph, mesh)
        if not found:
            notes.append(f"nothing in the graph is called {value!r}")
        sparql = _bind(sparql, name, found)
    return sparql, notes


def ask(name: str, graph: Graph, /, index: MeshIndex | None = None, **values: str) -> Answer:
    """The answer to a question: ``ask("combine", graph, a="imatinib", b="surgery")``.

    A concept is given by a name, a synonym or a MeSH identifier and includes everything narrower.
    """
    sparql, _ = bind(question(name), values, graph, index)
    return graph.select(sparql)
