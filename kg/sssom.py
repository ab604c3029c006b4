"""The links to MeSH of a graph as a mapping set: SSSOM TSV (https://mapping-commons.github.io/sssom/).

A row tells of one name of a condition or intervention which concept it was linked to, how the link was made and how sure it is: the linker is
asked again, and what it says is given where it is what the graph has.
"""

from __future__ import annotations

import csv
import io
from typing import NamedTuple

from kg import __version__, iri
from kg.graphs import Graph
from kg.mesh import MeshIndex
from kg.mesh.linker import link
from kg.output import PREFIXES

_COLUMNS = (
    "subject_id",
    "subject_label",
    "predicate_id",
    "object_id",
    "object_label",
    "mapping_justification",
    "confidence",
    "mapping_tool",
    "mapping_tool_version",
    "comment",
)
_SKOS = PREFIXES["skos"]
_LINKS = f"""
SELECT DISTINCT ?node ?kind ?name ?predicate ?concept WHERE {{
  VALUES ?predicate {{ <{_SKOS}exactMatch> <{_SKOS}broadMatch> }}
  ?node ?predicate ?concept ; a ?kind .
  {{ ?node <{PREFIXES["rdfs"]}label> ?name }} UNION {{ ?node <{_SKOS}altLabel> ?name }}
  FILTER(STRSTARTS(STR(?concept), "{iri.MESH}"))
  FILTER(STRSTARTS(STR(?node), "{iri.BASE}condition/") || STRSTARTS(STR(?node), "{iri.BASE}intervention/"))
}} ORDER BY ?node ?name ?kind
"""


class Mapping(NamedTuple):
    """A name that is linked: the node, the name, ``exact`` or ``broad``, the concept, how it was found and how sure that is (0 to 1)."""

    node: str
    name: str
    relation: str
    concept: str
    how: str
    confidence: float


def mappings(graph: Graph, index: MeshIndex) -> list[Mapping]:
    """The links of a graph by the names that led to them, sorted."""
    found: dict[tuple[str, str, str], Mapping] = {}
    for node, kind, name, predicate, concept in graph.select(_LINKS).rows:
        if not (node and kind and name and predicate and concept) or kind.value == iri.TK + "Intervention":
            continue
        relation = "exact" if predicate.value.endswith("exactMatch") else "broad"
        identifier = concept.value.removeprefix(iri.MESH)
        told = link(name.value, kind.value.removeprefix(iri.TK), index)
        if told and (told.identifier, told.relation) == (identifier, relation):
            one = Mapping(node.value, name.value, relation, identifier, told.justification, told.confidence)
        elif index.labels.get(identifier, "").casefold() == name.value.casefold():
            one = Mapping(node.value, name.value, relation, identifier, "term", 1.0)
        else:
            continue
        found.setdefault((one.node, one.name, one.concept), one)
    return sorted(found.values())


def tsv(found: list[Mapping], index: MeshIndex) -> str:
    """Mappings as SSSOM TSV, its metadata in comments before the table."""
    head = [
        "curie_map:",
        f"  mesh: {iri.MESH}",
        f"  skos: {_SKOS}",
        "  semapv: https://w3id.org/semapv/vocab/",
        f"  tkr: {iri.BASE}",
        f"mapping_set_id: {iri.BASE}mappings/links",
        f'mapping_set_version: "{__version__}"',
        "mapping_set_title: Conditions and interventions of clinical trials, linked to MeSH",
        "license: https://creativecommons.org/publicdomain/zero/1.0/",
        f'object_source_version: "{index.version}"',
        "object_source: mesh:vocab",
    ]
    out = io.StringIO()
    out.writelines(f"#{line}\n" for line in head)
    writer = csv.writer(out, delimiter="\t", lineterminator="\n")
    writer.writerow(_COLUMNS)
    for one in found:
        writer.writerow(
            [
                "tkr:" + one.node.removeprefix(iri.BASE),
                " ".join(one.name.split()),
                f"skos:{one.relation}Match",
                f"mesh:{one.concept}",
                index.labels.get(one.concept, ""),
                "semapv:LexicalMatching",
                f"{one.confidence:g}",
                "trialkg",
                __version__,
                one.how,
            ]
        )
    return out.getvalue()
