"""One trial as a card for people: what is known, and the words of the document behind each fact."""

from __future__ import annotations

import re
from typing import NamedTuple

from kg import iri, terms
from kg.answers import short
from kg.dossier import Dossier, in_order
from kg.graphs import Graph, Term

_RDF_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_TITLE = "http://purl.org/dc/terms/title"
_HAS_VERSION = "http://purl.org/dc/terms/hasVersion"
_IDENTIFIER = "http://purl.org/dc/terms/identifier"
#: The facts of a trial that a card gives one by one.
FACTS = [
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


def field_label(field: str) -> str:
    """The local name of a property as words: ``whyStopped`` is "why stopped"."""
    return re.sub(r"([A-Z])", lambda m: " " + m[1].lower(), field)


def facts(graph: Graph, identifier: str) -> list[Fact]:
    """The lines of the card of a trial. Raises UsageError when the graph has no such trial."""
    nodes = Dossier(graph, identifier)
    node, name = nodes.node, nodes.identifier
    lines = [Fact(0, name, nodes.text(node, _TITLE), nodes.said(node, _TITLE))]
    lines.append(Fact(1, "identifiers", nodes.text(node, _IDENTIFIER)))
    for field in FACTS:
        if value := nodes.text(node, field):
            lines.append(Fact(1, field_label(field), value, nodes.said(node, iri.TK + field)))
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
        parts = in_order(nodes.values(node, field))
        lines += [Fact(0, label, "")] if parts else []
        for part in parts:
            more = ", ".join(
                filter(None, (nodes.text(part, f) for f in ("roleName", "affiliation", "city", "country")))
            )
            lines.append(Fact(1, nodes.text(part, _LABEL), more))
    return lines


def _arms(nodes: Dossier, trial: str) -> list[Fact]:
    lines: list[Fact] = []
    for arm in in_order(nodes.values(trial, "hasArm")):
        kind = ", ".join(
            filter(None, (nodes.text(arm, "armType"), "inferred" if nodes.values(arm, "inferred") else ""))
        )
        lines.append(Fact(0, "arm", nodes.text(arm, _LABEL) + (f" ({kind})" if kind else ""), nodes.said(arm)))
        for step in in_order(nodes.values(arm, "hasTreatment")):
            parts = [nodes.text(step, "ofIntervention"), *treatment(nodes, step)]
            lines.append(Fact(1, step.rsplit("/", 1)[1], ", ".join(filter(None, parts)), nodes.said(step)))
        if stopped := nodes.text(arm, "discontinues"):
            lines.append(Fact(1, "stops", stopped, nodes.said(arm, iri.TK + "discontinues")))
    return lines


def treatment(nodes: Dossier, step: str) -> list[str]:
    """How a treatment is given, in few words each: dose, route, how often, how long, and what comes with or after it."""
    dose = " ".join(filter(None, (nodes.text(step, "doseValue"), nodes.text(step, "doseUnit"))))
    parts = [dose, nodes.text(step, "route"), nodes.text(step, "frequency")]
    parts += [
        f"for {d}" if (d := nodes.text(step, "duration")) else "",
        nodes.text(step, "timing"),
        nodes.text(step, "action"),
    ]
    parts += [f"until {u}" if (u := nodes.text(step, "until", " or ")) else ""]
    least, most = nodes.text(step, "minimumGap"), nodes.text(step, "maximumGap")
    if least or most:
        between = (
            f"{least or 'at most'}{' to ' if least and most and least != most else ''}{most if most != least else ''}"
        )
        parts.append(f"{between} after the step before")
    for field, word in (("precedes", "then"), ("alternativeTo", "or")):
        others = [v.value.rsplit("/", 1)[1] for v in nodes.values(step, field)]
        parts.append(f"{word} {', '.join(others)}" if others else "")
    return [part for part in parts if part]


def _outcomes(nodes: Dossier, trial: str) -> list[Fact]:
    lines: list[Fact] = []
    for outcome in in_order(nodes.values(trial, "hasOutcome")):
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
        subject = " ".join(filter(None, (get.get("variable"), get.get("conceptLabel"))))  # "age at diagnosis"
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
        ("remainder", "left as words: “{}”"),
    ):
        if get.get(field):
            parts.append(words.format(get[field]))
    return ", ".join(filter(None, parts))


def _criteria(nodes: Dossier, trial: str) -> list[Fact]:
    lines: list[Fact] = []
    heading = ""
    for criterion in in_order(nodes.values(trial, "hasCriterion")):
        kinds = [short(t) for t in nodes.values(criterion, _RDF_TYPE)]
        kind = "exclusion criteria" if "ExclusionCriterion" in kinds else "inclusion criteria"
        if kind != heading:
            lines.append(Fact(0, kind, ""))
            heading = kind
        lines.append(Fact(1, nodes.text(criterion, "order"), nodes.text(criterion, "text")))
        for node in in_order(nodes.values(criterion, "hasConstraint")):
            lines.append(Fact(2, "→", constraint(nodes, node)))
        if left := nodes.text(criterion, "remainder"):
            lines.append(Fact(2, "…", f"left as words: “{left}”"))
    return lines


def constraint(nodes: Dossier, node: str) -> str:
    """A constraint in few words."""
    get = {short(Term(p, "uri")): nodes.text(node, p) for p in nodes.triples[node]}
    get["comparator"] = next((short(t) for t in nodes.values(node, "comparator")), "")
    return constraint_text(get)


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
