"""What a server says of itself: the SPARQL 1.1 Service Description, and its dataset in VoID and DCAT."""

from __future__ import annotations

from typing import Any

import pyoxigraph as ox
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from kg import iri
from kg.errors import TrialKGError
from kg.graphs import Graph
from kg.output import PREFIXES, turtle_of
from kg.serve import media, worker
from kg.serve.state import problem, state

_SD = "http://www.w3.org/ns/sparql-service-description#"
_VOID = "http://rdfs.org/ns/void#"
_DCAT = "http://www.w3.org/ns/dcat#"
_FORMATS = "http://www.w3.org/ns/formats/"
_TYPE = ox.NamedNode(PREFIXES["rdf"] + "type")
_USED = {**PREFIXES, "sd": _SD, "void": _VOID, "dcat": _DCAT, "formats": _FORMATS}
_PARTS = "SELECT ?class ?property (COUNT(*) AS ?n) WHERE { ?s a ?class ; ?property ?o } GROUP BY ?class ?property"
_CLASSES = "SELECT ?class (COUNT(DISTINCT ?s) AS ?n) WHERE { ?s a ?class } GROUP BY ?class"
_DATASET = f"SELECT ?p ?o WHERE {{ GRAPH <{iri.DATASET_GRAPH}> {{ <{iri.BASE}dataset> ?p ?o }} }}"


def written(quads: list[ox.Quad], form: str) -> bytes:
    """Statements in a format of :data:`kg.serve.media.GRAPHS`, sorted."""
    if form == "turtle":
        return turtle_of((q.triple for q in quads), _USED)
    return ox.serialize(sorted((q.triple for q in quads), key=str), format=worker.GRAPHS[form]) or b""


def _say(subject: ox.NamedNode, pairs: list[tuple[str, Any]]) -> list[ox.Quad]:
    return [
        ox.Quad(subject, ox.NamedNode(name), value if not isinstance(value, (str, int)) else ox.Literal(value))
        for name, value in pairs
    ]


def service_description(address: str, *, updates: bool, services: bool) -> list[ox.Quad]:
    """The service at an address, as https://www.w3.org/TR/sparql11-service-description/ has it."""
    node, dataset = ox.NamedNode(address), ox.NamedNode(f"{address}#dataset")
    default = ox.NamedNode(f"{address}#default")
    formats = ("SPARQL_Results_JSON", "SPARQL_Results_XML", "SPARQL_Results_CSV", "SPARQL_Results_TSV")
    graphs = ("Turtle", "N-Triples", "RDF_XML", "JSON-LD")
    languages = ["SPARQL10Query", "SPARQL11Query", *(["SPARQL11Update"] if updates else [])]
    features = ["UnionDefaultGraph", *(["BasicFederatedQuery"] if services else [])]
    told: list[tuple[str, Any]] = [
        (_TYPE.value, ox.NamedNode(_SD + "Service")),
        (_SD + "endpoint", node),
        (_SD + "defaultDataset", dataset),
        *((_SD + "supportedLanguage", ox.NamedNode(_SD + name)) for name in languages),
        *((_SD + "feature", ox.NamedNode(_SD + name)) for name in features),
        *((_SD + "resultFormat", ox.NamedNode(_FORMATS + name)) for name in (*formats, *graphs)),
    ]
    return [
        *_say(node, told),
        *_say(dataset, [(_TYPE.value, ox.NamedNode(_SD + "Dataset")), (_SD + "defaultGraph", default)]),
        *_say(default, [(_TYPE.value, ox.NamedNode(_SD + "Graph"))]),
    ]


def dataset(graph: Graph, address: str) -> list[ox.Quad]:
    """The dataset in VoID and DCAT: what the store says of itself, and how often each class has each property.

    The counts are left out where the store is too large to be counted within the time of a query.
    """
    node = ox.NamedNode(iri.BASE + "dataset")
    quads = _say(
        node,
        [
            (_TYPE.value, ox.NamedNode(_VOID + "Dataset")),
            (_TYPE.value, ox.NamedNode(_DCAT + "Dataset")),
            (PREFIXES["dcterms"] + "title", ox.Literal("A graph of clinical trials", language="en")),
            (_VOID + "sparqlEndpoint", ox.NamedNode(f"{address}sparql")),
            (_VOID + "uriSpace", iri.BASE),
            (_VOID + "vocabulary", ox.NamedNode(iri.TK.removesuffix("#"))),
        ],
    )
    for predicate, value in graph.select(_DATASET).rows:
        if predicate and value:
            term = ox.NamedNode(value.value) if value.kind == "uri" else _literal(value)
            quads.append(ox.Quad(node, ox.NamedNode(predicate.value), term))
    try:
        classes, parts = graph.select(_CLASSES).rows, graph.select(_PARTS).rows
    except TrialKGError:
        return list(dict.fromkeys(quads))
    for name, number in classes:
        if name and number:
            part = _part(name.value)
            quads += _say(node, [(_VOID + "classPartition", part)])
            quads += _say(part, [(_VOID + "class", ox.NamedNode(name.value)), (_VOID + "entities", int(number.value))])
    for name, predicate, number in parts:
        if name and predicate and number:
            part, inner = _part(name.value), _part(name.value, predicate.value)
            quads += _say(part, [(_VOID + "propertyPartition", inner)])
            quads += _say(
                inner,
                [(_VOID + "property", ox.NamedNode(predicate.value)), (_VOID + "triples", int(number.value))],
            )
    return list(dict.fromkeys(quads))


def _literal(value: Any) -> ox.Literal:
    if value.language:
        return ox.Literal(value.value, language=value.language)
    return ox.Literal(value.value, datatype=ox.NamedNode(value.datatype))


def _part(*names: str) -> ox.NamedNode:
    return ox.NamedNode(f"{iri.BASE}dataset#" + "/".join(iri.segment(name) for name in names))


def _chosen(request: Request) -> str | None:
    return media.preferred(media.accepted(request), list(media.GRAPHS))


async def service(request: Request) -> Response:
    """The service description; the editor for a browser, which asks for HTML."""
    accept = request.headers.get("accept", "")
    if media.preferred(accept, [*media.GRAPHS, media.HTML]) == media.HTML:
        return RedirectResponse("/editor", 303)
    chosen = _chosen(request)
    if chosen is None:
        return problem(406, f"the service description can be had as {', '.join(media.GRAPHS)}")
    here = state(request)
    quads = service_description(
        str(request.url.replace(query="")), updates=bool(here.settings.token), services=bool(here.settings.services)
    )
    return Response(written(quads, media.GRAPHS[chosen]), headers={"Content-Type": media.content_type(chosen)})


async def void(request: Request) -> Response:
    """``/.well-known/void``"""
    chosen = _chosen(request)
    if chosen is None:
        return problem(406, f"the description can be had as {', '.join(media.GRAPHS)}")
    here, address = state(request), str(request.base_url)
    quads = await run_in_threadpool(here.kept, f"void {address}", lambda: dataset(here.graph, address))
    return Response(written(quads, media.GRAPHS[chosen]), headers={"Content-Type": media.content_type(chosen)})
