"""A complete record as JSON-LD, and as triples through ``ontology/context.jsonld``.

What a document says of a trial goes into a named graph of its own. What is true of shared things whatever a document
says (canonical label, links to MeSH, what they are within) goes into :data:`kg.iri.SHARED_GRAPH`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache

import msgspec
import orjson
import pyoxigraph as ox

from kg import assets, iri
from kg.errors import DocumentError
from kg.node import Part
from kg.record import Condition, Intervention, Linked, TrialRecord, to_json

#: Characters that no IRI may hold (RFC 3987), in an identifier of a record's JSON.
_SUSPECT = re.compile(rb'"id":"[^"]*[\x00-\x20<>{}|\\^`]')


@cache
def context() -> bytes:
    """The JSON of the published context."""
    with (assets.folder("ontology") / "context.jsonld").open("rb") as file:
        return orjson.dumps(orjson.loads(file.read())["@context"])


def _in_trial(node: Condition | Intervention) -> Part:
    """What the trial's own graph says of a shared thing: its class, the trial's words for it, and the evidence."""
    slim: Linked = Condition() if isinstance(node, Condition) else Intervention()
    slim.id, slim.type, slim.evidence, slim.alt_label = node.id, node.type, node.evidence, node.alt_label
    return slim


def _in_shared(node: Linked) -> Part:
    """What the shared graph says of it."""
    slim = Linked(id=node.id, type=node.type, label=node.label)
    slim.exact_match, slim.broad_match, slim.close_match = node.exact_match, node.broad_match, node.close_match
    slim.is_within = node.is_within
    return slim


def document(record: TrialRecord, shared: Iterable[Linked]) -> bytes:
    """The JSON-LD of a complete record and its shared nodes: two named graphs under ``@graph``, without the context."""
    slim = msgspec.structs.replace(record, passages=[])
    slim.has_condition = [_in_trial(c) for c in record.has_condition]  # type: ignore[misc]
    slim.has_intervention = _merged([_in_trial(i) for i in record.has_intervention])  # type: ignore[assignment]
    bodies = [*record.sponsor, *record.collaborator, *record.record_owner]
    for field in ("sponsor", "collaborator", "record_owner"):
        # The name of a body, said in the graph of every trial, would be found as often as it has trials.
        setattr(slim, field, [msgspec.structs.replace(body, label="") for body in getattr(record, field)])
    named = iri.graph(record.id, record.was_derived_from[0].id.removeprefix("document/"))
    distinct = {node.id: node for node in shared}
    distinct |= {body.id: Linked(id=body.id, type=body.type, label=body.label) for body in bodies}
    nodes = b",".join(to_json(_in_shared(distinct[i])) for i in sorted(distinct))
    return b'{"id":"%s","@graph":[%s]},{"id":"%s","@graph":[%s]}' % (
        named.encode(),
        to_json(slim),
        iri.SHARED_GRAPH.encode(),
        nodes,
    )


def _merged(nodes: list[Part]) -> list[Part]:
    """Two names of one intervention (of two doses, say) are one node; its words and evidence are kept together."""
    found: dict[str, Part] = {}
    for node in nodes:
        known = found.setdefault(node.id, node)
        if known is not node and isinstance(known, Linked) and isinstance(node, Linked):
            known.type = sorted({*known.type, *node.type})
            known.alt_label = sorted({*known.alt_label, *node.alt_label})
            known.evidence = known.evidence + [e for e in node.evidence if all(e.id != k.id for k in known.evidence)]
    return list(found.values())


def quads(documents: Iterable[bytes]) -> Iterator[ox.Quad]:
    """The quads of JSON-LD documents made by :func:`document`, parsed in one go under the published context.

    Raises DocumentError when a node was lost on the way, as happens to nodes whose IRI is not valid.
    """
    text = b'{"@context":%s,"@graph":[%s]}' % (context(), b",".join(documents))
    try:
        yield from ox.parse(text, format=ox.RdfFormat.JSON_LD)
    except SyntaxError as error:
        raise DocumentError("not-rdf", f"could not be turned into triples: {error}") from error


def lines(documents: Iterable[bytes]) -> tuple[set[str], set[str]]:
    """The triples of JSON-LD documents as N-Triples lines: those of the trials' own graphs, and those of the shared one.

    Raises DocumentError as :func:`quads` does.
    """
    own: set[str] = set()
    common: set[str] = set()
    text = ox.serialize(quads(documents), format=ox.RdfFormat.N_QUADS) or b""
    ending = f" <{iri.SHARED_GRAPH}> ."
    for line in text.decode().split("\n"):
        if line.endswith(ending):
            common.add(f"{line[: -len(ending)]} .")
        elif line:
            own.add(f"{line[: line.rindex(' <')]} .")
    return own, common


def check(record: TrialRecord) -> None:
    """Make sure that no IRI of the record is invalid: the JSON-LD parser drops such nodes without a word.

    Raises DocumentError naming the node.
    """
    text = to_json(record)
    if not _SUSPECT.search(text):
        return
    for identifier in _identifiers(orjson.loads(text)):
        if identifier.startswith("mesh:"):
            continue
        try:
            ox.NamedNode(iri.absolute(identifier))
        except ValueError as error:
            raise DocumentError("bad-iri", f"gives a node the name {identifier!r}, which is no IRI") from error


def _identifiers(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("id"), str):
            yield value["id"]
        for inner in value.values():
            yield from _identifiers(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _identifiers(inner)
