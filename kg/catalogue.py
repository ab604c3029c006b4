"""The questions as RDF, in the form of the SIB's sparql-examples: editors and other people's tools read them there.

Each is a ``sh:SPARQLExecutable`` (https://www.w3.org/TR/shacl-af/#SPARQLExecutable) with its text, words and endpoint.
"""

from __future__ import annotations

import re

import pyoxigraph as ox

from kg import iri
from kg.output import PREFIXES, turtle_of
from kg.questions import questions, with_example

_SH = "http://www.w3.org/ns/shacl#"
_SCHEMA = "https://schema.org/"
_PREFIXES = {**PREFIXES, "sh": _SH, "schema": _SCHEMA, "owl": "http://www.w3.org/2002/07/owl#"}
_ANY_URI = ox.NamedNode(PREFIXES["xsd"] + "anyURI")


def catalogue(endpoint: str = "") -> bytes:
    """All questions as Turtle, for an endpoint where one is given."""
    quads: list[ox.Quad] = []

    def say(subject: str, predicate: str, value: ox.NamedNode | ox.Literal) -> None:
        quads.append(ox.Quad(ox.NamedNode(subject), ox.NamedNode(predicate), value))

    declared = iri.BASE + "query/prefixes"
    say(declared, PREFIXES["rdf"] + "type", ox.NamedNode(_PREFIXES["owl"] + "Ontology"))
    for name, namespace in PREFIXES.items():
        node = f"{declared}/{name}"
        say(declared, _SH + "declare", ox.NamedNode(node))
        say(node, _SH + "prefix", ox.Literal(name))
        say(node, _SH + "namespace", ox.Literal(namespace, datatype=_ANY_URI))
    for one in questions().values():
        node = f"{iri.BASE}query/{one.name}"
        for kind in ("SPARQLExecutable", "SPARQLSelectExecutable"):
            say(node, PREFIXES["rdf"] + "type", ox.NamedNode(_SH + kind))
        say(node, PREFIXES["rdfs"] + "label", ox.Literal(one.summary, language="en"))
        say(node, PREFIXES["rdfs"] + "comment", ox.Literal(with_example(one), language="en"))
        say(node, _SH + "prefixes", ox.NamedNode(declared))
        say(node, _SH + "select", ox.Literal(re.sub(r"^#\+[^\n]*\n", "", one.sparql, flags=re.M).lstrip()))
        for tag in one.tags:
            say(node, _SCHEMA + "keywords", ox.Literal(tag))
        if endpoint:
            say(node, _SCHEMA + "target", ox.NamedNode(endpoint))
    return turtle_of((q.triple for q in quads), _PREFIXES)
