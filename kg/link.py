"""Linking: the shared things of a record get their MeSH concepts, their IRIs and their canonical labels."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kg import iri
from kg.interpret.names import CHOICE, MOST_PARTS, kind_of
from kg.language.abbreviation import spelled_out
from kg.mesh import MeshIndex
from kg.mesh.linker import Link, link
from kg.record import Condition, Intervention, Linked, TrialRecord

_NONE: Mapping[str, str] = {}
_AND = re.compile(r"\s{0,3}(?:,\s?and\s|,|\sand\s|&)\s{0,3}", re.I)


def canonical_name(text: str) -> str:
    """The label of a shared thing that no concept gives a label: its words, beginning with a capital.

    >>> canonical_name("gastric  cancer"), canonical_name("c-Kit expression")
    ('Gastric cancer', 'C-Kit expression')
    """
    words = " ".join(text.split())
    return words[:1].upper() + words[1:]


def _link_to(node: Linked, identifier: str, relation: str, index: MeshIndex) -> None:
    target = node.exact_match if relation == "exact" else node.broad_match
    target.append(f"mesh:{identifier}")
    node.is_within = [node.id, *(f"mesh:{one}" for one in index.closure(identifier))]


def _match(node: Linked, found: Link | None, index: MeshIndex) -> None:
    if found is None:
        node.is_within = [node.id]
    else:
        _link_to(node, found.identifier, found.relation, index)


def joined(label: str, index: MeshIndex) -> list[str]:
    """The concepts of several conditions that one label joins: "Brain and Central Nervous System Tumors" is two.

    For a label that names none as a whole. The head of the last name may be that of all.
    """
    names = [name.strip() for name in _AND.split(label) if name.strip()]
    if not 1 < len(names) <= MOST_PARTS or CHOICE.search(label):
        return []
    if not re.search(r"\band\b|&", label) or len(label) > 200:
        return []
    head = names[-1].rsplit(" ", 1)[-1]
    found: list[str] = []
    for name in names:
        for words in (name, f"{name} {head}"):
            to = link(words, "Condition", index)
            if to and to.relation == "exact" and index.in_trees(to.identifier, ("C", "F03")):
                found.append(to.identifier)
                break
        else:
            return []
    return found if len(set(found)) == len(names) else []


def _name_condition(node: Condition) -> None:
    words = node.label
    node.label = canonical_name(words)
    node.id = iri.shared("condition", node.label)
    node.type = ["Condition"]
    if words != node.label:
        node.alt_label = [*node.alt_label, words]


def link_condition(node: Condition, index: MeshIndex, forms: Mapping[str, str] = _NONE) -> None:
    """Give a condition its IRI, its label and its links. Conditions are shared by name, and linked to MeSH.

    One whose label joins several has what includes any of them above it. ``forms`` are abbreviations that its document defines: a name
    that MeSH does not know is spelled out, and is called so, since another document may mean something else by it.
    """
    found = link(node.label, "Condition", index)
    if not found and (whole := spelled_out(node.label, forms)) and (found := link(whole, "Condition", index)):
        node.alt_label, node.label = [node.label], whole
    several = [] if found and found.relation == "exact" else joined(node.label, index)
    _name_condition(node)
    if several:
        node.close_match = [f"mesh:{one}" for one in several]
        node.is_within = [node.id, *(f"mesh:{one}" for one in sorted({a for s in several for a in index.closure(s)}))]
        return
    _match(node, found, index)


def _known_as(node: Intervention, index: MeshIndex, forms: Mapping[str, str]) -> Link | None:
    """The link of an intervention by its name, by that spelled out, or by its other names where these agree."""
    kind = node.kind or "OtherIntervention"
    found = link(node.name, kind, index)
    if found and found.relation == "exact":
        return found
    names = [spelled_out(node.name, forms), *node.other_names]
    exact = {to.identifier: to for name in names if name and (to := link(name, kind, index)) and to.relation == "exact"}
    return exact.popitem()[1] if len(exact) == 1 else found


def link_intervention(node: Intervention, index: MeshIndex, forms: Mapping[str, str] = _NONE) -> None:
    """Give an intervention its IRI, label and links. What MeSH knows by one concept is one intervention.

    ``forms`` are abbreviations that its document defines.
    """
    found = _known_as(node, index, forms)
    if found and found.relation == "exact":
        node.id = iri.shared("intervention", found.identifier)
        node.label = index.labels[found.identifier]
    else:
        node.label = canonical_name(node.name)
        node.id = iri.shared("intervention", node.label)
    node.type = [node.kind or "OtherIntervention", "Intervention"]
    node.alt_label = sorted({name for name in (node.name, *node.other_names) if name != node.label})
    _match(node, found, index)


def concept_node(identifier: str, index: MeshIndex, phrase: str = "") -> Condition | Intervention:
    """The shared node for a concept that a criterion names: an intervention for a drug or procedure, else a condition.

    ``phrase`` says more than the concept does, where it is given: the node is the condition of that name, and within it.
    """
    if phrase:
        narrower = Condition(label=canonical_name(phrase), type=["Condition"])
        narrower.id = iri.shared("condition", narrower.label)
        _link_to(narrower, identifier, "broad", index)
        return narrower
    if index.in_trees(identifier, ("C", "F03")) or not index.in_trees(identifier, ("D", "E")):
        condition = Condition(label=index.labels[identifier])
        _name_condition(condition)
        _link_to(condition, identifier, "exact", index)
        return condition
    kind = kind_of(identifier, index)
    intervention = Intervention(name=index.labels[identifier], kind=kind)
    intervention.id = iri.shared("intervention", identifier)
    intervention.label = index.labels[identifier]
    intervention.type = [kind, "Intervention"]
    _link_to(intervention, identifier, "exact", index)
    return intervention


def link_terms(record: TrialRecord, index: MeshIndex) -> None:
    """The MeSH terms that the document itself gives, as descriptors; those that MeSH does not know keep their words."""
    for label in record.mesh_term_label:
        owners = [i for i in index.find(label) if index.labels[i].casefold() == label.casefold()]
        for identifier in owners[:1]:
            if f"mesh:{identifier}" not in record.mesh_term:
                record.mesh_term.append(f"mesh:{identifier}")
