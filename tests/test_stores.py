"""The .ttl in other people's stores: it loads unchanged everywhere, with the same triples, and gives the same answers."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyoxigraph as ox
import pytest
import rdflib

from conftest import program
from kg.build import build
from kg.errors import TrialKGError
from kg.graphs import Answer, EndpointGraph, Graph, OxigraphGraph
from kg.load import load
from kg.questions import bind, question
from test_questions import ANSWERS
from tests_support import EXAMPLES, ROOT, free_port


def wait_for(port: int, server: subprocess.Popen[bytes], seconds: int = 60) -> None:
    for _ in range(seconds * 5):
        if server.poll() is not None:
            raise RuntimeError(f"the server ended with {server.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.2)
        else:
            return
    raise RuntimeError("the server did not start")


@pytest.fixture(scope="module")
def triples(examples_ttl: Path) -> int:
    store = ox.Store()
    store.bulk_load(path=str(examples_ttl), format=ox.RdfFormat.TURTLE)
    return len(store)


@pytest.fixture(scope="module")
def oxigraph_server(examples_ttl: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointGraph]:
    folder, port = tmp_path_factory.mktemp("oxigraph"), free_port()
    binary = program("oxigraph")
    subprocess.run(
        [binary, "load", "--location", str(folder), "--file", str(examples_ttl)], check=True, capture_output=True
    )
    server = subprocess.Popen(
        [binary, "serve-read-only", "--location", str(folder), "--bind", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, server)
        yield EndpointGraph(f"http://127.0.0.1:{port}/query")
    finally:
        server.terminate()
        server.wait(10)


VIRTUOSO_INI = """
[Database]
DatabaseFile = {folder}/virtuoso.db
ErrorLogFile = {folder}/virtuoso.log
LockFile = {folder}/virtuoso.lck
TransactionFile = {folder}/virtuoso.trx
xa_persistent_file = {folder}/virtuoso.pxa
[TempDatabase]
DatabaseFile = {folder}/temp.db
TransactionFile = {folder}/temp.trx
[Parameters]
ServerPort = {sql}
DirsAllowed = {folder}
NumberOfBuffers = 10000
[HTTPServer]
ServerPort = 127.0.0.1:{http}
ServerRoot = {folder}
[SPARQL]
ResultSetMaxRows = 100000
"""


@pytest.fixture(scope="module")
def virtuoso(examples_ttl: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointGraph]:
    binary, isql = program("virtuoso-t"), program("isql-vt")
    folder, sql, http = tmp_path_factory.mktemp("virtuoso"), free_port(), free_port()
    (folder / "virtuoso.ini").write_text(VIRTUOSO_INI.format(folder=folder, sql=sql, http=http))
    shutil.copy(examples_ttl, folder / "examples.ttl")
    server = subprocess.Popen(
        [binary, "+foreground", "+configfile", str(folder / "virtuoso.ini")],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(sql, server)
        wait_for(http, server)
        commands = f"ld_dir('{folder}', 'examples.ttl', 'urn:examples'); rdf_loader_run(); checkpoint;"
        subprocess.run([isql, f"127.0.0.1:{sql}", "dba", "dba", f"exec={commands}"], check=True, capture_output=True)
        yield EndpointGraph(f"http://127.0.0.1:{http}/sparql")
    finally:
        server.kill()
        server.wait(10)


def count(graph: Graph, where: str = "?s ?p ?o") -> int:
    cell = graph.select(f"SELECT (COUNT(*) AS ?n) WHERE {{ {where} }}").rows[0][0]
    assert cell is not None
    return int(cell.value)


def test_rdflib_loads_it(examples_ttl: Path, triples: int) -> None:
    assert len(rdflib.Graph().parse(examples_ttl)) == triples


def test_rapper_loads_it(examples_ttl: Path, triples: int) -> None:
    done = subprocess.run(
        [program("rapper"), "-c", "-i", "turtle", str(examples_ttl)], capture_output=True, text=True, check=True
    )
    assert f"{triples} triples" in done.stderr and "warning" not in done.stderr.lower()


def test_the_oxigraph_server_loads_it(oxigraph_server: EndpointGraph, triples: int) -> None:
    assert count(oxigraph_server) == triples


def test_virtuoso_loads_it(virtuoso: EndpointGraph, triples: int) -> None:
    assert count(virtuoso, "GRAPH <urn:examples> { ?s ?p ?o }") == triples


def plain(answer: Answer) -> list[tuple[str, ...]]:
    """Rows as text, numbers in one spelling, sorted: stores sort equal keys as they like."""

    def text(value: str) -> str:
        return (
            value.rstrip("0").rstrip(".")
            if value.replace(".", "", 1).isdigit() and "." in value
            else {"1": "1", "true": "true"}.get(value, value)
        )

    return sorted(tuple(text(t.value) if t else "" for t in row) for row in answer.rows)


@pytest.mark.parametrize(("name", "values"), [(n, v) for n, v, *_ in ANSWERS], ids=lambda v: str(v)[:40])
@pytest.mark.parametrize("server", ["oxigraph_server", "virtuoso"])
def test_the_same_answers_from_a_server(
    request: pytest.FixtureRequest, server: str, examples: OxigraphGraph, name: str, values: dict[str, str]
) -> None:
    endpoint: EndpointGraph = request.getfixturevalue(server)
    sparql, _ = bind(question(name), values, examples)
    ours, theirs = plain(examples.select(sparql)), plain(endpoint.select(sparql))
    if server == "virtuoso":  # it keeps no xsd:duration and has no boolean: true comes back as 1
        ours, theirs = (
            [row for row in rows if not any("uration" in t or "Gap" in t for t in row)] for rows in (ours, theirs)
        )
        ours = [tuple("1" if t == "true" else "0" if t == "false" else t for t in row) for row in ours]
        theirs = [tuple("1" if t == "true" else "0" if t == "false" else t for t in row) for row in theirs]
    assert theirs == ours


@pytest.fixture
def empty_server(tmp_path: Path) -> Iterator[str]:
    """An Oxigraph server without data, open for updates."""
    port = free_port()
    server = subprocess.Popen(
        [program("oxigraph"), "serve", "--location", str(tmp_path / "db"), "--bind", f"127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port, server)
        yield f"http://127.0.0.1:{port}/query"
    finally:
        server.terminate()
        server.wait(10)


def test_a_graph_is_loaded_into_a_running_store_and_counted(empty_server: str, tmp_path: Path) -> None:
    report = build([EXAMPLES], tmp_path / "out.nq")
    loaded = load(tmp_path / "out.nq", empty_server)
    assert (loaded.sent, loaded.there, loaded.graphs) == (report.statements, 0, 10)
    graph = EndpointGraph(empty_server)
    total = graph.select("SELECT (COUNT(*) AS ?n) WHERE { GRAPH ?g { ?s ?p ?o } }").rows[0][0]
    assert total and int(total.value) == report.statements
    again = load(tmp_path / "out.nq", empty_server)  # nothing is sent twice
    assert (again.sent, again.there) == (0, report.statements)
    update = ox.NamedNode("https://w3id.org/trialkg/graph/shared")
    httpx.post(empty_server.replace("/query", "/update"), data={"update": f"DROP GRAPH {update}"}).raise_for_status()
    third = load(tmp_path / "out.nq", empty_server)  # a load that was broken off goes on
    assert 0 < third.sent < report.statements and third.sent + third.there == report.statements
    extra = f'INSERT DATA {{ GRAPH {update} {{ <urn:a> <urn:b> "c" }} }}'
    httpx.post(empty_server.replace("/query", "/update"), data={"update": extra}).raise_for_status()
    with pytest.raises(TrialKGError, match="1 of 10 graphs differ"):
        load(tmp_path / "out.nq", empty_server)


def test_a_file_without_graphs_and_a_store_are_loaded_too(empty_server: str, tmp_path: Path, triples: int) -> None:
    report = build([EXAMPLES], tmp_path / "out.ttl")
    assert load(tmp_path / "out.ttl", empty_server).sent == report.statements == triples
    build([EXAMPLES], f"{tmp_path}/store/")
    assert load(tmp_path / "store", empty_server).graphs == 11


#: Loads a file in small batches; the process ends itself before or after it sends the n-th.
_LOADER = """
import os, signal, sys
import httpx
import kg.load
when, number, source, address = sys.argv[1:]
sent, post = 0, httpx.Client.post

def counted(*arguments, **named):
    global sent
    if "sparql-update" not in str(named.get("headers")):
        return post(*arguments, **named)
    sent += 1
    last = sent == int(number)
    if last and when == "before":
        os.kill(os.getpid(), signal.SIGKILL)
    answer = post(*arguments, **named)
    if last:
        os.kill(os.getpid(), signal.SIGKILL)
    return answer

httpx.Client.post = counted
kg.load._BATCH = 1_000
kg.load.load(source, address)
print(sent)
"""


@pytest.mark.parametrize("form", ["nq", "ttl"])
def test_a_load_that_is_killed_at_any_step_goes_on(empty_server: str, tmp_path: Path, form: str) -> None:
    source = tmp_path / f"out.{form}"
    report = build([EXAMPLES], source)
    every = "{ ?s ?p ?o }" if form == "ttl" else "{ GRAPH ?g { ?s ?p ?o } }"
    graph = EndpointGraph(empty_server)

    def run(when: str, number: int) -> subprocess.CompletedProcess[str]:
        httpx.post(empty_server.replace("/query", "/update"), data={"update": "CLEAR ALL"}).raise_for_status()
        command = [sys.executable, "-c", _LOADER, when, str(number), str(source), empty_server]
        return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)

    whole = run("count", -1)
    steps = int(whole.stdout)
    assert steps > 4, whole.stderr
    for when in ("before", "after"):
        for number in range(1, steps + 1):
            assert run(when, number).returncode == -signal.SIGKILL
            load(source, empty_server)
            (row,) = graph.select(f"SELECT (COUNT(*) AS ?n) WHERE {every}").rows
            assert row[0] and int(row[0].value) == report.statements, (when, number)


@pytest.mark.parametrize(
    ("name", "address", "words"),
    [
        ("nothing.nq", "http://127.0.0.1:9/query", "no such file"),
        ("x.txt", "http://127.0.0.1:9/query", "form is not known"),
        ("x.nt", "ftp://127.0.0.1/query", "http://"),
        ("x.nt", "http://127.0.0.1:9/query", "did not answer"),
    ],
)
def test_a_wrong_load_is_said_in_one_line(name: str, address: str, words: str, tmp_path: Path) -> None:
    if name.startswith("x"):
        (tmp_path / name).write_text('<urn:a> <urn:b> "c" .\n')
    with pytest.raises(TrialKGError, match=words) as error:
        load(tmp_path / name, address)
    assert "\n" not in str(error.value)


def test_an_endpoint_that_is_not_there_is_said_in_one_line() -> None:
    graph = EndpointGraph(f"http://127.0.0.1:{free_port()}/sparql", timeout=2)
    with pytest.raises(Exception, match="did not answer") as caught:
        graph.select("SELECT * WHERE { ?s ?p ?o }")
    assert "\n" not in str(caught.value)


def test_the_health_of_the_test_server(oxigraph_server: EndpointGraph) -> None:
    address = oxigraph_server._url.replace("/query", "/")
    with urllib.request.urlopen(address, timeout=5) as response:
        assert response.status == 200
