"""The server: the W3C's cases, formats, limits, what is refused, and that what it serves is what the graph says."""

from __future__ import annotations

import csv
import io
import json
import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pyoxigraph as ox
import pytest
import rdflib
from rdflib.collection import Collection
from starlette.testclient import TestClient

from conftest import EXAMPLES, SHARED, require
from kg import iri
from kg.build import build
from kg.graphs import OxigraphGraph, answer_of_json
from kg.questions import ask, questions
from kg.serve.app import store_of
from kg.serve.media import preferred
from kg.serve.pool import Limits
from tests_support import BEARER, TOKEN, client_of, store_with

W3C = SHARED / "data" / "w3c"
HT = rdflib.Namespace("http://www.w3.org/2011/http#")
CNT = rdflib.Namespace("http://www.w3.org/2011/content#")
MF = rdflib.Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-manifest#")
QT = rdflib.Namespace("http://www.w3.org/2001/sw/DataAccess/tests/test-query#")
GRAPH = "http://www.w3.org/ns/sparql-service-description#"


def _kasei(folder: Path) -> Path:
    base = "http://kasei.us/2009/09/sparql/data/"
    files = [(W3C / "protocol" / f"data{n}.nt", ox.RdfFormat.N_TRIPLES, f"{base}data{n}.rdf") for n in (1, 2, 3)]
    return store_with(folder, *files)


def _protocol_cases() -> Iterator[tuple[str, list[dict[str, Any]]]]:
    graph = rdflib.Graph()
    graph.parse(W3C / "protocol" / "manifest.ttl")
    for case in sorted(graph.subjects(rdflib.RDF.type, MF.ProtocolTest)):
        requests = []
        for one in Collection(graph, graph.value(graph.value(case, MF.action), HT.requests)):
            body, response = graph.value(one, HT.body), graph.value(one, HT.resp)
            headers = graph.value(one, HT.headers)
            requests.append(
                {
                    "method": str(graph.value(one, HT.methodName)),
                    "url": str(graph.value(one, HT.absolutePath)),
                    "content": str(graph.value(body, CNT.chars)).encode(str(graph.value(body, CNT.characterEncoding)))
                    if body
                    else None,
                    "headers": {
                        str(graph.value(h, HT.fieldName)): str(graph.value(h, HT.fieldValue))
                        for h in (Collection(graph, headers) if headers else ())
                    },
                    "status": {str(s)[-3:-2] for s in graph.objects(response, MF.expectedStatus)},
                    "boolean": graph.value(response, MF.expectedBoolean),
                    "format": str(graph.value(response, MF.expectedFormat) or ""),
                }
            )
        yield str(case).rsplit("#", 1)[1], requests


def _conforms(client: TestClient, requests: list[dict[str, Any]], headers: dict[str, str]) -> str:
    for one in requests:
        got = client.request(one["method"], one["url"], content=one["content"], headers={**one["headers"], **headers})
        if str(got.status_code)[0] not in one["status"]:
            return f"{got.status_code} {got.text}"
        if one["boolean"] is not None and got.json()["boolean"] != one["boolean"].toPython():
            return f"answered {got.json()}"
        kinds = {
            "tabular": ("json", "xml", "csv", "tab"),
            "boolean": ("json", "xml"),
            "RDF": ("turtle", "triples", "rdf"),
        }
        if one["format"] and not any(k in got.headers["content-type"] for k in kinds[one["format"]]):
            return got.headers["content-type"]
    return ""


@pytest.mark.parametrize("updates", [True, False])
def test_w3c_protocol(tmp_path: Path, updates: bool) -> None:
    require(W3C.is_dir(), "the W3C's test cases")
    for client in client_of(_kasei(tmp_path / "store"), token=TOKEN if updates else ""):
        wrong, number = {}, 0
        for name, requests in _protocol_cases():
            number += 1
            if not updates and "update" in name:
                codes = {
                    client.request(r["method"], r["url"], content=r["content"], headers=r["headers"]).status_code
                    for r in requests
                    if b"ASK" not in (r["content"] or b"")
                }
                if not codes <= {400, 403, 405, 415}:
                    wrong[name] = str(codes)
            elif reason := _conforms(client, requests, BEARER if updates else {}):
                wrong[name] = reason
        assert not wrong
        assert number == 34


@pytest.mark.parametrize(
    "accept", ["text/turtle", "application/ld+json", "application/rdf+xml", "application/n-triples", ""]
)
def test_the_service_description(served: TestClient, accept: str) -> None:
    got = served.get("/sparql", headers={"Accept": accept})
    form = {"application/ld+json": "json-ld", "application/rdf+xml": "xml", "application/n-triples": "nt"}.get(
        accept, "turtle"
    )
    graph = rdflib.Graph()
    graph.parse(data=got.text, format=form)
    sd = rdflib.Namespace(GRAPH)
    endpoint = rdflib.URIRef("http://testserver/sparql")
    assert (endpoint, rdflib.RDF.type, sd.Service) in graph
    assert (endpoint, sd.endpoint, endpoint) in graph
    assert list(graph.objects(endpoint, sd.supportedLanguage))
    assert list(graph.objects(graph.value(endpoint, sd.defaultDataset), sd.defaultGraph))


def _result_cases() -> list[tuple[str, Path, Path, Path]]:
    found = []
    for folder in ("csv-tsv-res", "json-res"):
        manifest = W3C / folder / "manifest.ttl"
        if not manifest.is_file():
            continue
        graph = rdflib.Graph()
        graph.parse(manifest)
        for case in sorted(graph.subjects(MF.action)):
            action = graph.value(case, MF.action)
            query, data = graph.value(action, QT.query), graph.value(action, QT.data)
            result = graph.value(case, MF.result)
            if query and data and result:
                paths = [W3C / folder / str(x).rsplit("/", 1)[1] for x in (query, data, result)]
                found.append((f"{folder}/{paths[2].name}", *paths))
    return found


def test_w3c_result_formats(tmp_path: Path) -> None:
    require(W3C.is_dir(), "the W3C's test cases")
    cases = _result_cases()
    assert len(cases) >= 10
    for data in sorted({data for _, _, data, _ in cases}):
        folder = tmp_path / f"{data.parent.name}-{data.stem}"
        for client in client_of(store_with(folder, (data, ox.RdfFormat.TURTLE, ""))):
            for name, query, its_data, result in cases:
                if its_data != data:
                    continue
                form = {".srj": "json"}.get(result.suffix, result.suffix[1:])
                got = client.get("/sparql", params={"query": query.read_text(), "format": form})
                assert got.status_code == 200, name
                assert _table(got.text, form) == _table(result.read_text(), form), name


def _table(text: str, form: str) -> Any:
    """A result as something to be compared: rows in any order."""
    if form == "json":
        answer = answer_of_json(json.loads(text))
        cells = [[str(t) if t is None or t.kind != "bnode" else "_" for t in row] for row in answer.rows]
        return sorted(answer.variables), sorted(sorted(row) for row in cells)
    rows = (
        [[_tsv(cell) for cell in line.split("\t")] for line in text.splitlines()]
        if form == "tsv"
        else [[_tsv(cell) for cell in row] for row in csv.reader(io.StringIO(text))]
    )
    return sorted(sorted(zip(rows[0], row, strict=True)) for row in rows[1:])


def _tsv(cell: str) -> str:
    """A cell of TSV: numbers may be written short or in full."""
    if cell.startswith("_:"):
        return "_"
    if cell.startswith('"') and "^^" in cell:
        value, _, datatype = cell[1:].rpartition('"^^')
        if datatype.rsplit("#", 1)[-1].rstrip(">") in ("integer", "negativeInteger", "decimal", "double"):
            cell = value
    try:
        return repr(float(cell))
    except ValueError:
        return cell


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/sparql-results+json"),
        ("*/*", "application/sparql-results+json"),
        ("application/*", "application/sparql-results+json"),
        ("text/csv", "text/csv"),
        ("text/*", "text/"),
        ("text/csv;q=0.5, application/sparql-results+xml;q=0.9", "application/sparql-results+xml"),
        ("text/csv;q=0.9, application/sparql-results+xml;q=0.5", "text/csv"),
        ("application/sparql-results+json;q=0, text/tab-separated-values", "text/tab-separated-values"),
        ("application/json", "application/json"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/xml"),
        ("image/png, */*;q=0.1", "application/sparql-results+json"),
    ],
)
def test_the_format_that_a_client_prefers(served: TestClient, accept: str, expected: str) -> None:
    got = served.get("/sparql", params={"query": "SELECT (1 AS ?x) {}"}, headers={"Accept": accept})
    assert got.status_code == 200
    assert got.headers["content-type"].startswith(expected)
    assert "Accept" in got.headers["vary"]


def test_what_cannot_be_given_is_not_acceptable(served: TestClient) -> None:
    assert served.get("/sparql", params={"query": "ASK {}"}, headers={"Accept": "image/png"}).status_code == 406
    assert served.get("/sparql", params={"query": "DESCRIBE <a:b>"}, headers={"Accept": "text/csv"}).status_code == 406
    assert served.get("/sparql", headers={"Accept": "image/png"}).status_code == 406
    assert preferred("text/csv;q=0", ["text/csv"]) is None


def test_manners(served: TestClient) -> None:
    query = {"query": "SELECT (1 AS ?x) {}"}
    got = served.get("/sparql", params=query)
    assert served.head("/sparql", params=query).headers["content-length"] == got.headers["content-length"]
    assert served.get("/sparql", params=query, headers={"If-None-Match": got.headers["etag"]}).status_code == 304
    assert served.put("/sparql", params=query).status_code == 405
    assert "GET" in served.put("/sparql", params=query).headers["allow"]
    large = served.post("/sparql", content=b"x" * (5 << 20), headers={"Content-Type": "application/sparql-query"})
    assert large.status_code == 413
    packed = {"Content-Type": "application/sparql-query", "Content-Encoding": "gzip"}
    assert served.post("/sparql", content=b"x", headers=packed).status_code == 415
    for version, status in (("1.1", 200), ("1.2", 200), ("7", 400)):
        assert served.get("/sparql", params={**query, "version": version}).status_code == status
    wrong = served.get("/sparql", params={"query": "SELECT ?x {\n ?x ?y }"})
    assert wrong.status_code == 400
    assert wrong.headers["content-type"] == "application/problem+json"
    assert wrong.json()["line"] == 2
    assert served.get("/sparql", params={**query, "timeout": "soon"}).status_code == 400
    assert served.get("/nothing/here").status_code == 404
    assert served.get("/health").json() == {"status": "ok"}
    packed_answer = served.get("/", headers={"Accept": "text/html", "Accept-Encoding": "gzip"})
    assert packed_answer.headers["content-encoding"] == "gzip"
    for name in ("content-security-policy", "x-content-type-options", "referrer-policy"):
        assert name in packed_answer.headers


def test_escaped_values_are_decoded_once(served: TestClient) -> None:
    text = 'SELECT ("a%20b%2Bc+d" AS ?x) {}'
    by_form = served.post("/sparql", data={"query": text})
    direct = served.post("/sparql", content=text, headers={"Content-Type": "application/sparql-query"})
    by_get = served.get("/sparql", params={"query": text})
    for got in (by_form, direct, by_get):
        assert got.json()["results"]["bindings"][0]["x"]["value"] == "a%20b%2Bc+d"


def test_the_prefixes_of_the_project_may_be_left_out(served: TestClient) -> None:
    got = served.get("/sparql", params={"query": "SELECT (COUNT(*) AS ?n) { ?t a tk:Trial }"})
    assert got.json()["results"]["bindings"][0]["n"]["value"] == "9"


# What is served -------------------------------------------------------------------------------------------------------


def test_a_store_built_anew_is_served_without_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "trials"
    few = tmp_path / "few"
    few.mkdir()
    for one in sorted(EXAMPLES.iterdir())[:3]:
        (few / one.name).write_bytes(one.read_bytes())
    build([few], f"{folder}/")
    count = {"query": "SELECT (COUNT(?t) AS ?n) { ?t a tk:Trial }"}
    for client in client_of(folder):
        assert client.get("/sparql", params=count).json()["results"]["bindings"][0]["n"]["value"] == "3"
        before = client.get("/sparql", params=count).headers["etag"]
        build([EXAMPLES], f"{folder}/")
        time.sleep(1.2)
        for _ in range(4):
            assert client.get("/sparql", params=count).json()["results"]["bindings"][0]["n"]["value"] == "9"
        assert client.get("/sparql", params=count).headers["etag"] != before


def test_files_are_served_as_they_are(examples_ttl: Path) -> None:
    with store_of([examples_ttl]) as folder:
        assert folder.is_dir()
        kept = folder
    assert not kept.exists()


@pytest.mark.parametrize("name", sorted(questions()))
def test_every_question_is_answered_as_by_the_library(served: TestClient, examples: OxigraphGraph, name: str) -> None:
    values = {n: p.example for n, p in questions()[name].parameters.items() if not p.optional and not p.default}
    expected = ask(name, examples, **values)
    got = served.get(f"/query/{name}", params={**values, "format": "json"})
    assert got.status_code == 200
    answer = answer_of_json(got.json())
    assert answer.variables == expected.variables
    assert sorted(map(str, answer.rows)) == sorted(map(str, expected.rows))
    page = served.get(f"/query/{name}", params=values, headers={"Accept": "text/html"})
    assert page.status_code == 200
    assert f"{min(500, len(expected.rows))} row" in page.text


def test_plain_english(served: TestClient) -> None:
    told = served.get("/ask", params={"q": "which trials combine imatinib with surgery"}).json()
    assert told["question"] == "combine"
    assert told["parameters"] == {"a": "imatinib", "b": "surgery"}
    assert {row["trial"].rsplit("/", 1)[1] for row in told["results"]} == {
        "EORTC-62063",
        "NCT00028002",
        "NCT01267695",
        "NCT03862768",
    }
    page = served.get(
        "/ask", params={"q": "which trials combine imatinib with surgery"}, headers={"Accept": "text/html"}
    )
    assert "was understood as" in page.text
    unknown = served.get("/ask", params={"q": "what is the weather"})
    assert unknown.status_code == 400
    assert "not understood" in unknown.json()["detail"]
    assert served.get("/query/combine", params={"a": "imatinib"}).status_code == 400
    assert served.get("/query/combine", params={"c": "x"}).status_code == 400
    assert served.get("/query/nope").status_code == 404


def test_a_spreadsheet_takes_no_value_for_a_formula(tmp_path: Path) -> None:
    file = tmp_path / "x.nt"
    values = ["=1+1", "+A1", "-A1", "@x", "\tx", "\rx", "-5", "+3.5e2", "plain", "=cmd|' /C calc'!A0"]
    lines = [
        f"<https://w3id.org/trialkg/trial/T{n}> <{iri.TK}whyStopped> {ox.Literal(v)} .\n" for n, v in enumerate(values)
    ]
    lines += [
        f"<https://w3id.org/trialkg/trial/T{n}> <http://purl.org/dc/terms/title> {ox.Literal(v)} .\n"
        for n, v in enumerate(values)
    ]
    lines += [
        f"<https://w3id.org/trialkg/trial/T{n}> <{iri.TK}overallStatus> <{iri.TK}Terminated> .\n"
        for n in range(len(values))
    ]
    file.write_text("".join(lines))
    for client in client_of(store_with(tmp_path / "store", (file, ox.RdfFormat.N_TRIPLES, ""))):
        exact = client.get("/query/stopped?format=csv").text
        kept = client.get("/query/stopped?format=csv&spreadsheet=1").text
        assert any(cell == "=1+1" for row in csv.reader(io.StringIO(exact, newline="")) for cell in row)
        cells = [cell for row in csv.reader(io.StringIO(kept, newline="")) for cell in row]
        assert not [c for c in cells if c[:1] in tuple("=+@\t\r") and c.strip("+-.e0123456789")]
        assert "'=1+1" in cells
        assert "-5" in cells


def test_every_resource_at_its_address(served: TestClient, examples_ttl: Path) -> None:
    graph = rdflib.Graph()
    graph.parse(examples_ttl)
    subjects = sorted({str(s) for s in graph.subjects() if str(s).startswith(iri.BASE) and "#" not in str(s)})
    chosen = random.Random(0).sample(subjects, min(60, len(subjects)))
    for subject in chosen:
        path = "/" + subject.removeprefix(iri.BASE)
        expected = {(p, o) for p, o in graph.predicate_objects(rdflib.URIRef(subject))}
        for accept, form in (
            ("text/turtle", "turtle"),
            ("application/ld+json", "json-ld"),
            ("application/n-triples", "nt"),
        ):
            got = served.get(path, headers={"Accept": accept})
            assert got.status_code == 200, (path, got.text)
            found = rdflib.Graph()
            found.parse(data=got.text, format=form)
            assert len(found) == len(expected), path
        page = served.get(path, headers={"Accept": "text/html"})
        assert page.status_code == 200, path
        assert "<h1>" in page.text
    for path in (
        "/trial/NCT99999999",
        "/trial/x%20y",
        "/condition/nothing",
        "/concept/D999999999",
        "/concept/x",
        "/a%FFb",
    ):
        for accept in ("text/html", "text/turtle"):
            assert served.get(path, headers={"Accept": accept}).status_code == 404, path


def test_concepts_have_their_place_and_their_trials(served: TestClient) -> None:
    page = served.get("/concept/D009369", headers={"Accept": "text/html"}).text
    assert "Neoplasms" in page
    assert "NCT01267695" in page
    leaf = served.get("/concept/D046152", headers={"Accept": "text/html"}).text
    assert "Digestive System Neoplasms" in leaf


def test_the_page_of_a_trial_shows_what_the_graph_says(served: TestClient) -> None:
    page = served.get("/trial/NCT01267695", headers={"Accept": "text/html"}).text
    for words in (
        "Peking University",
        "400 mg",
        "Platelet count",
        "platelet count &gt; 100000",
        "phase 2",
        'class="piece"',
    ):
        assert words in page, words
    assert "<svg" in page


def test_void(served: TestClient, examples_ttl: Path) -> None:
    got = rdflib.Graph()
    got.parse(data=served.get("/.well-known/void").text, format="turtle")
    data = rdflib.Graph()
    data.parse(examples_ttl)
    void = rdflib.Namespace("http://rdfs.org/ns/void#")
    pairs = {
        (got.value(part, void["class"]), got.value(inner, void.property)): int(got.value(inner, void.triples))
        for part in got.objects(None, void.classPartition)
        for inner in got.objects(part, void.propertyPartition)
    }
    counted: dict[Any, int] = {}
    for subject, predicate, _ in data:
        for kind in data.objects(subject, rdflib.RDF.type):
            counted[kind, predicate] = counted.get((kind, predicate), 0) + 1
    assert pairs == counted


def test_graphs_are_read_and_written(writable: TestClient) -> None:
    turtle = {**BEARER, "Content-Type": "text/turtle"}
    assert writable.put("/graphs?graph=g:1", content="<a:a> <b:b> <> .", headers=turtle).status_code == 201
    assert writable.put("/graphs?graph=g:1", content="<a:a> <b:b> 2 .", headers=turtle).status_code == 204
    assert writable.post("/graphs?graph=g:1", content="<a:a> <b:b> 3 .", headers=turtle).status_code == 204
    got = writable.get("/graphs?graph=g:1", headers={"Accept": "application/n-triples"})
    assert sorted(line.split()[2][1] for line in got.text.splitlines()) == ["2", "3"]
    assert writable.head("/graphs?graph=g:1").status_code == 200
    assert writable.get("/graphs?graph=g:none").status_code == 404
    assert writable.post("/graphs?default", content="<a:d> <b:b> 4 .", headers=turtle).status_code == 204
    assert "<a:d>" in writable.get("/graphs?default", headers={"Accept": "application/n-triples"}).text
    assert "<a:a>" not in writable.get("/graphs?default", headers={"Accept": "application/n-triples"}).text
    assert writable.put("/graphs?graph=g:1", content="<a:a> <b:b", headers=turtle).status_code == 400
    assert (
        writable.put("/graphs?graph=g:1", content="x", headers={**BEARER, "Content-Type": "image/png"}).status_code
        == 415
    )
    assert writable.get("/graphs").status_code == 400
    assert writable.get("/graphs?graph=no+iri").status_code == 400
    assert writable.patch("/graphs?graph=g:1").status_code == 405
    assert writable.delete("/graphs?graph=g:1", headers=BEARER).status_code == 204
    assert writable.delete("/graphs?graph=g:1", headers=BEARER).status_code == 404


def test_an_update_that_is_ended_changes_nothing(tmp_path: Path, examples_ttl: Path) -> None:
    folder = store_with(tmp_path / "store", (examples_ttl, ox.RdfFormat.TURTLE, ""))
    for client in client_of(folder, limits=Limits(workers=1, seconds=1.5), token=TOKEN):
        count = {"query": "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"}
        before = client.get("/sparql", params=count).text
        long = "INSERT { ?a <p:p> ?f } WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }"
        assert client.post("/sparql", data={"update": long}, headers=BEARER).status_code == 503
        assert client.get("/sparql", params=count).text == before
        one = client.post("/sparql", data={"update": "INSERT DATA { <a:a> <p:p> 1 }"}, headers=BEARER)
        assert one.status_code == 204
        assert client.get("/sparql", params={"query": "ASK { <a:a> <p:p> 1 }"}).json()["boolean"]


def test_random_requests_are_never_the_servers_fault(served: TestClient) -> None:
    chance = random.Random(7)
    paths = [
        "/sparql",
        "/ask",
        "/query/combine",
        "/query/accepts",
        "/graphs",
        "/trial/NCT01267695",
        "/concept/D009369",
        "/complete",
        "/queries",
        "/.well-known/void",
        "/questions",
        "/",
    ]
    letters = "{}()<>?$\"'\\#/:;,.=&%+*|!^~ \t\n\u00e9\u2028\U0001f600\x00\x7fabcSELECTASK0123456789"
    names = [
        "query",
        "update",
        "a",
        "b",
        "q",
        "graph",
        "default",
        "default-graph-uri",
        "variable",
        "value",
        "format",
        "timeout",
        "version",
        "kind",
    ]
    for _ in range(10_000 if os.environ.get("TRIALKG_LONG") else 1_500):
        params = {
            chance.choice(names): "".join(chance.choices(letters, k=chance.randrange(20)))
            for _ in range(chance.randrange(4))
        }
        method = chance.choice(["GET", "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH"])
        headers = {"Accept": chance.choice(["", "*/*", "text/html", "text/csv", "a/b;q=x", "application/json", ";;,,"])}
        if method in ("POST", "PUT") and chance.random() < 0.7:
            headers["Content-Type"] = chance.choice(
                ["application/x-www-form-urlencoded", "application/sparql-query", "text/plain", "x"]
            )
            got = served.request(method, chance.choice(paths), content=urlencode(params).encode(), headers=headers)
        else:
            got = served.request(method, chance.choice(paths), params=params, headers=headers)
        assert got.status_code < 500, (method, got.url, params, got.text)
