"""What the page of a trial shows: facts, arms as columns, outcomes, criteria, and the text with the passages behind them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import NamedTuple

from kg import card, iri
from kg.answers import short
from kg.dossier import Dossier, Passage, in_order
from kg.graphs import Graph
from kg.serve.cells import path_of
from kg.serve.picture import Node, neighbourhood

_LABEL = "http://www.w3.org/2000/01/rdf-schema#label"
_DC = "http://purl.org/dc/terms/"
_TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


class Why(NamedTuple):
    """Where the words behind a fact stand: a link to the first of them, their spans (``d0:12-40 d0:90-95``), and the words."""

    href: str
    spans: str
    words: str


class Line(NamedTuple):
    """A fact: its label and value, how it goes on, where it leads, and the words behind it."""

    label: str
    value: str
    details: list[str]
    href: str
    why: Why | None
    depth: int = 0


class Piece(NamedTuple):
    """A piece of a document's text: its offsets and words; a piece without words is a gap that the graph has no words of."""

    name: str
    start: int
    end: int
    text: str


class Section(NamedTuple):
    """A part of the page with lines under it."""

    heading: str
    lines: list[Line]


class Text(NamedTuple):
    """A document as far as the graph holds its words."""

    name: str
    title: str
    href: str
    pieces: list[Piece]


class Page(NamedTuple):
    """All that the page of a trial shows."""

    identifier: str
    iri: str
    title: str
    badges: list[str]
    facts: list[Line]
    arms: list[Section]
    outcomes: list[Section]
    criteria: list[Section]
    people: list[Section]
    texts: list[Text]
    picture: str


def pieces(name: str, passages: Iterable[Passage]) -> list[Piece]:
    """The words of a document that passages hold, cut where one of them begins or ends, with the gaps between."""
    ordered = sorted(set(passages), key=lambda p: (p.start, -p.end))
    cuts = sorted({at for p in ordered for at in (p.start, p.end)})
    letters: list[Piece] = []
    position = 0
    for passage in ordered:
        if passage.end <= position:
            continue
        if passage.start > position:
            letters.append(Piece(name, position, passage.start, ""))
            position = passage.start
        inner = [c for c in cuts if position < c < passage.end]
        for start, end in zip([position, *inner], [*inner, passage.end], strict=True):
            letters.append(Piece(name, start, end, passage.quote[start - passage.start : end - passage.start]))
        position = passage.end
    return letters


class _Maker:
    def __init__(self, dossier: Dossier) -> None:
        self.dossier = dossier
        documents = sorted({p.document for p in dossier.every_passage()})
        self.names = {document: f"d{n}" for n, document in enumerate(documents)}

    def why(self, node: str, supports: str = "") -> Why | None:
        found = self.dossier.passages(node, supports)
        if not found:
            return None
        spans = [f"{self.names[p.document]}:{p.start}-{p.end}" for p in found]
        first = min(found)
        words = " … ".join(dict.fromkeys(" ".join(p.quote.split()) for p in found))
        return Why(f"#{self.names[first.document]}-{first.start}", " ".join(spans), words)

    def facts(self) -> list[Line]:
        d, lines = self.dossier, []
        identifiers = d.text(d.node, _DC + "identifier")
        lines.append(Line("identifiers", identifiers, [], "", self.why(d.node, _DC + "identifier")))
        for field in card.FACTS:
            if value := d.text(d.node, field):
                lines.append(Line(card.field_label(field), value, [], "", self.why(d.node, iri.TK + field)))
        for field, label in (("hasCondition", "condition"), ("sponsor", "sponsor"), ("collaborator", "collaborator")):
            for value_term in d.values(d.node, field):
                why = self.why(d.node, iri.TK + field)
                lines.append(Line(label, d.name(value_term), [], path_of(value_term.value), why))
        return lines

    def arms(self) -> list[Section]:
        d, found = self.dossier, []
        for arm in in_order(d.values(d.node, "hasArm")):
            kind = ", ".join(filter(None, (d.text(arm, "armType"), "inferred" if d.values(arm, "inferred") else "")))
            head = Line(d.text(arm, _LABEL), kind, [], path_of(arm), self.why(arm))
            steps = [head]
            for step in in_order(d.values(arm, "hasTreatment")):
                given = d.values(step, "ofIntervention")
                href = path_of(given[0].value) if given else ""
                number = step.rsplit("/", 1)[1]
                steps.append(
                    Line(number, d.text(step, "ofIntervention"), card.treatment(d, step), href, self.why(step))
                )
            if stopped := d.text(arm, "discontinues"):
                steps.append(Line("stops", stopped, [], "", self.why(arm, iri.TK + "discontinues")))
            found.append(Section(head.label, steps))
        return found

    def outcomes(self) -> list[Section]:
        d = self.dossier
        kinds: dict[str, list[Line]] = defaultdict(list)
        for outcome in in_order(d.values(d.node, "hasOutcome")):
            names = [short(t) for t in d.values(outcome, _TYPE)]
            kind = next((k.removesuffix("Outcome").lower() for k in names if k != "Outcome"), "")
            frame = d.text(outcome, "timeFrame")
            more = [text for text in (frame, d.text(outcome, _DC + "description")) if text]
            kinds[kind].append(Line("", d.text(outcome, _LABEL), more, "", self.why(outcome)))
        order = [k for k in ("primary", "secondary", "other") if k in kinds] + sorted(
            set(kinds) - {"primary", "secondary", "other"}
        )
        return [Section(f"{kind} outcomes".strip().capitalize(), kinds[kind]) for kind in order]

    def criteria(self) -> list[Section]:
        d = self.dossier
        parts: dict[str, list[Line]] = {"Inclusion criteria": [], "Exclusion criteria": []}
        depth: dict[str, int] = {}
        for criterion in in_order(d.values(d.node, "hasCriterion")):
            kinds = [short(t) for t in d.values(criterion, _TYPE)]
            above = d.values(criterion, "partOf")
            depth[criterion] = depth.get(above[0].value, 0) + 1 if above else 0
            said = [card.constraint(d, node) for node in in_order(d.values(criterion, "hasConstraint"))]
            heading = "Exclusion criteria" if "ExclusionCriterion" in kinds else "Inclusion criteria"
            line = Line("", d.text(criterion, "text"), said, "", self.why(criterion), min(4, depth[criterion]))
            parts[heading].append(line)
        return [Section(heading, lines) for heading, lines in parts.items() if lines]

    def people(self) -> list[Section]:
        d, found = self.dossier, []
        for field, heading in (("investigator", "People"), ("hasSite", "Sites")):
            lines = []
            for part in in_order(d.values(d.node, field)):
                more = ", ".join(
                    filter(None, (d.text(part, f) for f in ("roleName", "affiliation", "city", "country")))
                )
                lines.append(
                    Line(
                        d.text(part, _LABEL) or short(d.values(d.node, field)[0]),
                        more,
                        [],
                        path_of(part),
                        self.why(part),
                    )
                )
            if lines:
                found.append(Section(f"{heading} ({len(lines)})", lines))
        return found

    def texts(self) -> list[Text]:
        by_document: dict[str, list[Passage]] = defaultdict(list)
        for passage in self.dossier.every_passage():
            by_document[passage.document].append(passage)
        return [
            Text(self.names[document], document, path_of(document), pieces(self.names[document], passages))
            for document, passages in sorted(by_document.items())
        ]

    def picture(self) -> str:
        d, nodes = self.dossier, []
        for arm in in_order(d.values(d.node, "hasArm")):
            nodes.append(Node(d.text(arm, _LABEL), "arm", path_of(arm), "arm"))
        for field, kind, relation in (
            ("hasIntervention", "drug", "intervention"),
            ("hasCondition", "condition", "condition"),
            ("sponsor", "organization", "sponsor"),
            ("collaborator", "organization", "collaborator"),
        ):
            nodes += [Node(d.name(v), kind, path_of(v.value), relation) for v in d.values(d.node, field)]
        return neighbourhood(d.identifier, nodes[:30]) if nodes else ""


def page(graph: Graph, identifier: str) -> Page:
    """The page of a trial. Raises UsageError when the graph has no trial of that identifier."""
    dossier = Dossier(graph, identifier)
    make = _Maker(dossier)
    node = dossier.node
    badges = [dossier.text(node, field) for field in ("overallStatus", "phase", "studyType")]
    return Page(
        identifier=dossier.identifier,
        iri=node,
        title=dossier.text(node, _DC + "title"),
        badges=[badge for badge in badges if badge],
        facts=make.facts(),
        arms=make.arms(),
        outcomes=make.outcomes(),
        criteria=make.criteria(),
        people=make.people(),
        texts=make.texts(),
        picture=make.picture(),
    )
