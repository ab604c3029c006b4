"""One trial as a card for people: what is known, and the words of the document behind each fact."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import NamedTuple

from kg import iri, terms
from kg.answers import short
from kg.errors import UsageError
from kg.graphs import Graph, Term
from kg.questions import bind, question

_RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_TITLE = "http://purl.org/dc/terms/title"
_HAS_VERSION = "http://purl.org/dc/terms/hasVersion"
_IDENTIFIER = "http://purl.org/dc/terms/identifier"
_FACTS = [
    "overallStatus",
    "whyStopped",
    "stopReason",
    "studyType",
    "phase",
    "allocation",
    "interventionModel",
    "masking",
    "primaryPurpose",
    "enrollment",
    "enrollmentType",
    "startDate",
    "primaryCompletionDate",
    "completionDate",
    "firstPosted",
    "lastUpdatePosted",
    "minimumAge",
    "maximumAge",
    "sex",
    "healthyVolunteers",
]


class Fact(NamedTuple):
    """A line of a card: depth, label, value, and the words behind it."""

    depth: int
    label: str
    value: str
    quotes: tuple[str, ...] = ()


class _Nodes:
    """The triples of a trial and its parts, and the evidence of each."""

    def __init__(self, graph: Graph, trial: str) -> None:
        sparql, _ = bind(question("trial"), {"trial": trial}, graph)
        self.triples: dict[str, dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
        for part, predicate, value in graph.select(sparql).rows:
            if part and predicate and value:
                self.triples[part.value][predicate.value].append(value)
        self.quotes: dict[tuple[str, str], list[str]] = defaultdict(list)
        self.all_quotes: dict[str, list[str]] = defaultdict(list)
        self.labels: dict[str, str] = {}
        self._graph = graph

    def load_quotes(self) -> None:
        nodes = " ".join(f"<{n}>" for n in sorted(self.triples))
        rows = self._graph.select(
            f"PREFIX tk: <{iri.TK}> SELECT ?node ?quote ?start ?supports WHERE {{ VALUES ?node {{ {nodes} }} ?node tk:evidence ?e ."
            " ?e tk:quote ?quote ; tk:start ?start . OPTIONAL { ?e tk:supports ?supports } } ORDER BY ?node ?start"
        ).rows
        for node, quote, _, supports in rows:
            if node and quote:
                self.quotes[node.value, supports.value if supports else ""].append(quote.value)
                self.all_quotes[node.value].append(quote.value)

    def load_labels(self) -> None:
        named = {v.value for node in self.triples.values() for vs in node.values() for v in vs if v.kind == "uri"}
        wanted = sorted(n for n in named if re.match(rf"{iri.BASE}(?:intervention|condition|organization)/", n))
        if wanted:
            rows = self._graph.select(
                f"SELECT ?node ?label WHERE {{ VALUES ?node {{ {' '.join(f'<{n}>' for n in wanted)} }} ?node <{_LABEL}> ?label }}"
            ).rows
            self.labels = {n.value: label.value for n, label in rows if n and label}

    def values(self, node: str, name: str) -> list[Term]:
        return self.triples[node].get(name if ":" in name else iri.TK + name, [])

    def text(self, node: str, name: str, joint: str = ", ") -> str:
        return joint.join(self.name(v) for v in self.values(node, name))

    def name(self, term: Term) -> str:
        return self.labels.get(term.value) or (
            terms.label(short(term)) if term.value.startswith(iri.TK) else short(term)
        )

    def said(self, node: str, supports: str = "") -> tuple[str, ...]:
        """The words behind a property of a node; without a property, all words behind the node."""
        found = self.quotes.get((node, supports), []) if supports else self.all_quotes.get(node, [])
        return tuple(dict.fromkeys(" ".join(q.split()) for q in found))


def facts(graph: Graph, identifier: str) -> list[Fact]:
    """The lines of the card of a trial. Raises UsageError when the graph has no such trial."""
    name = identifier.strip().replace(" ", "-")
    if not iri.is_trial_identifier(name):
        raise UsageError(f"{identifier}: is not the identifier of a trial")
    node = iri.absolute(iri.trial(name))
    nodes = _Nodes(graph, name)
    if node not in nodes.triples:
        raise UsageError(f"{identifier}: the graph has no trial of that identifier")
    nodes.load_quotes()
    nodes.load_labels()
    lines = [Fact(0, name, nodes.text(node, _TITLE), nodes.said(node, _TITLE))]
    lines.append(Fact(1, "identifiers", nodes.text(node, _IDENTIFIER)))
    for field in _FACTS:
        if value := nodes.text(node, field):
            label = re.sub(r"([A-Z])", lambda m: " " + m[1].lower(), field)
            lines.append(Fact(1, label, value, nodes.said(node, iri.TK + field)))
    if versions := nodes.values(node, _HAS_VERSION):
        days = sorted(v.value.rsplit("/", 1)[-1] for v in versions)
        lines.append(Fact(1, "earlier versions", ", ".join(days)))
    for field, label in (("hasCondition", "conditions"), ("sponsor", "sponsor"), ("collaborator", "collaborators")):
        if value := nodes.text(node, field, "; "):
            lines.append(Fact(1, label, value))
    lines += _arms(nodes, node)
    lines += _outcomes(nodes, node)
    lines += _criteria(nodes, node)
    for field, label in (("investigator", "people"), ("hasSite", "sites")):
        parts = _sorted(nodes.values(node, field))
        lines += [Fact(0, label, "")] if parts else []
        for part in parts:
            more = ", ".join(
                filter(None, (nodes.text(part, f) for f in ("roleName", "affiliation", "city", "country")))
            )
            lines.append(Fact(1, nodes.text(part, _LABEL), more))
    return lines


def _sorted(found: list[Term]) -> list[str]:
    """Nodes in the order of the numbers that their IRIs end in."""
    return sorted((t.value for t in found), key=lambda v: [int(n) for n in re.findall(r"(?<=/)\d+", v)])


def _arms(nodes: _Nodes, trial: str) -> list[Fact]:
    lines: list[Fact] = []
    for arm in _sorted(nodes.values(trial, "hasArm")):
        kind = ", ".join(
            filter(None, (nodes.text(arm, "armType"), "inferred" if nodes.values(arm, "inferred") else ""))
        )
        lines.append(Fact(0, "arm", nodes.text(arm, _LABEL) + (f" ({kind})" if kind else ""), nodes.said(arm)))
        for step in _sorted(nodes.values(arm, "hasTreatment")):
            dose = " ".join(filter(None, (nodes.text(step, "doseValue"), nodes.text(step, "doseUnit"))))
            parts = [nodes.text(step, "ofIntervention"), dose, nodes.text(step, "route"), nodes.text(step, "frequency")]
            parts += [
                f"for {d}" if (d := nodes.text(step, "duration")) else "",
                nodes.text(step, "timing"),
                nodes.text(step, "action"),
            ]
            parts += [f"until {u}" if (u := nodes.text(step, "until", " or ")) else ""]
            least, most = nodes.text(step, "minimumGap"), nodes.text(step, "maximumGap")
            parts += [
                f"{least or 'at most'}{' to ' if least and most and least != most else ''}{most if most != least else ''} after the step before"
                if least or most
                else ""
            ]
            number = step.rsplit("/", 1)[1]
            for field, word in (("precedes", "then"), ("alternativeTo", "or")):
                others = [v.value.rsplit("/", 1)[1] for v in nodes.values(step, field)]
                parts.append(f"{word} {', '.join(others)}" if others else "")
            lines.append(Fact(1, number, ", ".join(filter(None, parts)), nodes.said(step)))
        if stopped := nodes.text(arm, "discontinues"):
            lines.append(Fact(1, "stops", stopped, nodes.said(arm, iri.TK + "discontinues")))
    return lines


def _outcomes(nodes: _Nodes, trial: str) -> list[Fact]:
    lines: list[Fact] = []
    for outcome in _sorted(nodes.values(trial, "hasOutcome")):
        kinds = [short(t) for t in nodes.values(outcome, _RDF_TYPE)]
        kind = next((k.removesuffix("Outcome").lower() for k in kinds if k != "Outcome"), "")
        frame = nodes.text(outcome, "timeFrame")
        lines.append(
            Fact(
                0,
                f"{kind} outcome",
                nodes.text(outcome, _LABEL) + (f" [{frame}]" if frame else ""),
                nodes.said(outcome),
            )
        )
    return lines


def constraint_text(get: dict[str, str]) -> str:
    """One constraint in few words, from its values by field."""
    parts = [get.get("modality", ""), get.get("kind", "")]
    if get.get("value"):
        subject = get.get("variable") or get.get("conceptLabel", "")
        limit = f" × {get['relativeTo']}" if get.get("relativeTo") else f" {get['unit']}" if get.get("unit") else ""
        parts.append(f"{subject} {terms.SIGNS.get(get.get('comparator', ''), '')} {get['value']}{limit}")
    else:
        parts.append(get.get("concept") or get.get("conceptLabel", ""))
    for field, words in (
        ("minimumTimeSince", "at least {} ago"),
        ("maximumTimeSince", "within {}"),
        ("exception", "except {}"),
        ("appliesWhen", "{}"),
        ("alternative", "alternative {}"),
    ):
        if get.get(field):
            parts.append(words.format(get[field]))
    return ", ".join(filter(None, parts))


def _criteria(nodes: _Nodes, trial: str) -> list[Fact]:
    lines: list[Fact] = []
    heading = ""
    for criterion in _sorted(nodes.values(trial, "hasCriterion")):
        kinds = [short(t) for t in nodes.values(criterion, _RDF_TYPE)]
        kind = "exclusion criteria" if "ExclusionCriterion" in kinds else "inclusion criteria"
        if kind != heading:
            lines.append(Fact(0, kind, ""))
            heading = kind
        lines.append(Fact(1, nodes.text(criterion, "order"), nodes.text(criterion, "text")))
        for constraint in _sorted(nodes.values(criterion, "hasConstraint")):
            get = {short(Term(p, "uri")): nodes.text(constraint, p) for p in nodes.triples[constraint]}
            get["comparator"] = next((short(t) for t in nodes.values(constraint, "comparator")), "")
            lines.append(Fact(2, "→", constraint_text(get)))
    return lines


def text(lines: list[Fact], *, evidence: bool = True) -> str:
    """The card as text, each fact followed by its words in guillemets."""
    out: list[str] = []
    for line in lines:
        if line.depth == 0 and out:
            out.append("")
        label = f"{line.label}  " if line.depth != 1 or not line.label.isdigit() else f"{line.label:>3}. "
        out.append("  " * line.depth + f"{label}{line.value}".rstrip())
        if evidence:
            out += ["  " * (line.depth + 2) + f"«{quote}»" for quote in line.quotes if quote != line.value]
    return "\n".join(out) + "\n"
