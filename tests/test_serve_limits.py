"""The server: what it refuses, what it bounds, and that one client's query is no other's."""

from __future__ import annotations

import csv
import io
import itertools
import socketserver
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kg.serve.app import is_loopback
from kg.serve.guard import DEPTH, Refused, look, resolved, tokens
from kg.serve.pool import Ended, Limits, Pool
from kg.serve.protocol import with_dataset
from kg.serve.worker import Request
from tests_support import BEARER, TOKEN, client_of, store_with, yes

# What is refused ------------------------------------------------------------------------------------------------------


def _nested(n: int) -> dict[str, str]:
    return {
        "braces": "SELECT * " + "{" * n + "}" * n,
        "parentheses": "SELECT (" + "(" * n + "1" + ")" * n + " AS ?x) {}",
        "not": "SELECT (" + "!" * n + "1 AS ?x) {}",
        "minus": "SELECT (" + "- " * n + "1 AS ?x) {}",
        "inverse": "SELECT * { ?s " + "^" * n + "<p:p> ?o }",
        "blank": "SELECT * { ?s ?p " + "[ ?p " * n + "1" + "]" * n + " }",
        "list": "SELECT * { ?s ?p " + "(" * n + ")" * n + " }",
        "triple": "SELECT * { ?s ?p " + "<<( ?s ?p " * n + "1" + ")>>" * n + " }",
        "optional": "SELECT * {" + "OPTIONAL {" * n + "}" * n + "}",
        "union": "SELECT * {" + "{} UNION {" * n + "}" * n + "}",
        "select": "SELECT * {" + "SELECT * {" * n + "}" * n + "}",
        "escaped": "SELECT * " + "\\u007B" * n + "\\u007D" * n,
    }


@pytest.mark.parametrize("kind", _nested(1))
def test_nesting_is_bounded(served: TestClient, kind: str) -> None:
    for n in (DEPTH + 2, 1_000, 10_000, 100_000):
        text = _nested(n)[kind]
        got = served.post("/sparql", content=text.encode(), headers={"Content-Type": "application/sparql-query"})
        assert got.status_code == 400, (kind, n)
        assert "nested" in got.json()["detail"] or "row" in got.json()["detail"]
    assert yes(served, "ASK {}")


def test_moderate_nesting_is_answered(served: TestClient) -> None:
    got = served.get("/sparql", params={"query": "ASK " + "{" * 60 + "}" * 60})
    assert got.json()["boolean"]


@pytest.mark.parametrize(
    "text",
    [
        '"""' * 60_000,
        "<a" * 60_000,
        "a:\\" * 40_000,
        "\\u0041" * 30_000,
        '"' + '\\"' * 60_000,
        "?" * 60_000,
        "'" * 99_999,
    ],
)
def test_hostile_text_is_looked_through_in_linear_time(text: str) -> None:
    def taken(one: str) -> float:
        begun = time.process_time()
        list(tokens(resolved(one)))
        return time.process_time() - begun

    once = min(taken(text) for _ in range(3))
    twice = min(taken(text * 2) for _ in range(3))
    assert twice < 0.2 + 6 * once


_REACHING = [
    "SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ service <{url}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ SERVICE SILENT <{url}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ SeRvIcE\n#x\n<{url}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ \\u0053ERVICE <{url}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ SERV\\U00000049CE <{url}> {{ ?s ?p ?o }} }}",
    "SELECT * {{ BIND(<{url}> AS ?g) SERVICE ?g {{ ?s ?p ?o }} }}",
    "SELECT * {{ VALUES ?g {{ <{url}> }} SERVICE ?g {{ ?s ?p ?o }} }}",
    "PREFIX x: <{url}> SELECT * {{ SERVICE x: {{ ?s ?p ?o }} }}",
    "BASE <{url}> SELECT * {{ SERVICE <> {{ ?s ?p ?o }} }}",
    "ASK {{ OPTIONAL {{ SERVICE <{url}> {{ ?s ?p ?o }} }} }}",
    "ASK {{ FILTER EXISTS {{ SERVICE <{url}> {{ ?s ?p ?o }} }} }}",
    "ASK {{ FILTER NOT EXISTS {{ SERVICE <{url}> {{ ?s ?p ?o }} }} }}",
    "ASK {{ {{ SELECT * {{ SERVICE <{url}> {{ ?s ?p ?o }} }} }} }}",
    "ASK {{ MINUS {{ SERVICE <{url}> {{ ?s ?p ?o }} }} }}",
    "ASK {{ GRAPH ?g {{ SERVICE <{url}> {{ ?s ?p ?o }} }} }}",
    "ASK {{ {{}} UNION {{ SERVICE <{url}> {{ ?s ?p ?o }} }} }}",
    "CONSTRUCT {{ ?s ?p ?o }} WHERE {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
    "DESCRIBE ?s WHERE {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
    "SELECT (EXISTS {{ SERVICE <{url}> {{ ?s ?p ?o }} }} AS ?x) {{}}",
]
_LOADING = [
    "LOAD <{url}>",
    "LOAD SILENT <{url}> INTO GRAPH <g:g>",
    "\\u004COAD <{url}>",
    "INSERT {{ ?s ?p ?o }} WHERE {{ SERVICE <{url}> {{ ?s ?p ?o }} }}",
]


class _Listener(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        self.hits = 0
        super().__init__(("127.0.0.1", 0), socketserver.BaseRequestHandler)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        self.hits += 1
        return False


@pytest.fixture
def listener() -> Iterator[_Listener]:
    with _Listener() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def test_nothing_is_reached(writable: TestClient, listener: _Listener) -> None:
    port = listener.server_address[1]
    hosts = [
        f"http://127.0.0.1:{port}/",
        f"http://localhost:{port}/",
        f"http://[::1]:{port}/",
        f"http://2130706433:{port}/",
    ]
    for pattern, host in itertools.product(_REACHING, hosts):
        got = writable.post("/sparql", data={"query": pattern.format(url=host)})
        assert 400 <= got.status_code < 500, (pattern, got.text)
    for pattern, host in itertools.product(_LOADING, hosts):
        got = writable.post("/sparql", data={"update": pattern.format(url=host)}, headers=BEARER)
        assert 400 <= got.status_code < 500, (pattern, got.text)
    for scheme in ("file:///etc/passwd", "ftp://127.0.0.1/", "gopher://127.0.0.1/", "http://169.254.169.254/"):
        assert writable.post("/sparql", data={"query": _REACHING[0].format(url=scheme)}).status_code == 403
    assert listener.hits == 0


def test_a_service_is_reached_when_its_address_is_allowed(tmp_path: Path, listener: _Listener) -> None:
    address = f"http://127.0.0.1:{listener.server_address[1]}/sparql"
    for client in client_of(store_with(tmp_path / "store"), services=frozenset({address})):
        got = client.post("/sparql", data={"query": _REACHING[0].format(url=address)})
        assert got.status_code == 500  # it was asked, and hung up
        assert listener.hits >= 1
        assert client.post("/sparql", data={"query": _REACHING[0].format(url=address + "/")}).status_code == 403


def test_no_local_file_is_read(served: TestClient, tmp_path: Path) -> None:
    canary = tmp_path / "canary.ttl"
    canary.write_text('<canary:a> <canary:b> "canary content" .')
    address = canary.as_uri()
    for text in (
        f"SELECT * FROM <{address}> {{ ?s ?p ?o }}",
        f"SELECT * FROM NAMED <{address}> {{ GRAPH ?g {{ ?s ?p ?o }} }}",
        f"SELECT * {{ GRAPH <{address}> {{ ?s ?p ?o }} }}",
        f"CONSTRUCT FROM <{address}> WHERE {{ ?s ?p ?o }}",
        f"DESCRIBE <canary:a> FROM <{address}>",
    ):
        assert "canary content" not in served.get("/sparql", params={"query": text}).text
    for name in ("default-graph-uri", "named-graph-uri"):
        got = served.get("/sparql", params={"query": "SELECT * { ?s ?p ?o }", name: address})
        assert "canary content" not in got.text
    for path in (
        str(canary),
        f"/static/..{canary}",
        f"/static/%2e%2e/%2e%2e{canary}",
        "/static/../app.py",
        f"/graphs?graph={quote(address)}",
    ):
        got = served.get(path)
        assert got.status_code in (400, 404)
        assert "canary content" not in got.text


@pytest.mark.parametrize("way", ["form", "direct", "graph put", "graph delete"])
@pytest.mark.parametrize("auth", ["", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}"])
@pytest.mark.parametrize("origin", ["", "http://testserver", "http://evil.example"])
def test_updates_need_the_token_and_no_other_page(writable: TestClient, way: str, auth: str, origin: str) -> None:
    headers = {"Authorization": auth, **({"Origin": origin} if origin else {})}
    writable.post("/sparql", data={"update": "INSERT DATA { GRAPH <g:0> { <a:a> <b:b> 0 } }"}, headers=BEARER)
    update = "INSERT DATA { GRAPH <g:g> { <a:a> <b:b> 1 } }"
    if way == "form":
        got = writable.post("/sparql", data={"update": update}, headers=headers)
    elif way == "direct":
        got = writable.post("/sparql", content=update, headers={**headers, "Content-Type": "application/sparql-update"})
    elif way == "graph put":
        got = writable.put(
            "/graphs?graph=g:g", content=b"<a:a> <b:b> 1 .", headers={**headers, "Content-Type": "text/turtle"}
        )
    else:
        got = writable.delete("/graphs?graph=g:0", headers=headers)
    allowed = auth == f"Bearer {TOKEN}" and origin != "http://evil.example"
    assert (got.status_code < 300) is allowed, got.text
    if not allowed:
        assert got.status_code == (403 if origin == "http://evil.example" else 401)
    assert got.headers.get("access-control-allow-origin") is None or not allowed
    there = yes(writable, "ASK { GRAPH <g:g> { ?s ?p ?o } }")
    gone = not yes(writable, "ASK { GRAPH <g:0> { ?s ?p ?o } }")
    assert (gone if way == "graph delete" else there) is allowed


def test_reads_are_open_to_other_pages_and_updates_are_not(served: TestClient) -> None:
    origin = {"Origin": "http://other.example", "Access-Control-Request-Method": "POST"}
    asked = served.options("/sparql", headers=origin)
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "authorization" not in asked.headers["access-control-allow-headers"].lower()
    assert (
        served.get("/sparql", params={"query": "ASK {}"}, headers=origin).headers["access-control-allow-origin"] == "*"
    )
    assert served.post("/sparql", data={"update": "CLEAR ALL"}, headers=BEARER).status_code == 403
    assert served.get("/queries", headers=BEARER).status_code == 403


def test_a_local_server_answers_to_its_own_names_only(tmp_path: Path) -> None:
    for client in client_of(store_with(tmp_path / "store"), hosts=frozenset({"localhost", "[::1]"})):
        for host, status in (
            ("localhost:8000", 200),
            ("localhost", 200),
            ("[::1]:8000", 200),
            ("evil.example", 403),
            ("", 403),
        ):
            got = client.get("/sparql", params={"query": "ASK {}"}, headers={"Host": host})
            assert got.status_code == status, host
    assert is_loopback("127.0.0.1")
    assert is_loopback("::1")
    assert not is_loopback("0.0.0.0")


def test_a_dataset_for_updates() -> None:
    text = with_dataset(
        "DELETE { ?s ?p 1 } WHERE { ?s ?p 1 { SELECT * WHERE {} } } ; INSERT DATA { <a:a> <b:b> 'WHERE' }",
        ["g:1"],
        ["g:2"],
    )
    assert text.count("USING <g:1> USING NAMED <g:2> WHERE") == 1
    short = with_dataset("DELETE WHERE { ?s ?p 1 }", ["g:1"], [])
    assert short.split() == "DELETE { ?s ?p 1 } USING <g:1> WHERE { ?s ?p 1 }".split()
    with pytest.raises(Refused):
        with_dataset("WITH <g:1> DELETE { ?s ?p 1 } WHERE { ?s ?p 1 }", ["g:1"], [])


# Limits ---------------------------------------------------------------------------------------------------------------

_KILLERS = {
    "cross product counted": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "cross product sent": "SELECT * { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "cross product sorted": "SELECT * { ?a ?b ?c . ?d ?e ?f } ORDER BY ?c ?f ?a",
    "cross product joined": "SELECT (GROUP_CONCAT(STR(?c)) AS ?x) { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "paths": "SELECT (COUNT(*) AS ?n) { ?a (!<p:p>|!<p:q>)* ?b . ?b (!<p:p>|!<p:q>)* ?c . ?c (!<p:p>|^!<p:q>)* ?d }",
    "doubled text": "SELECT (STRLEN(?h) AS ?n) { ?s ?p ?o BIND(STR(?s) AS ?a) "
    + " ".join(f"BIND(CONCAT(?{x}, ?{x}, ?{x}, ?{x}, ?{x}, ?{x}) AS ?{y})" for x, y in itertools.pairwise("abcdefgh"))
    + " }",
    "sub-selects": "SELECT (COUNT(*) AS ?n) { { SELECT ?a ?c { ?a ?b ?c . ?x ?y ?z } } { SELECT ?d ?f { ?d ?e ?f . ?u ?v ?w } } FILTER(?a != ?d) }",
    "distinct": "SELECT DISTINCT ?c ?f ?i { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "exists": "SELECT * { ?a ?b ?c . ?d ?e ?f FILTER NOT EXISTS { ?x ?y ?z . ?u ?v ?w FILTER(?z = ?c && ?w = ?f && ?x != ?u && ?y = ?v && ?a = ?d && ?b != ?e) } }",
    "construct": "CONSTRUCT { ?a ?e ?i } WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "describe": "DESCRIBE ?a ?d WHERE { ?a ?b ?c . ?d ?e ?f . ?g ?h ?i }",
    "regex": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f FILTER(REGEX(CONCAT(STR(?c), STR(?f)), '(a|b|c)*d.*e.*f.*g$')) ?g ?h ?i }",
    "values": "SELECT (COUNT(*) AS ?n) { "
    + " ".join(f"VALUES ?{v} {{ {' '.join(map(str, range(900)))} }}" for v in "abcd")
    + " }",
    "left joins": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c OPTIONAL { ?d ?e ?f OPTIONAL { ?g ?h ?i FILTER(?i != ?c) } FILTER(?f != ?c) } }",
    "minus": "SELECT (COUNT(*) AS ?n) { ?a ?b ?c . ?d ?e ?f MINUS { ?a ?y ?z . ?d ?v ?w FILTER(?z = ?w) } ?g ?h ?i }",
}


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory, examples_ttl: Path) -> Iterator[TestClient]:
    folder = store_with(tmp_path_factory.mktemp("impatient") / "store", (examples_ttl, ox.RdfFormat.TURTLE, ""))
    yield from client_of(folder, limits=Limits(workers=2, seconds=1.2, size=8 << 20, memory=1 << 30), token=TOKEN)


def _burns(number: int) -> bool:
    """Whether a process still runs."""
    try:
        return Path(f"/proc/{number}/stat").read_text().split(")")[1].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def _kill(client: TestClient, ended: list[Any]) -> None:
    ended.append(client.post("/sparql", data={"query": _KILLERS["paths"]}))


@pytest.mark.parametrize("name", _KILLERS)
def test_a_runaway_query_ends_and_the_others_go_on(impatient: TestClient, name: str) -> None:
    pool: Pool = impatient.pool  # type: ignore[attr-defined]
    ended: list[Any] = []
    thread = threading.Thread(target=lambda: ended.append(impatient.post("/sparql", data={"query": _KILLERS[name]})))
    thread.start()
    time.sleep(0.3)
    busy = [worker._process.pid for _, _, worker in list(pool._running.values())]
    begun = time.monotonic()
    assert yes(impatient, "ASK {}")
    assert time.monotonic() - begun < 10, "a small query waited for the large one"
    thread.join(30)
    assert ended[0].status_code in (413, 503), ended[0].text[:300]
    assert ended[0].headers["content-type"] == "application/problem+json"
    time.sleep(0.2)
    assert ended[0].status_code == 413 or (busy and not any(map(_burns, busy)))
    assert not list(pool.answers.iterdir())


def test_a_request_may_only_shorten_its_time(impatient: TestClient) -> None:
    got = impatient.post("/sparql", data={"query": _KILLERS["paths"], "timeout": "0.3"})
    assert "0.3 seconds" in got.json()["detail"]
    got = impatient.post("/sparql", data={"query": _KILLERS["paths"], "timeout": "99"})
    assert "1.2 seconds" in got.json()["detail"]


def test_running_queries_are_listed_and_stopped(tmp_path: Path, examples_ttl: Path) -> None:
    folder = store_with(tmp_path / "store", (examples_ttl, ox.RdfFormat.TURTLE, ""))
    for client in client_of(folder, limits=Limits(workers=2, seconds=30), token=TOKEN):
        ended: list[Any] = []
        thread = threading.Thread(target=_kill, args=(client, ended))
        thread.start()
        for _ in range(100):
            time.sleep(0.05)
            if listed := client.get("/queries", headers=BEARER).json():
                break
        assert listed[0]["text"] == _KILLERS["paths"]
        assert client.delete(f"/queries/{listed[0]['number']}", headers=BEARER).status_code == 204
        thread.join(10)
        assert ended[0].status_code == 503
        assert client.delete("/queries/99", headers=BEARER).status_code == 404


def test_many_readers(served: TestClient) -> None:
    """Fifty at once: each has the whole answer."""
    query = "SELECT ?t ?title { ?t a tk:Trial ; dcterms:title ?title } ORDER BY ?t"
    expected = served.get("/sparql", params={"query": query}).text
    answers: list[str] = []

    def read() -> None:
        for _ in range(4):
            answers.append(served.get("/sparql", params={"query": query}).text)

    threads = [threading.Thread(target=read) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [expected] * 200


@pytest.mark.parametrize("form", ["json", "xml", "csv", "tsv"])
@pytest.mark.parametrize("rows", [1, 7, 99, 100, 101])
def test_a_cut_answer_says_so_and_is_well_formed(tmp_path: Path, form: str, rows: int) -> None:
    store = ox.Store(str(tmp_path / "store"))
    hostile = 'a "quote" }} {} ]}} \n , \\ </result> é'
    store.extend(
        ox.Quad(ox.NamedNode(f"http://x/{n}"), ox.NamedNode("p:p"), ox.Literal(hostile * (n % 40 * 30)))
        for n in range(100)
    )
    store.flush()
    del store
    for client in client_of(tmp_path / "store", limits=Limits(workers=1, rows=rows)):
        got = client.get("/sparql", params={"query": "SELECT * { ?s <p:p> ?o } ORDER BY ?s", "format": form})
        if form == "csv":
            found = len(list(csv.reader(io.StringIO(got.text, newline="")))) - 1
        else:
            kinds = {
                "json": ox.QueryResultsFormat.JSON,
                "xml": ox.QueryResultsFormat.XML,
                "tsv": ox.QueryResultsFormat.TSV,
            }
            found = len(list(ox.parse_query_results(got.content, format=kinds[form])))  # type: ignore[arg-type]
        assert found == min(rows, 100)
        assert got.headers.get("x-result-truncated") == ("true" if rows < 100 else None)


def test_an_answer_that_is_too_large_is_no_answer(tmp_path: Path, examples_ttl: Path) -> None:
    folder = store_with(tmp_path / "store", (examples_ttl, ox.RdfFormat.TURTLE, ""))
    for client in client_of(folder, limits=Limits(workers=1, size=100_000)):
        got = client.get("/sparql", params={"query": "SELECT * { ?s ?p ?o }"})
        assert got.status_code == 413
        assert got.headers["content-type"] == "application/problem+json"


def test_too_many_wait(tmp_path: Path) -> None:
    pool = Pool(store_with(tmp_path / "store"), Limits(workers=1, seconds=1, waiting=0))
    try:
        with pytest.raises(Ended) as caught:
            pool.run(Request("ASK {}"))
        assert caught.value.status == 429
    finally:
        pool.close()


def test_processes_end_with_the_pool(tmp_path: Path) -> None:
    pool = Pool(store_with(tmp_path / "store"), Limits(workers=3))
    pool.run(Request("ASK {}"))
    numbers = [worker._process.pid for worker in pool._idle]
    pool.close()
    assert len(numbers) == 3
    assert not any(map(_burns, numbers))
    assert not pool.answers.exists()
    with pytest.raises(Ended):
        pool.run(Request("ASK {}"))


def test_what_the_tokens_tell() -> None:
    assert look("PREFIX a: <b> SELECT * {}").form == "SELECT"
    assert look("# ASK\nCONSTRUCT { ?select ?p ?o } WHERE { ?s ?p 'ASK' }").form == "CONSTRUCT"
    assert look("PREFIX select: <x:> ASK { select:x ?p <http://x/#ASK> }").form == "ASK"
    assert look("SELECT * { ?s ?p 'SERVICE <x>' , <x:SERVICE> , ex:SERVICE , ?SERVICE }").services == ()
    assert look("INSERT DATA { <a:a> <b:b> 'LOAD' }").loads is False
    with pytest.raises(Refused):
        look("\\uD800")
