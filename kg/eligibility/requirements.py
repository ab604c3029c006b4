"""What the graph says of who may take part in its trials: their fields, criteria, constraints, and the concepts of these."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from kg import assets, iri
from kg.graphs import Graph, Term
from kg.output import PREFIXES

_PREFIXES = "".join(f"PREFIX {name}: <{namespace}> " for name, namespace in PREFIXES.items())


class Concept(msgspec.Struct):
    """A shared node of the graph that constraints name: its label, the MeSH it is (or lies within), all that is above it."""

    label: str = ""
    exact: str = ""
    broad: str = ""
    within: set[str] = msgspec.field(default_factory=set)


class Constraint(msgspec.Struct, kw_only=True):
    """A constraint as it stands in the graph, by the local names of its properties."""

    kind: str = ""
    modality: str = ""
    variable: str = ""
    comparator: str = ""
    value: str = ""
    unit: str = ""
    canonical_value: str = ""
    relative_to: str = ""
    concepts: list[str] = []
    exceptions: list[str] = []
    concept_label: str = ""
    applies_when: str = ""
    alternative: str = ""
    remainder: str = ""
    minimum_time_since: str = ""
    maximum_time_since: str = ""


class Criterion(msgspec.Struct, kw_only=True):
    """A criterion of a trial with its constraints."""

    id: str
    order: int
    kind: str
    text: str
    part_of: str = ""
    remainder: str = ""
    constraints: list[Constraint] = []


class Trial(msgspec.Struct, kw_only=True):
    """What the graph says of who may take part in a trial."""

    id: str
    title: str = ""
    minimum_age: str = ""
    maximum_age: str = ""
    sex: str = ""
    healthy_volunteers: str = ""
    conditions: list[str] = []
    criteria: list[Criterion] = []


class Requirements:
    """The trials of a graph, all or those with the given identifiers, and the concepts that their criteria name."""

    def __init__(self, graph: Graph, trials: Iterable[str] = ()) -> None:
        self._graph = graph
        wanted = [iri.absolute(iri.trial(one.strip().replace(" ", "-"))) for one in trials]
        self._only = f"VALUES ?trial {{ {' '.join(f'<{one}>' for one in wanted)} }}" if wanted else ""
        self.concepts: dict[str, Concept] = {}
        self.trials = self._read()

    def _rows(self, query: str) -> Iterator[list[Term | None]]:
        yield from self._graph.select(_PREFIXES + query).rows

    def _read(self) -> list[Trial]:
        found: dict[str, Trial] = {}
        fields = {
            "minimumAge": "minimum_age",
            "maximumAge": "maximum_age",
            "sex": "sex",
            "healthyVolunteers": "healthy_volunteers",
        }
        for trial, title in self._rows(
            f"SELECT ?trial ?title WHERE {{ {self._only} ?trial a tk:Trial ; dcterms:title ?title }}"
        ):
            if trial and title:
                found.setdefault(trial.value, Trial(id=trial.value, title=title.value))
        query = (
            f"SELECT ?trial ?property ?value WHERE {{ {self._only} VALUES ?property {{ {' '.join('tk:' + f for f in fields)} tk:hasCondition }} "
            "?trial ?property ?value }"
        )
        for trial, name, value in self._rows(query):
            if trial and name and value and (one := found.get(trial.value)):
                field = iri.local(name.value)
                if field == "hasCondition":
                    one.conditions.append(value.value)
                else:
                    setattr(one, fields[field], iri.local(value.value))
        criteria: dict[str, Criterion] = {}
        query = (
            f"SELECT ?trial ?criterion ?kind ?order ?text ?above ?left WHERE {{ {self._only} ?trial tk:hasCriterion ?criterion . "
            "?criterion tk:order ?order ; tk:text ?text ; a ?kind . FILTER(?kind != tk:Criterion) "
            "OPTIONAL { ?criterion tk:partOf ?above } OPTIONAL { ?criterion tk:remainder ?left } }"
        )
        for trial, node, kind, order, text, above, left in self._rows(query):
            if trial and node and kind and order and text and trial.value in found and node.value not in criteria:
                one_criterion = Criterion(
                    id=node.value,
                    order=int(order.value),
                    kind=iri.local(kind.value),
                    text=text.value,
                    part_of=above.value if above else "",
                    remainder=left.value if left else "",
                )
                criteria[node.value] = one_criterion
                found[trial.value].criteria.append(one_criterion)
        self._constraints(criteria)
        self._concepts()
        for trial_ in found.values():
            trial_.criteria.sort(key=lambda c: (c.id.rpartition("/criterion/")[0], c.order, c.id))
            trial_.conditions = sorted(set(trial_.conditions))
        return [found[name] for name in sorted(found)]

    def _constraints(self, criteria: dict[str, Criterion]) -> None:
        names = {f.replace("_", ""): f for f in Constraint.__struct_fields__}
        made: dict[str, Constraint] = {}
        query = (
            f"SELECT ?criterion ?node ?property ?value WHERE {{ {self._only} ?trial tk:hasCriterion ?criterion . "
            "?criterion tk:hasConstraint ?node . ?node ?property ?value }"
        )
        for criterion, node, name, value in self._rows(query):
            if not (criterion and node and name and value) or criterion.value not in criteria:
                continue
            if node.value not in made:
                made[node.value] = Constraint()
                criteria[criterion.value].constraints.append(made[node.value])
            one, local = made[node.value], iri.local(name.value)
            if local in ("concept", "exception"):
                listed = one.concepts if local == "concept" else one.exceptions
                if value.value not in listed:
                    listed.append(value.value)
                self.concepts.setdefault(value.value, Concept())
            elif field := names.get(local.lower()):
                setattr(one, field, iri.local(value.value))
        order = {id(one): node for node, one in made.items()}
        for found in criteria.values():
            found.constraints.sort(key=lambda c: (len(order[id(c)]), order[id(c)]))
            for one in found.constraints:
                one.concepts.sort()

    def _concepts(self) -> None:
        query = (
            "SELECT DISTINCT ?node ?property ?value WHERE { { SELECT DISTINCT ?node WHERE { "
            "{ ?x tk:concept ?node } UNION { ?x tk:exception ?node } UNION { ?x tk:hasCondition ?node } } } "
            "VALUES ?property { rdfs:label skos:exactMatch skos:broadMatch tk:isWithin } ?node ?property ?value }"
        )
        for node, name, value in self._rows(query):
            if node and name and value:
                one = self.concepts.setdefault(node.value, Concept())
                local = name.value.rsplit("#", 1)[-1]
                if local == "label":
                    one.label = value.value
                elif local == "exactMatch":
                    one.exact = value.value.removeprefix(iri.MESH)
                elif local == "broadMatch":
                    one.broad = value.value.removeprefix(iri.MESH)
                else:
                    one.within.add(value.value.removeprefix(iri.MESH))
        for one in self.concepts.values():
            one.within.update(assets.facts("patient")["within"].get(one.exact, ()))
