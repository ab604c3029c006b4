"""Conditions and interventions that only prose names, and kinds of interventions that the page does not tell."""

from __future__ import annotations

import re

from kg.document import Quote
from kg.mesh import MeshIndex
from kg.mesh.linker import choose, link
from kg.record import Condition, Intervention, TrialRecord

_ABBREVIATION = re.compile(r"\s*\(\s?[A-Za-z]{2,8}s?\s?\)")
_FOR = re.compile(r"\b(?:for|in|with|treating|have|having|against|of)\b", re.I)


def _title(record: TrialRecord) -> Quote | None:
    return next((p.quote for p in record.passages if p.role == "title"), None)


def infer_conditions(record: TrialRecord, index: MeshIndex) -> None:
    """Conditions that the title names, for pages that list none or only a broad heading of the site.

    A condition of the title is left out when the record has it already, or something narrower.
    """
    title = _title(record)
    broad = record.was_derived_from[0].layout in ("cruk", "centerwatch")
    if title is None or (record.has_condition and not broad):
        return
    listed = [found.identifier for c in record.has_condition if (found := link(c.label, "Condition", index))]
    for start, end, owners in index.mentions(title.text):
        identifier = choose(owners, "Condition", index)
        if not identifier or not index.in_trees(identifier, ("C", "F03")) or not _FOR.search(title.text[:start]):
            continue
        if identifier in listed or any(identifier in index.ancestors(one) for one in listed):
            continue
        quote = title.part(start, end)
        if abbreviation := _ABBREVIATION.match(title.text, end):
            end = abbreviation.end()
        one = Condition(label=quote.words[:1].upper() + quote.words[1:])
        one.cite(title.part(start, end))
        record.has_condition.insert(0, one)
        listed.append(identifier)


#: Words of a title that name no treatment in particular.
_VAGUE = frozenset(
    "therapy treatment drug drugs medication placebo surgery prevention rehabilitation adult adults vaccine control dose "
    "chemotherapy radiotherapy combination intervention".split()
)


def infer_interventions(record: TrialRecord, index: MeshIndex) -> bool:
    """Drugs and procedures that the title names, when nothing else names any; whether there were some.

    They are inferred, and marked so.
    """
    title = _title(record)
    structured = record.was_derived_from[0].layout in ("ctgov-xml", "ctgov-v2")
    if title is None or record.has_intervention or structured:
        return False
    named: set[str] = set()
    for start, end, owners in index.mentions(title.text):
        identifier = choose(owners, "Drug", index)
        words = title.text[start:end]
        if not identifier or len(words) < 4 or words.lower() in _VAGUE:
            continue
        if index.in_trees(identifier, ("D", "E02", "E04")) and words.lower() not in named:
            named.add(words.lower())
            one = Intervention(name=words[:1].upper() + words[1:], kind=kind_of(identifier, index), inferred=True)
            one.cite(title.part(start, end))
            record.has_intervention.append(one)
    return bool(record.has_intervention)


_KINDS = (
    ("OtherIntervention", ("D26.660", "E02.785")),  # placebos, which MeSH has among drugs and among procedures
    ("Radiation", ("E02.815",)),
    ("Procedure", ("E04", "E02", "E03", "E05")),
    ("DiagnosticTest", ("E01",)),
    ("Behavioral", ("F04", "I02", "G11.427.410")),
    ("Device", ("E07",)),
    ("Biological", ("D12.776.124.486", "D20.215.894", "D12.776.124.790.651")),
    ("Drug", ("D",)),
)


def kind_of(identifier: str, index: MeshIndex) -> str:
    """The class of an intervention by where its concept stands in MeSH."""
    return next((kind for kind, trees in _KINDS if index.in_trees(identifier, trees)), "OtherIntervention")


def type_interventions(record: TrialRecord, index: MeshIndex) -> None:
    """Give a class to interventions whose page tells none (``kind`` is "")."""
    for one in record.has_intervention:
        if not one.kind:
            found = link(one.name, "OtherIntervention", index)
            one.kind = kind_of(found.identifier, index) if found else "OtherIntervention"


#: What joins the parts of a combination. "or" and "/" do not: they may leave a choice.
_JOINT = re.compile(
    r"\s{0,3}(?:,?\s?\b(?:and|plus|with|in combination with|combined with|together with)\b|\+|&|,(?!\d)|;)\s{0,3}", re.I
)
_JOINED = re.compile(r"\b(?:and|plus|with)\b|[+&]", re.I)
CHOICE = re.compile(r"\bor\b|\bversus\b|\bvs\b|\bwithout\b", re.I)
MOST_PARTS = 6


def _parts(one: Intervention, index: MeshIndex) -> list[tuple[str, str]]:
    """The parts of a combination, each with its concept: [] unless the whole names none and every part names another."""
    if not _JOINED.search(one.name) or CHOICE.search(one.name) or len(one.name) > 200:
        return []
    whole = link(one.name, one.kind, index)
    names = [name.strip() for name in _JOINT.split(one.name) if name.strip()]
    if (whole and whole.relation == "exact" and whole.justification == "term") or not 1 < len(names) <= MOST_PARTS:
        return []
    links = [link(name, one.kind, index) or link(name, "OtherIntervention", index) for name in names]
    found = [(name, to.identifier) for name, to in zip(names, links, strict=True) if to and to.relation == "exact"]
    return found if len({identifier for _, identifier in found}) == len(names) else []


def split_combinations(record: TrialRecord, index: MeshIndex) -> None:
    """An intervention that is called by its parts ("carboplatin + paclitaxel") becomes them; arms that get it get each."""
    kept: list[Intervention] = []
    known = {one.name for one in record.has_intervention}
    for one in record.has_intervention:
        parts = _parts(one, index)
        if not parts:
            kept.append(one)
            continue
        for name, identifier in parts:
            if name in known:
                continue
            known.add(name)
            part = Intervention(name=name, kind=kind_of(identifier, index), inferred=one.inferred)
            for evidence in one.evidence:
                at = evidence.quote.find(name)
                if at >= 0:
                    start = (evidence.start or 0) + at
                    part.cite(Quote(start, start + len(name), name))
            kept.append(part)
        names = [name for name, _ in parts]
        for arm in record.has_arm:
            if one.name in arm.has_intervention:
                at = arm.has_intervention.index(one.name)
                arm.has_intervention[at : at + 1] = [n for n in names if n not in arm.has_intervention]
    record.has_intervention = kept


def intervention_named(record: TrialRecord, quote: Quote, identifier: str, index: MeshIndex) -> Intervention:
    """The record's intervention for a concept that prose names; added when it is new."""
    for one in record.has_intervention:
        found = link(one.name, one.kind, index)
        if found and found.identifier == identifier:
            return one
    one = Intervention(name=quote.words, kind=kind_of(identifier, index))
    one.cite(quote)
    record.has_intervention.append(one)
    return one
