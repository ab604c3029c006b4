"""One document all the way: read, understood, linked, turned into triples, validated."""

from __future__ import annotations

from collections import Counter

import msgspec

from kg import iri, jsonld
from kg.complete import FIRST, Place, complete, read_criteria, shared
from kg.document import Document, read_document
from kg.errors import DocumentError, Finding
from kg.gate import Violation, failures, validate
from kg.interpret import interpret
from kg.matching import Match
from kg.mesh import MeshIndex
from kg.read import identifier, read
from kg.record import TrialRecord

_SHARED = tuple(f"<{iri.BASE}{kind}/" for kind in ("condition", "intervention", "organization"))


class Outcome(msgspec.Struct, kw_only=True):
    """What became of one document.

    ``version``: the day whose description of the trial the document shows, where it is a page of an archive.
    ``identifiers``: those of registries, in normal form.
    ``own``: N-Triples lines of the trial's graph, sorted, the trial's before those about documents; ``common``: lines of the shared graph; ``graph``: its IRI.
    ``record``: the JSON-LD. A document that was set aside has a ``finding`` and nothing else.
    """

    name: str
    sha256: str = ""
    layout: str = ""
    trial: str = ""
    version: str = ""
    identifiers: list[str] = []
    graph: str = ""
    own: list[str] = []
    common: list[str] = []
    record: bytes = b""
    concepts: list[str] = []
    counts: dict[str, int] = {}
    warnings: list[Violation] = []
    violations: list[Violation] = []
    match: Match | None = None
    finding: Finding | None = None


def is_shared(line: str) -> bool:
    """Whether the subject of an N-Triples line is a thing that trials share."""
    return line.startswith(_SHARED)


def understand(document: Document, index: MeshIndex, *, results: bool = False) -> tuple[TrialRecord, Document]:
    """The record of a document with its prose understood, before linking, and the document as read.

    Raises DocumentError.
    """
    record, document = read(document, index, results=results)
    interpret(record, document, index)
    read_criteria(record, document, index)
    return record, document


def process(name: str, data: bytes, index: MeshIndex, place: Place = FIRST, *, results: bool = False) -> Outcome:
    """All that the graph gets from one document; never raises for what a document holds."""
    try:
        record, document = understand(read_document(name, data), index, results=results)
        registered = identifier.registered([*record.identifier, record.acronym])
        concepts = complete(record, document, index, place)
        jsonld.check(record)
        nodes = shared(record, concepts)
        text = jsonld.document(record, nodes)
        own, common = jsonld.lines([text])
    except DocumentError as error:
        return Outcome(name=name, finding=Finding(document=name, code=error.code, message=str(error)))
    except Exception as error:  # a fault of ours must not cost the other documents
        message = f"could not be read, by a fault of trialkg that is worth a report ({type(error).__name__}: {error})"
        return Outcome(name=name, finding=Finding(document=name, code="fault", message=message))
    source = record.was_derived_from[0]
    outcome = Outcome(name=name, sha256=document.sha256, trial=record.is_version_of or record.id, record=text)
    outcome.identifiers = registered
    outcome.layout, outcome.version = source.layout, source.issued.value if source.issued else ""
    outcome.graph = iri.absolute(iri.graph(record.id, document.key))
    found = validate("\n".join(own | common).encode())
    outcome.warnings = [v for v in found if v.severity != "Violation"]
    if wrong := failures(found):
        message = f"does not conform ({len(wrong)}): {wrong[0].line()}"
        outcome.violations = wrong
        outcome.finding = Finding(document=name, code="does-not-conform", message=message)
        return outcome
    first = f"<{iri.absolute(record.id)}"
    outcome.own = sorted(own, key=lambda line: (not line.startswith(first), line))
    outcome.common = sorted(common)
    outcome.concepts = sorted({m.removeprefix("mesh:") for n in nodes for m in n.is_within if m.startswith("mesh:")})
    outcome.counts = _counts(record)
    return outcome


def _counts(record: TrialRecord) -> dict[str, int]:
    """How many nodes of each class, and how many of the things that could be linked to MeSH were."""
    constraints = [k for c in record.has_criterion for k in c.has_constraint]
    linkable = [*record.has_condition, *record.has_intervention]
    counts = Counter(
        Trial=0 if record.is_version_of else 1,
        TrialVersion=1 if record.is_version_of else 0,
        Arm=len(record.has_arm),
        Treatment=sum(len(a.has_treatment) for a in record.has_arm) + len(record.has_unassigned_treatment),
        Condition=len(record.has_condition),
        Intervention=len(record.has_intervention),
        Outcome=len(record.has_outcome),
        Criterion=len(record.has_criterion),
        Constraint=len(constraints),
        Person=len(record.investigator),
        Site=len(record.has_site),
        linkable=len(linkable),
        linked=sum(1 for n in linkable if n.exact_match or n.broad_match or n.close_match),
    )
    return dict(counts)
