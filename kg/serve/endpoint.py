"""The SPARQL endpoint: queries, updates with a token, graphs, and what runs just now."""

from __future__ import annotations

from urllib.parse import urlsplit

import pyoxigraph as ox
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from kg.errors import TrialKGError, UsageError
from kg.output import PREFIXES
from kg.serve import describe, media, protocol, worker
from kg.serve.asked import Invalid
from kg.serve.guard import Refused, check_reach, look
from kg.serve.state import State, cut_to, problem, problem_of, spooled, state

_METHODS = {"Allow": "GET, HEAD, POST, OPTIONS"}


def seconds_of(parameters: dict[str, str]) -> float | None:
    """The time that a request asks for (``timeout``, in seconds); None where it asks for none. Raises Refused."""
    text = parameters.get("timeout", "")
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < 1e6:
        raise Refused(f"timeout={text[:20]}: is not a number of seconds")
    return seconds


async def sparql(request: Request) -> Response:
    """``/sparql``: the SPARQL 1.1 Protocol; without a query the service description, or the editor for a browser."""
    try:
        if request.method not in ("GET", "HEAD", "POST"):
            return problem_with(405, "a query is asked by GET or POST", _METHODS)
        operation = await protocol.read(request)
        here = state(request)
        if operation is None:
            return await describe.service(request)
        if operation.is_update:
            return await _update(request, here, operation)
        return await _query(request, here, operation)
    except Refused as error:
        response = problem_of(error)
        if error.status == 405:
            response.headers["Allow"] = "POST"
        return response
    except TrialKGError as error:
        return problem_of(error)


def problem_with(status: int, detail: str, headers: dict[str, str]) -> Response:
    """An error with headers of its own."""
    response = problem(status, detail)
    response.headers.update(headers)
    return response


async def _query(request: Request, here: State, operation: protocol.Operation) -> Response:
    accept = media.NAMES.get(operation.parameters.get("format", ""), request.headers.get("accept", ""))
    seen = look(operation.text)
    offered = media.GRAPHS if seen.form in ("CONSTRUCT", "DESCRIBE") else media.TABLES
    chosen = media.preferred(accept, list(offered))
    if chosen is None:
        return problem(406, f"none of the types in Accept can be given; there are {', '.join(offered)}")
    asked = worker.Request(
        operation.text,
        base=str(request.url.replace(query="")),
        table=media.TABLES.get(chosen, "json"),
        graph=media.GRAPHS.get(chosen, "turtle"),
        default=operation.default,
        named=operation.named,
        rows=here.settings.limits.rows,
        size=here.settings.limits.size,
    )
    reply, out = await run_in_threadpool(here.graph.run, asked, seconds_of(operation.parameters), seen)
    if (reply.kind == "graph") != (offered is media.GRAPHS):
        out.unlink(missing_ok=True)
        return problem(500, "the form of the query was not recognised")
    response = spooled(out, media.content_type(chosen))
    return cut_to(here.settings.limits.rows, response) if reply.truncated else response


def _is_foreign(request: Request) -> bool:
    origin = request.headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != request.headers.get("host", "")


def _refused_update(request: Request, here: State) -> Response | None:
    if not here.settings.token:
        return problem(403, "this endpoint takes no updates; its operator can allow them with a token")
    if _is_foreign(request):
        return problem(403, "an update may not come from a page of another origin")
    if not here.is_allowed(request):
        return problem(401, "an update needs the token: Authorization: Bearer TOKEN")
    return None


async def _update(request: Request, here: State, operation: protocol.Operation) -> Response:
    if refused := _refused_update(request, here):
        return refused
    check_reach(look(operation.text), here.settings.services)
    text = operation.text
    if operation.default is not None or operation.named is not None:
        text = protocol.with_dataset(text, operation.default or (), operation.named or ())
    asked = worker.Request(text, base=str(request.url.replace(query="")), prefixes=PREFIXES)
    reply = await run_in_threadpool(here.graph.pool.update, asked, seconds_of(operation.parameters))
    if reply.kind == "syntax":
        raise Invalid(reply)
    if reply.kind != "done":
        return problem(500, f"the update failed: {reply.message}")
    return Response(status_code=204)


async def graphs(request: Request) -> Response:
    """``/graphs``: the Graph Store Protocol. Reading is for all, writing needs the token."""
    here = state(request)
    try:
        named, is_default = request.query_params.getlist("graph"), "default" in request.query_params
        if len(named) + is_default != 1:
            raise Refused("name one graph: ?graph=IRI, or ?default")
        try:
            node = ox.NamedNode(named[0]) if named else None
        except ValueError:
            raise UsageError(f"{named[0][:100]}: is not the IRI of a graph") from None
        if request.method in ("GET", "HEAD"):
            return await _read_graph(request, here, node)
        if request.method not in ("PUT", "POST", "DELETE"):
            return problem_with(
                405,
                "a graph is read by GET and written by PUT, POST and DELETE",
                {"Allow": "GET, HEAD, PUT, POST, DELETE"},
            )
        if refused := _refused_update(request, here):
            return refused
        return await _write_graph(request, here, node)
    except TrialKGError as error:
        return problem_of(error)


async def _has(here: State, node: ox.NamedNode) -> bool:
    return await run_in_threadpool(here.graph.holds, f"GRAPH {node} {{ ?s ?p ?o }}")


async def _read_graph(request: Request, here: State, node: ox.NamedNode | None) -> Response:
    chosen = media.preferred(request.headers.get("accept", ""), list(media.GRAPHS))
    if chosen is None:
        return problem(406, f"a graph can be had as {', '.join(media.GRAPHS)}")
    if node and not await _has(here, node):
        return problem(404, f"there is no graph {node}")
    pattern = f"GRAPH {node} {{ ?s ?p ?o }}" if node else "?s ?p ?o FILTER NOT EXISTS { GRAPH ?g { ?s ?p ?o } }"
    asked = worker.Request(
        f"CONSTRUCT {{ ?s ?p ?o }} WHERE {{ {pattern} }}",
        graph=media.GRAPHS[chosen],
        size=here.settings.limits.size,
    )
    _, out = await run_in_threadpool(here.graph.run, asked)
    return spooled(out, media.content_type(chosen))


async def _write_graph(request: Request, here: State, node: ox.NamedNode | None) -> Response:
    there = await _has(here, node) if node else True
    if request.method == "DELETE":
        if not there:
            return problem(404, f"there is no graph {node}")
        text = f"DROP GRAPH {node}" if node else "DROP DEFAULT"
    else:
        kinds = {"turtle": ox.RdfFormat.TURTLE, "ntriples": ox.RdfFormat.N_TRIPLES}
        sent = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        form = kinds.get(media.GRAPHS.get(sent, ""))
        if form is None:
            return problem(415, "a graph is sent as text/turtle or application/n-triples")
        data = await protocol.body(request, 64 << 20)
        base = named.value if (named := node) else str(request.url)
        try:
            lines = [f"{quad.triple} ." for quad in ox.parse(data, format=form, base_iri=base, rename_blank_nodes=True)]
        except (SyntaxError, ValueError) as error:
            raise UsageError(f"the graph cannot be read: {error}") from None
        inner = "\n".join(lines)
        put = f"INSERT DATA {{ GRAPH {node} {{ {inner} }} }}" if node else f"INSERT DATA {{ {inner} }}"
        drop = (f"DROP SILENT GRAPH {node};\n" if node else "DROP DEFAULT;\n") if request.method == "PUT" else ""
        text = drop + put
    reply = await run_in_threadpool(here.graph.pool.update, worker.Request(text))
    if reply.kind != "done":
        return problem(500, f"the graph could not be written: {reply.message}")
    return Response(status_code=204 if there else 201)


async def running(request: Request) -> Response:
    """``/queries``: what runs just now; with DELETE and the token one is stopped."""
    here = state(request)
    if not here.is_allowed(request):
        return problem(401 if here.settings.token else 403, "this needs the operator's token")
    if request.method == "DELETE":
        number = int(request.path_params.get("number", 0))
        if not here.graph.pool.stop(number):
            return problem(404, f"no query {number} runs")
        return Response(status_code=204)
    return JSONResponse([one._asdict() for one in here.graph.pool.running()])


async def health(request: Request) -> Response:
    """``/health``: 200 when a query is answered."""
    try:
        await run_in_threadpool(state(request).graph.select, "ASK {}")
    except TrialKGError as error:
        return problem(503, str(error))
    return JSONResponse({"status": "ok"})
