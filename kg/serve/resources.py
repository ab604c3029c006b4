"""Every resource of the graph at its address: a page for people, Turtle, JSON-LD and others for programs."""

from __future__ import annotations

import re
from typing import Any

import pyoxigraph as ox
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from kg import assets, iri
from kg.errors import TrialKGError
from kg.graphs import Answer, Graph
from kg.mesh import MeshIndex
from kg.serve import media, trial_page, worker
from kg.serve.cells import cell
from kg.serve.pages import error_page, page, wants_html
from kg.serve.state import problem, problem_of, spooled, state

_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_TRIAL = re.compile(r"/trial/([^/]+)")
_CONCEPT = re.compile(r"[DC]\d{6,9}")
_SHOWN = 200


def node_of(request: Request) -> ox.NamedNode | None:
    """The resource that a request names, its address taken as it was sent; None where that is no IRI."""
    raw = request.scope.get("raw_path") or request.url.path.encode()
    try:
        return ox.NamedNode(iri.BASE + raw.split(b"?")[0].decode("ascii").lstrip("/"))
    except (ValueError, UnicodeDecodeError):
        return None


def _about(graph: Graph, node: ox.NamedNode) -> tuple[Answer, Answer]:
    """What is said of a node, and (some of) what says something of it."""
    out = graph.select(
        f"SELECT ?property ?value WHERE {{ {node} ?property ?value }} ORDER BY ?property ?value LIMIT 2000"
    )
    into = graph.select(
        f"SELECT DISTINCT ?thing ?property WHERE {{ ?thing ?property {node} }} ORDER BY ?thing LIMIT {_SHOWN + 1}"
    )
    return out, into


def _trials(graph: Graph, node: ox.NamedNode) -> Answer:
    """The trials of a drug, a condition, or anything narrower than a concept."""
    return graph.select(f"""
PREFIX tk: <{iri.TK}>
PREFIX dcterms: <http://purl.org/dc/terms/>
SELECT DISTINCT ?trial ?title ?status WHERE {{
  {{ SELECT DISTINCT ?one WHERE {{
    {{ ?one tk:isWithin {node} }} UNION {{ BIND({node} AS ?one) }} UNION {{ {node} skos:exactMatch/^tk:isWithin ?one }}
  }} }}
  ?trial tk:hasCondition|tk:hasIntervention ?one ; dcterms:title ?title .
  OPTIONAL {{ ?trial tk:overallStatus ?status }}
}} ORDER BY ?trial LIMIT {_SHOWN + 1}""")


def _tree(identifier: str, index: MeshIndex) -> list[list[tuple[str, str]]]:
    """The ways from the top of MeSH down to a concept: identifier and label of each step."""
    return [[(one, index.labels[one]) for one in index.way(number)] for number in index.trees.get(identifier, ())]


async def resource(request: Request) -> Response:
    """Any path that is a resource's: 404 where the graph says nothing of it."""
    here, node = state(request), node_of(request)
    if node is None:
        return problem(404, "there is nothing of that name here")
    try:
        if not wants_html(request, list(media.GRAPHS)):
            return await _data(request, node)
        if match := _TRIAL.fullmatch(request.url.path):
            if not await run_in_threadpool(here.graph.holds, f"{node} ?p ?o"):
                return page("error", 404, title="Not found", detail=f"{match[1]}: the graph has no such trial")
            return page("trial", trial=await run_in_threadpool(trial_page.page, here.graph, match[1]))
        out, into = await run_in_threadpool(_about, here.graph, node)
        if not out.rows and not into.rows:
            return page("error", 404, title="Not found", detail="the graph says nothing of this")
        is_concept = request.url.path.startswith(("/intervention/", "/condition/"))
        trials = await run_in_threadpool(_trials, here.graph, node) if is_concept else None
        return page("resource", **_shown(node.value, out, into, trials, here.index))
    except TrialKGError as error:
        return error_page(request, error)


async def _data(request: Request, node: ox.NamedNode) -> Response:
    """What is said of a node, in a format of graphs: its concise bounded description, as there are no blank nodes."""
    here = state(request)
    chosen = media.preferred(media.accepted(request), list(media.GRAPHS))
    if chosen is None:
        return problem(406, f"it can be had as {', '.join([media.HTML, *media.GRAPHS])}")
    try:
        if not await run_in_threadpool(here.graph.holds, f"{node} ?p ?o"):
            return problem(404, f"the graph says nothing of {node}")
        asked = worker.Request(f"CONSTRUCT {{ {node} ?p ?o }} WHERE {{ {node} ?p ?o }}", graph=media.GRAPHS[chosen])
        _, out = await run_in_threadpool(here.graph.run, asked)
    except TrialKGError as error:
        return problem_of(error)
    return spooled(out, media.content_type(chosen))


def _shown(node: str, out: Answer, into: Answer, trials: Answer | None, index: MeshIndex) -> dict[str, Any]:
    said = [(p, v) for p, v in out.rows if p and v]
    label = next((v.value for p, v in said if p.value == _LABEL), node.rsplit("/", 1)[-1])
    exact = [v.value.removeprefix(iri.MESH) for p, v in said if p.value.endswith("#exactMatch") and iri.MESH in v.value]
    ways = [way for one in exact if one in index.labels for way in _tree(one, index)]
    return {
        "node": node,
        "label": label,
        "said": [(cell(p), cell(v, index)) for p, v in said],
        "into": into.rows[:_SHOWN],
        "more_into": len(into.rows) > _SHOWN,
        "trials": trials.rows[:_SHOWN] if trials else None,
        "more_trials": bool(trials) and len(trials.rows if trials else []) > _SHOWN,
        "ways": ways,
        "below": [],
        "data": True,
    }


async def concept(request: Request) -> Response:
    """``/concept/D000068877``: a concept of MeSH with its place in the trees, and the trials of it or of anything narrower."""
    here, identifier = state(request), request.path_params["identifier"]
    if not _CONCEPT.fullmatch(identifier):
        return page("error", 404, title="Not found", detail=f"{identifier[:40]}: is no identifier of MeSH")
    node = ox.NamedNode(iri.MESH + identifier)
    try:
        out, into = await run_in_threadpool(_about, here.graph, node)
        trials = await run_in_threadpool(_trials, here.graph, node)
    except TrialKGError as error:
        return error_page(request, error)
    if identifier not in here.index.labels and not out.rows and not into.rows:
        return page("error", 404, title="Not found", detail=f"{identifier}: neither MeSH here nor the graph knows it")
    shown = _shown(node.value, out, into, trials, here.index)
    if identifier in here.index.labels:
        shown["label"] = here.index.labels[identifier]
        shown["ways"] = _tree(identifier, here.index)
        shown["below"] = _below(identifier, here.index)
    return page("resource", **{**shown, "data": False})


def _below(identifier: str, index: MeshIndex) -> list[tuple[str, str]]:
    """The concepts directly below one, by label."""
    numbers = index.trees.get(identifier, ())
    below = {
        owner for tree, owner in index.by_tree.items() if any(tree.rpartition(".")[0] == number for number in numbers)
    }
    return sorted(((one, index.labels[one]) for one in below), key=lambda pair: pair[1])


async def ontology(request: Request) -> Response:
    """``/ontology``: the ontology itself, in Turtle."""
    return FileResponse(assets.folder("ontology") / "trialkg.ttl", media_type="text/turtle")


def routes() -> list[Route]:
    """The routes of resources; the last one takes every path that no other has."""
    return [
        Route("/ontology", ontology),
        Route("/concept/{identifier}", concept),
        Route("/{path:path}", resource),
    ]
