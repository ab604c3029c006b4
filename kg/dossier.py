"""Everything that a graph says of one trial and its parts, with the passages of the documents behind each fact."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple

from kg import iri, terms
from kg.answers import short
from kg.errors import UsageError
from kg.graphs import Graph, Term
from kg.language import duration
from kg.questions import bind, question

_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_SHARED = re.compile(rf"{re.escape(iri.BASE)}(?:intervention|condition|organization)/")


class Passage(NamedTuple):
    """A span of a document: its IRI, the offsets of its first character and past its last, and the words."""

    document: str
    start: int
    end: int
    quote: str


class Dossier:
    """The statements about a trial and its parts. Raises UsageError when the graph has no such trial."""

    def __init__(self, graph: Graph, identifier: str) -> None:
        self.identifier = identifier.strip().replace(" ", "-")
        if not iri.is_trial_identifier(self.identifier):
            raise UsageError(f"{identifier}: is not the identifier of a trial")
        self.node = iri.absolute(iri.trial(self.identifier))
        sparql, _ = bind(question("trial"), {"trial": self.identifier}, graph)
        self.triples: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for part, predicate, value in graph.select(sparql).rows:
            if part and predicate and value:
                self.triples[part.value][predicate.value].append(value)
        if self.node not in self.triples:
            raise UsageError(f"{identifier}: the graph has no trial of that identifier")
        self._by_property: dict[tuple[str, str], list[Passage]] = defaultdict(list)
        self._by_node: dict[str, list[Passage]] = defaultdict(list)
        self._load_passages(graph)
        self.labels = self._load_labels(graph)

    def _load_passages(self, graph: Graph) -> None:
        nodes = " ".join(f"<{n}>" for n in sorted(self.triples))
        rows = graph.select(
            f"PREFIX tk: <{iri.TK}> SELECT ?node ?quote ?start ?end ?document ?supports WHERE {{ VALUES ?node {{ {nodes} }}"
            " ?node tk:evidence ?e . ?e tk:quote ?quote ; tk:start ?start ; tk:end ?end ; tk:document ?document ."
            " OPTIONAL { ?e tk:supports ?supports } } ORDER BY ?node ?start ?end ?document"
        ).rows
        for node, quote, start, end, document, supports in rows:
            if node and quote and start and end and document:
                passage = Passage(document.value, int(start.value), int(end.value), quote.value)
                self._by_property[node.value, supports.value if supports else ""].append(passage)
                self._by_node[node.value].append(passage)

    def _load_labels(self, graph: Graph) -> dict[str, str]:
        named = {v.value for node in self.triples.values() for vs in node.values() for v in vs if v.kind == "uri"}
        wanted = sorted(n for n in named if _SHARED.match(n))
        if not wanted:
            return {}
        rows = graph.select(
            f"SELECT ?node ?label WHERE {{ VALUES ?node {{ {' '.join(f'<{n}>' for n in wanted)} }} ?node <{_LABEL}> ?label }}"
        ).rows
        return {n.value: label.value for n, label in rows if n and label}

    def values(self, node: str, name: str) -> list[Term]:
        """The values of a property, given by its IRI or the local name of one of ours."""
        return self.triples[node].get(name if ":" in name else iri.TK + name, [])

    def text(self, node: str, name: str, joint: str = ", ") -> str:
        """The values of a property for people."""
        return joint.join(self.name(v) for v in self.values(node, name))

    def name(self, term: Term) -> str:
        """What a value is called."""
        if term.datatype.endswith("#duration"):
            return duration.words(term.value)
        return self.labels.get(term.value) or (
            terms.label(short(term)) if term.value.startswith(iri.TK) else short(term)
        )

    def passages(self, node: str, supports: str = "") -> list[Passage]:
        """The passages behind a property of a node; without a property all that are behind the node. Nothing twice."""
        found = self._by_property.get((node, supports), []) if supports else self._by_node.get(node, [])
        return list(dict.fromkeys(found))

    def every_passage(self) -> list[Passage]:
        """All passages, in order of the documents and of where they begin."""
        return sorted({passage for listed in self._by_node.values() for passage in listed})

    def said(self, node: str, supports: str = "") -> tuple[str, ...]:
        """The words of the passages behind a property of a node, or behind the node."""
        return tuple(dict.fromkeys(" ".join(p.quote.split()) for p in self.passages(node, supports)))


def in_order(found: list[Term]) -> list[str]:
    """Nodes in the order of the numbers that their IRIs end in."""
    return sorted((t.value for t in found), key=lambda v: [int(n) for n in re.findall(r"(?<=/)\d+", v)])
