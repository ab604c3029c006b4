"""The part of MeSH that a graph uses, as statements, so that a file alone answers questions about broader things."""

from __future__ import annotations

from collections.abc import Iterable

import pyoxigraph as ox

from kg.iri import MESH
from kg.mesh import MeshIndex

_TYPE = ox.NamedNode("http://www.w3.org/1999/02/22-rdf-syntax-ns#type")
_LABEL = ox.NamedNode("http://www.w3.org/2000/01/rdf-schema#label")


def _vocab(name: str) -> ox.NamedNode:
    return ox.NamedNode(f"{MESH}vocab#{name}")


def statements(identifiers: Iterable[str], index: MeshIndex) -> list[str]:
    """N-Triples lines about the concepts: class, label, broader descriptors, actions, where they are filed; sorted.

    In NLM's own terms (https://id.nlm.nih.gov/mesh/vocab), so that a join with NLM's RDF just works.
    """
    used = set(identifiers)
    lines: list[str] = []

    def say(subject: str, predicate: ox.NamedNode, value: ox.NamedNode | ox.Literal) -> None:
        lines.append(f"{ox.Triple(ox.NamedNode(MESH + subject), predicate, value)} .")

    for one in used:
        if one not in index.labels:
            continue
        say(one, _TYPE, _vocab("TopicalDescriptor" if one.startswith("D") else "SupplementaryConceptRecord"))
        say(one, _LABEL, ox.Literal(index.labels[one], language="en"))
        for name, others in (
            ("broaderDescriptor", index.parents(one)),
            ("pharmacologicalAction", index.actions.get(one, [])),
            ("mappedTo", index.mapped.get(one, [])),
        ):
            for other in others:
                if other in used:
                    say(one, _vocab(name), ox.NamedNode(MESH + other))
    return sorted(lines)
