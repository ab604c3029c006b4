"""Answers in notebooks, and endpoints that are busy or give a part of the answer only."""

from __future__ import annotations

import datetime
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pyoxigraph as ox
import pytest
import rdflib

from kg.catalogue import catalogue
from kg.errors import TrialKGError, UsageError
from kg.graphs import EndpointGraph, OxigraphGraph, as_rdflib
from kg.questions import ask, questions

_EMPTY = {"head": {"vars": ["x"]}, "results": {"bindings": []}}


class _Busy(ThreadingHTTPServer):
    """An endpoint that answers as it is told, one status and headers after the other."""

    daemon_threads = True

    def __init__(self) -> None:
        self.script: list[tuple[int, dict[str, str], bytes]] = []
        self.asked = 0
        super().__init__(("127.0.0.1", 0), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Busy

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked += 1
        status, headers, body = self.server.script.pop(0)
        self.send_response(status)
        for name, value in {"Content-Type": "application/sparql-results+json", **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[tuple[_Busy, EndpointGraph]]:
    with _Busy() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server, EndpointGraph(f"http://127.0.0.1:{server.server_address[1]}/", waits=(0.01, 0.01))
        server.shutdown()


def _told(data: Any) -> bytes:
    return json.dumps(data).encode()


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_busy_endpoint_is_asked_again(endpoint: tuple[_Busy, EndpointGraph], status: int) -> None:
    server, graph = endpoint
    server.script = [(status, {"Retry-After": "0"}, b""), (status, {}, b""), (200, {}, _told(_EMPTY))]
    assert graph.select("SELECT * {}").rows == []
    assert server.asked == 3
    server.script = [(status, {}, b"")] * 3
    with pytest.raises(TrialKGError, match="did not answer"):
        graph.select("SELECT * {}")


def test_a_wrong_query_is_not_asked_again(endpoint: tuple[_Busy, EndpointGraph]) -> None:
    server, graph = endpoint
    server.script = [(400, {}, b"no")]
    with pytest.raises(TrialKGError):
        graph.select("SELECT * {}")
    assert server.asked == 1


@pytest.mark.parametrize(
    "headers",
    [{"X-SQL-State": "S1TAT"}, {"X-SPARQL-MaxRows": "10000"}, {"X-Result-Truncated": "true", "X-Result-Rows": "5"}],
)
def test_a_part_is_not_taken_for_the_whole(endpoint: tuple[_Busy, EndpointGraph], headers: dict[str, str]) -> None:
    server, graph = endpoint
    server.script = [(200, headers, _told(_EMPTY))]
    with pytest.raises(TrialKGError, match="a part of the answer only"):
        graph.select("SELECT * {}")


@pytest.mark.parametrize("cut", [1, 20, 45, 60])
def test_an_answer_that_breaks_off_is_none(endpoint: tuple[_Busy, EndpointGraph], cut: int) -> None:
    server, graph = endpoint
    server.script = [(200, {}, _told(_EMPTY)[:-cut])]
    with pytest.raises(TrialKGError):
        graph.select("SELECT * {}")


def test_data_frames(examples: OxigraphGraph) -> None:
    answer = ask("enrollment", examples)
    frame = answer.polars()
    assert frame.columns == answer.variables
    assert frame["participants"].dtype.is_integer()
    assert frame.height == len(answer.rows)
    assert answer.pandas()["participants"].sum() == frame["participants"].sum()
    dates = examples.select(
        'SELECT * { VALUES (?d ?x ?b ?n) { ("2010-05-01"^^xsd:date "1.5"^^xsd:decimal true UNDEF) } }'.replace(
            "SELECT", "PREFIX xsd: <http://www.w3.org/2001/XMLSchema#> SELECT"
        )
    )
    assert dates.columns() == {"d": [datetime.date(2010, 5, 1)], "x": [1.5], "b": [True], "n": [None]}


def test_as_rdflib(examples: OxigraphGraph) -> None:
    whole = as_rdflib(examples)
    assert len(whole) == int(examples.select("SELECT (COUNT(*) AS ?n) { ?s ?p ?o }").columns()["n"][0])
    with pytest.raises(UsageError):
        as_rdflib(examples, "SELECT * { ?s ?p ?o }")


def test_the_questions_as_rdf(examples: OxigraphGraph) -> None:
    text = catalogue("http://localhost:8000/sparql")
    assert text == catalogue("http://localhost:8000/sparql")
    graph = rdflib.Graph()
    graph.parse(data=text, format="turtle")
    shacl = rdflib.Namespace("http://www.w3.org/ns/shacl#")
    found = list(graph.subjects(rdflib.RDF.type, shacl.SPARQLSelectExecutable))
    assert len(found) == len(questions())
    for node in found:
        name = str(node).rsplit("/", 1)[1]
        sparql = str(graph.value(node, shacl.select))
        assert "#+" not in sparql
        assert examples.select(sparql) == examples.select(questions()[name].sparql)
        assert graph.value(node, rdflib.URIRef("https://schema.org/target"))
        assert str(graph.value(node, rdflib.RDFS.comment))
    assert any(ox.parse(text, format=ox.RdfFormat.TURTLE))
