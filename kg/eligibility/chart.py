"""A patient as criteria see one: diseases and therapies linked to MeSH, measurements by the quantities of the ontology."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable
from functools import cache, lru_cache

import msgspec

from kg import assets, terms
from kg.criteria.variables import find as find_variables
from kg.eligibility.requirements import Concept
from kg.eligibility.truth import Reasoned, Truth, every
from kg.language.duration import days
from kg.mesh import MeshIndex, words
from kg.mesh.linker import link
from kg.patient import Disease, Measure, Patient, Therapy, when

#: Where MeSH files carcinomas, and neoplasms by the place and by the kind of their cells.
_CARCINOMAS, _BY_SITE, _BY_KIND = ("C04.557.470.200",), ("C04.588",), ("C04.557",)


class Thing(msgspec.Struct):
    """A disease or a therapy of a patient with what it is within: MeSH identifiers and names."""

    entry: Disease | Therapy
    identifier: str
    within: frozenset[str]
    name: frozenset[str]


class Chart:
    """A patient, with diseases and therapies linked to MeSH and measurements to the quantities of the ontology."""

    def __init__(self, patient: Patient, concepts: dict[str, Concept], index: MeshIndex) -> None:
        self.patient, self._concepts, self.index = patient, concepts, index
        self.today = patient.day()
        self.diseases = [self._thing(one, "Condition") for one in patient.diseases()]
        self.therapies = [self._thing(one, "OtherIntervention") for one in patient.treatments()]
        self.measures: dict[str, list[Measure]] = defaultdict(list)
        for one in patient.measurements:
            self.measures[variable_of(one.name)].append(one)

    def _thing(self, one: Disease | Therapy, kind: str) -> Thing:
        identifier = one.code
        within: set[str] = set()
        if not identifier:
            linked = link(one.name, kind, self.index) or (
                link(one.name, "Procedure", self.index) if kind != "Condition" else None
            )
            if linked:
                within = set(self.index.closure(linked.identifier))
                identifier = linked.identifier if linked.relation == "exact" else ""
        else:
            within = set(self.index.closure(identifier))
        name = name_of(one.name)
        within.update(above for own in sorted(within) for above in assets.facts("patient")["within"].get(own, ()))
        within.update(concept for word, concept in assets.facts("patient")["implied"].items() if word in name)
        return Thing(one, identifier, frozenset(within), name)

    def about(self, concepts: dict[str, Concept]) -> Chart:
        """The same patient, asked about other concepts."""
        other = copy.copy(self)
        other._concepts = concepts
        return other

    def above(self, node: str) -> set[str]:
        """The MeSH concepts that a node of the graph is within."""
        return self._concepts.get(node, Concept()).within

    def label(self, node: str) -> str:
        """The label of a node of the graph."""
        return self._concepts.get(node, Concept()).label

    def exact(self, node: str) -> str:
        """The MeSH concept that a node of the graph is; "" when it is none."""
        return self._concepts.get(node, Concept()).exact

    def is_disease(self, node: str) -> bool:
        """Whether a node of the graph is a disease or finding, by where MeSH files it; one that MeSH does not know may be."""
        concept = self._concepts.get(node, Concept())
        filed = concept.exact or concept.broad
        return not filed or self.index.in_trees(filed, ("C", "F03", "F01")) or filed not in self.index.trees

    def has_itself(self, node: str) -> bool:
        """Whether the patient has the very disease that a node names, rather than a form of it."""
        concept = self._concepts.get(node, Concept())
        names = {name_of(concept.label), name_of(self.index.labels.get(concept.exact, ""))}
        return any(
            (concept.exact and one.identifier == concept.exact) or one.name in names
            for one in self.diseases
            if not one.entry.absent
        )

    def of_another_substance(self, nodes: Iterable[str], label: str) -> bool:
        """Whether an abuse that is asked for ("abuse of prescription drugs") is of something else than the patient's, of alcohol."""
        kinds = assets.facts("patient")["substances"]
        asked = {kinds[word] for word in name_of(label) if word in kinds}
        own = [
            {kinds[word] for word in one.name if word in kinds}
            for one in self.diseases
            if not one.entry.absent and any(self._is(one, node) for node in nodes)
        ]
        return bool(asked and own) and all(one and not one & asked for one in own)

    def is_unlike(self, nodes: Iterable[str], label: str) -> bool:
        """Whether what the patient has is one for MeSH with what is asked for, and not for people: pneumonia and pneumonitis."""
        unlike = {other for word, other in assets.facts("patient")["unlike"].items() if word in name_of(label)}
        own = [one.name for one in self.diseases if not one.entry.absent and any(self._is(one, node) for node in nodes)]
        return bool(unlike and own) and all(unlike & name for name in own)

    def is_diagnostic(self, node: str) -> bool:
        """Whether a node of the graph is a procedure that MeSH also files under diagnosis: a biopsy, an endoscopy."""
        return self.index.in_trees(self.exact(node), ("E01",))

    def _may_be(self, thing: Thing, asked: str, label: str = "") -> bool:
        """Whether a tumor known by its place only may be of the kind that is asked for: a breast cancer is a carcinoma or not."""
        elsewhere = name_of(label) - thing.name - name_of(self.index.labels.get(asked, "")) - _qualifiers()
        return (
            not elsewhere
            and self.index.in_trees(asked, _CARCINOMAS)
            and self.index.in_trees(thing.identifier, _BY_SITE)
            and not self.index.in_trees(thing.identifier, _BY_KIND)
        )

    def _elsewhere(self, thing: Thing, label: str) -> bool:
        """Whether a disease and what is asked for are named by different places: liver and brain metastases."""
        here, there = thing.name & _places(), name_of(label) & _places()
        return bool(here and there and not here & there)

    def _is_no_form(self, thing: Thing, asked: str) -> bool:
        """Whether what MeSH files within a class is not what people mean by it: a drug by its structure, a cancer of the breast by the skin."""
        if asked in assets.facts("patient")["structures"]:
            return True
        return any(one in thing.within for one in assets.facts("patient")["not_meant"].get(asked, ()))

    def _is(self, thing: Thing, node: str) -> Truth:
        """Whether a disease or therapy of the patient is one that a node of the graph names."""
        concept = self._concepts.get(node, Concept())
        if thing.name and thing.name == name_of(concept.label):
            return True
        if concept.exact:
            if concept.exact in thing.within:
                own = thing.identifier == concept.exact
                return own or not self._is_no_form(thing, concept.exact)
            perhaps = assets.facts("patient")["perhaps"].get(concept.exact, ())
            if any(one in thing.within and not self._is_no_form(thing, one) for one in perhaps) or self._may_be(
                thing, concept.exact
            ):
                return None
        elif self._elsewhere(thing, concept.label):
            return False
        elif concept.broad and (
            concept.broad in thing.within
            or thing.identifier in concept.within
            or self._may_be(thing, concept.broad, concept.label)
        ):
            return None  # the node says more than the concept does
        # The patient's record says less than the criterion asks: a cancer may be the one that is meant.
        return (
            None
            if thing.identifier and thing.identifier in concept.within and thing.identifier != concept.exact
            else False
        )

    def _ruled_out(self, thing: Thing, node: str) -> bool:
        """Whether what is known not to be there includes what a node names: no cancer, so no sarcoma; not the reverse."""
        concept = self._concepts.get(node, Concept())
        return thing.name == name_of(concept.label) or bool(
            thing.identifier and thing.identifier in concept.within | {concept.exact}
        )

    def has_disease(
        self, node: str, without: Iterable[str] = (), within_time: str = "", apart: Iterable[str] = ()
    ) -> Reasoned:
        """Whether the patient has (or within a time had) a disease; ``without`` and ``apart`` are nodes that do not count."""
        label = self._concepts.get(node, Concept()).label or "this"
        truths: list[Reasoned] = []
        for thing in self.diseases:
            entry = thing.entry
            if entry.absent:
                if self._ruled_out(thing, node):
                    truths.append((False, f"{entry.name or entry.code} is ruled out"))
                continue
            same = self._is(thing, node)
            if same is False or any(self._is(thing, other) for other in (*without, *apart)):
                continue
            assert isinstance(entry, Disease)
            recent = _recent(within_time, entry, self) if within_time else still(entry)
            found = every((same, recent))
            truths.append(
                (
                    found,
                    f"the patient has {entry.name or entry.code}"
                    + ("" if found else ", which may be meant" if found is None else ", but longer ago"),
                )
            )
        return self._decided(truths, "conditions", label)

    def has_therapy(
        self, node: str, accept: Callable[[Therapy], Truth], without: Iterable[str] = (), *, itself: bool = False
    ) -> Reasoned:
        """Whether the patient has had a therapy of which ``accept`` holds; ``without`` are nodes that do not count.

        ``itself``: a therapy that only may be the one that is asked for does not show that there was none.
        """
        label = self._concepts.get(node, Concept()).label or "this"
        truths: list[Reasoned] = []
        for thing in self.therapies:
            entry = thing.entry
            if entry.absent:
                if self._ruled_out(thing, node):
                    truths.append((False, f"{entry.name or entry.code} was never given"))
                continue
            same = self._is(thing, node)
            if same is False or any(self._is(thing, other) for other in without):
                continue
            assert isinstance(entry, Therapy)
            found = every((same, accept(entry)))
            if itself and same is None and found is False:
                continue
            said = " ".join(
                part
                for part in (
                    entry.name or entry.code,
                    entry.start and f"from {entry.start}",
                    entry.end and f"to {entry.end}",
                )
                if part
            )
            truths.append((found, said))
        return self._decided(truths, "therapies", label)

    def _decided(self, truths: list[Reasoned], name: str, label: str) -> Reasoned:
        for wanted in (True, None):
            for truth, reason in truths:
                if truth is wanted:
                    return wanted, reason
        known = name in self.patient.complete or any(truth is False for truth, _ in truths)
        if truths and known:
            return False, truths[0][1]
        if known:
            return False, f"{label} is not among the patient's {name}, which are complete"
        return None, f"{label} is not among the patient's {name}, which may not be complete"


@cache
def _places() -> frozenset[str]:
    return frozenset(assets.facts("patient")["places"])


@cache
def _qualifiers() -> frozenset[str]:
    return frozenset(assets.facts("linking")["qualifiers"])


@lru_cache(maxsize=16_384)
def name_of(text: str) -> frozenset[str]:
    """The words of a name made alike, "liver metastasis" for "Hepatic metastases"; in any order."""
    same = assets.facts("patient")["same"]
    return frozenset(same.get(w.stem, w.stem) for w in words(text)) - {"of", "the", "to", "in"}


def still(one: Disease) -> Truth:
    """A disease counts, whether it is there now or lies in the past: criteria about history name no time."""
    return True if one.active is not False or one.until or one.since else None


def _recent(window: str, one: Disease, seen: Chart) -> Truth:
    if one.active:
        return True
    ended, began = when(one.until), when(one.since)
    last = ended or began
    if last is None:
        return None
    least, most = last.days_before(seen.today)
    limit = days(window)
    if most <= limit:
        return True
    return False if least > limit and (ended or one.active is False) else None


@lru_cache(maxsize=16_384)
def variable_of(name: str) -> str:
    """The quantity of the ontology that a measurement's name stands for; "" for one that it does not know."""
    if name in terms.scheme("VariableScheme"):
        return name
    found = find_variables(name, words(name)) or find_variables(name.upper(), words(name))
    return found[0].variable if found else ""


def ended(one: Therapy, seen: Chart) -> tuple[int, int] | None:
    """How many days ago a therapy ended, least and most; 0 for one that goes on; None when that is unknown."""
    if one.ongoing:
        return 0, 0
    if last := when(one.end):
        return last.days_before(seen.today)
    if one.start and one.ongoing is None and not one.end:
        return 0, 0
    if began := when(one.start):
        return 0, began.days_before(seen.today)[1]
    return None
