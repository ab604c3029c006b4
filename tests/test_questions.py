"""The questions: each with a known answer on the examples, the same by every engine, and safe against injection."""

from __future__ import annotations

from pathlib import Path

import pyoxigraph as ox
import pytest
import rdflib.plugins.sparql
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.errors import UsageError
from kg.graphs import OxigraphGraph, RdflibGraph
from kg.iri import BASE
from kg.mesh import builtin
from kg.questions import ask, bind, question, questions, resolve_concept

T = BASE + "trial/"


def rows(graph: object, name: str, /, *columns: str, **values: str) -> list[tuple[str, ...]]:
    answer = ask(name, graph, **values)  # type: ignore[arg-type]
    places = [answer.variables.index(c) for c in columns]
    short = [[(t.value.removeprefix(T).rsplit("#", 1)[-1] if t else "") for t in row] for row in answer.rows]
    return [tuple(row[p] for p in places) for row in short]


ANSWERS = [
    ("condition", {"condition": "GIST"}, ("trial",), 9),
    ("condition", {"condition": "sarcoma"}, ("trial",), [("EORTC-62063",)]),
    ("condition", {"condition": "digestive system neoplasms"}, ("trial",), 9),
    ("condition", {"condition": "melanoma"}, ("trial",), []),
    ("drug", {"drug": "STI-571"}, ("trial",), 9),
    ("drug", {"drug": "sunitinib"}, ("trial", "intervention"), [("NCT03862768", "Sunitinib")]),
    ("drug", {"drug": "protein kinase inhibitors"}, ("trial", "intervention"), 10),
    ("combine", {"a": "imatinib", "b": "surgery"}, ("trial", "inferred"),
     [("EORTC-62063", "true"), ("NCT00028002", ""), ("NCT01267695", "true"), ("NCT03862768", "")]),
    ("combine", {"a": "surgery", "b": "D000068877"}, ("trial",), [("EORTC-62063",), ("NCT00028002",), ("NCT01267695",), ("NCT03862768",)]),
    ("combine", {"a": "imatinib", "b": "sunitinib"}, ("trial",), []),
    ("combine", {"a": "imatinib", "b": "General Surgery"}, ("trial",), []),
    ("add-on", {"b": "surgery"}, ("trial", "with", "without"), [("EORTC-62063", "Imatinib and surgery", "Imatinib")]),
    ("compare", {"a": "imatinib", "b": "placebo"}, ("trial", "armA", "armB"), [("NCT00041197", "Imatinib", "Placebo")]),
    ("compare", {"a": "imatinib", "b": "sunitinib"}, ("trial",), [("NCT03862768",)]),
    ("monotherapy", {"a": "imatinib"}, ("trial", "arm"),
     [("EORTC-62063", "Imatinib"), ("NCT00009906", "Higher dose"), ("NCT00009906", "Lower dose"), ("NCT00041197", "Imatinib"),
      ("NCT00116935", "12 months"), ("NCT00116935", "36 months"), ("NCT00764595", "imatinib mesylate"), ("NCT02260505", "First arm"),
      ("NCT02260505", "Second arm")]),
    ("choice", {}, ("trial", "choice", "dose", "unit"),
     [("NCT03862768", "Imatinib Mesylate", "600", "mg/d"), ("NCT03862768", "Sunitinib", "37.5", "mg/d")]),
    ("forbids", {"therapy": "surgery"}, ("trial",), [("NCT00764595",)]),
    ("forbids", {"therapy": "warfarin"}, ("trial",), [("NCT00028002",), ("NCT01267695",)]),
    ("sequence", {"drug": "imatinib"}, ("trial", "position"),
     [("EORTC-62063", "not stated"), ("NCT00028002", "before and after"), ("NCT01267695", "before and after"), ("NCT03862768", "before and after")]),
    ("dosing", {"drug": "imatinib"}, ("trial", "days"), 17),
    ("dosing", {"drug": "sunitinib"}, ("trial", "dose", "unit"), [("NCT03862768", "37.5", "mg/d")]),
    ("accepts", {"variable": "ECOG", "value": "2"}, ("trial", "answer"),
     [("NCT00764595", "no"), ("NCT03862768", "no"), ("EORTC-62063", "not stated"), ("NCT02260505", "not stated"), ("NCT00009906", "yes"),
      ("NCT00028002", "yes"), ("NCT00041197", "yes"), ("NCT00116935", "yes"), ("NCT01267695", "yes")]),
    ("accepts", {"variable": "platelets", "value": "90,000"}, ("trial", "answer"),
     [("NCT00009906", "no"), ("NCT00028002", "no"), ("NCT00116935", "no"), ("NCT01267695", "no"), ("EORTC-62063", "not stated"),
      ("NCT00041197", "not stated"), ("NCT02260505", "not stated"), ("NCT03862768", "not stated"), ("NCT00764595", "yes")]),
    ("accepts", {"variable": "NYHA class", "value": "3"}, ("trial", "answer"), 9),
    ("prior-therapy", {"therapy": "imatinib"}, ("trial", "stance", "days"),
     [("NCT00028002", "forbidden", ""), ("NCT00041197", "forbidden", ""), ("NCT00764595", "forbidden", ""), ("NCT01267695", "allowed after a gap", "28")]),
    ("failed-recruitment", {}, ("trial", "status"), [("EORTC-62063", "Terminated")]),
    ("evidence", {"trial": "NCT01267695", "property": "enrollment"}, ("quote", "source"), [("20 participants", "perioperative.txt")]),
    ("trial", {"trial": "EORTC 62063"}, ("part", "property"), 40),
    ("summary", {}, ("class", "count"), 17),
    ("disagreements", {}, ("trial",), []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "values", "columns", "expected"), ANSWERS, ids=lambda v: str(v)[:40])
def test_known_answer(
    examples: OxigraphGraph,
    name: str,
    values: dict[str, str],
    columns: tuple[str, ...],
    expected: int | list[tuple[str, ...]],
) -> None:
    found = rows(examples, name, *columns, **values)
    if isinstance(expected, int):
        assert len(found) >= expected if name == "trial" else len(found) == expected
    else:
        assert found == expected


def test_every_question_has_a_known_answer() -> None:
    assert {name for name, *_ in ANSWERS} == set(questions())


def test_who_is_rejected_for_their_heart(examples: OxigraphGraph) -> None:
    answers = dict(rows(examples, "accepts", "trial", "answer", variable="NYHA class", value="3"))
    assert answers["NCT00764595"] == answers["NCT00028002"] == "no"
    assert dict(rows(examples, "accepts", "trial", "answer", variable="NYHA class", value="2"))["NCT00764595"] == "yes"


@pytest.mark.parametrize("name", sorted(questions()))
def test_a_question_runs_as_it_stands_with_the_values_of_its_example(name: str, seed_graph: OxigraphGraph) -> None:
    one = question(name)
    as_it_stands = seed_graph.select(one.sparql)
    bound, notes = bind(one, {n: p.example for n, p in one.parameters.items()}, seed_graph)
    assert notes == []
    assert seed_graph.select(bound).rows == as_it_stands.rows
    one_document_each = name == "disagreements"  # its rows: test_matching.py
    assert as_it_stands.rows or one_document_each, "the example of a question has an answer in the seed trials"
    rdflib.plugins.sparql.prepareQuery(one.sparql)


@pytest.mark.parametrize(("name", "values", "columns", "expected"), ANSWERS, ids=lambda v: str(v)[:40])
def test_rdflib_gives_the_same_answers(
    examples: OxigraphGraph,
    rdflib_examples: RdflibGraph,
    name: str,
    values: dict[str, str],
    columns: tuple[str, ...],
    expected: object,
) -> None:
    assert sorted(rows(rdflib_examples, name, *columns, **values)) == sorted(rows(examples, name, *columns, **values))


@pytest.fixture(scope="module")
def rdflib_examples(examples_ttl: Path) -> RdflibGraph:
    return RdflibGraph.of_files([examples_ttl])


def test_metadata_is_whole() -> None:
    for one in questions().values():
        assert one.summary and one.question and one.tags, one.name
        for name, parameter in one.parameters.items():
            assert parameter.type in ("concept", "trial", "variable", "decimal", "string", "property")
            assert "{" + name + "}" in one.question or parameter.optional or parameter.default, one.name


VECTORS = [
    '"', "'", '"""', "'''", "\\", '\\"', '" } DROP ALL #', "} UNION { ?s ?p ?o } #", "> <http://evil", "imatinib> ?p ?o . <x", "a\nb", "a\rb",
    "# comment", "?x", "$x", "{", "}", "}}}}", "<script>", "\\u0022", "\\u003E", "\u2028", "%22", "${jndi}", "`id`", "VALUES ?a { }", "mesh:D000068877 . ?s",
    "D000068877 }", "_:b", "tk:x", "^^xsd:int", "@en", "1e400", "\x00", "\ud83d\ude00", "é" * 300, "a" * 5000, "ASK {}", "); DELETE WHERE {?s ?p ?o}",
    "SERVICE <http://127.0.0.1/> {}", "FILTER(1=1)", "BIND(1 AS ?y)", "../../etc/passwd", "NULL", "undefined", "0x41", "٣", "‮abc", "﷽", " ", "  imatinib  ",
    "imatinib\u0000", "\t", "''||''", "1; 2", "--a", "-", "\\N", "\\x41", "|", "/*", "*/", "<!--", "]]>",
]  # fmt: skip


@pytest.mark.parametrize("name", sorted(n for n in questions() if questions()[n].parameters))
def test_no_value_changes_the_query(name: str, examples: OxigraphGraph) -> None:
    one = question(name)
    usual = {n: p.example for n, p in one.parameters.items()}
    shape = _shape(bind(one, usual, examples)[0])
    for parameter in one.parameters:
        for vector in VECTORS:
            try:
                sparql, _ = bind(one, {**usual, parameter: vector}, examples)
            except UsageError as error:
                assert "\n" not in str(error)
                continue
            assert _shape(sparql) == shape
            examples.select(sparql)


def _shape(sparql: str) -> str:
    """The query with the content of its VALUES blocks taken out by the SPARQL grammar of rdflib, not by ours."""
    algebra = rdflib.plugins.sparql.prepareQuery(sparql).algebra
    text = str(algebra)
    import re

    return re.sub(
        r"'res': \[.*?\]|'value': \[.*?\]|res: \[.*?\]",
        "",
        re.sub(r"rdflib\.term\.(?:URIRef|Literal)\((?:'[^']*'|\"[^\"]*\")[^)]*\)", "T", text),
    )[:200]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_any_text_as_a_concept(text: str) -> None:
    graph = OxigraphGraph(ox.Store())
    for node in resolve_concept(text, graph, builtin()):
        assert node.value.startswith("http")


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("combin", {}, "the nearest are combine"),
        ("combine", {"a": "imatinib"}, "--b: the question combine needs it"),
        ("combine", {"a": "x", "b": "y", "c": "z"}, "--c: the question combine has no such parameter"),
        ("accepts", {"variable": "ECOG", "value": "two"}, "two: is not a number"),
        ("accepts", {"variable": "happiness", "value": "2"}, "no quantity of that name"),
        ("trial", {"trial": "<x>"}, "is not the identifier of a trial"),
    ],
)
def test_wrong_calls_are_said_in_one_line(
    examples: OxigraphGraph, name: str, values: dict[str, str], words: str
) -> None:
    with pytest.raises(UsageError) as caught:
        bind(question(name), values, examples)
    assert words in str(caught.value) and "\n" not in str(caught.value)


def test_an_unknown_name_is_noted(examples: OxigraphGraph) -> None:
    sparql, notes = bind(question("drug"), {"drug": "unobtainium"}, examples)
    assert notes == ["nothing in the graph is called 'unobtainium'"]
    assert examples.select(sparql).rows == []
