"""The criteria of trials held against a patient: met, not met, or cannot tell, each with its reason.

Constraints are read from the graph, and decided in its terms: ``tk:modality`` says what must, must not or may hold, constraints of
one criterion with the same ``tk:alternative`` hold together, ``tk:canonicalValue`` is what numbers are compared in, and a
concept holds of everything within it (``tk:isWithin``). Truth is three-valued (Kleene): what is unknown stays unknown unless
the rest decides.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cache

import msgspec

from kg import assets, iri, terms
from kg.criteria.variables import find as find_variables
from kg.graphs import Graph, Term
from kg.language import unit
from kg.language.duration import days
from kg.mesh import MeshIndex, words
from kg.mesh.linker import link
from kg.patient import Disease, Measure, Patient, Therapy, When, when

#: True, False, or None for unknown.
Truth = bool | None
Reasoned = tuple[Truth, str]

_SIGNS = {"lt": "<", "le": "≤", "eq": "=", "ge": "≥", "gt": ">"}
_WOMEN = re.compile(r"\b(?:wom[ae]n|females?)\b", re.I)
_MEN = re.compile(r"\b(?:m[ae]n|males?)\b", re.I)
_FOR_WOMEN = re.compile(
    r"\W*(?:(?:all|if|for|any)\s+)*(?:wom[ae]n|females?)\b(?!\s*(?:and|or|/)\s*(?:m[ae]n|males?))", re.I
)
_FOR_MEN = re.compile(
    r"\W*(?:(?:all|if|for|any)\s+)*(?:m[ae]n|males?)\b(?!\s*(?:and|or|/)\s*(?:wom[ae]n|females?))", re.I
)
#: What stands about a disease in words such as "if hepatic metastases are present".
_OF_WHOM = re.compile(
    r"^\W*(?:(?:if|for|in|with|patients?|subjects?|participants?|those|who|has|have|having|known|documented|the|presence|of)\s+)+"
    r"|(?:\s+(?:are|is|present|exist|exists|noted|only))+\W*$",
    re.I,
)
_NURSING = re.compile(r"nurs|breast|lactat", re.I)
_NOT_THERE = re.compile(r"\b(?:no|not|without|absence|absent)\b", re.I)
_PREFIXES = (
    "PREFIX tk: <https://w3id.org/trialkg/ontology#> PREFIX dcterms: <http://purl.org/dc/terms/> "
    "PREFIX skos: <http://www.w3.org/2004/02/skos/core#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
)


def every(truths: Iterable[Truth]) -> Truth:
    """True when all are, False when one is not, unknown otherwise."""
    found = list(truths)
    return False if False in found else None if None in found else True


def some(truths: Iterable[Truth]) -> Truth:
    """True when one is, False when none can be, unknown otherwise."""
    found = list(truths)
    return True if True in found else None if None in found else False


def opposite(truth: Truth) -> Truth:
    """What is not so; the unknown stays unknown."""
    return None if truth is None else not truth


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
    minimum_time_since: str = ""
    maximum_time_since: str = ""


class Criterion(msgspec.Struct, kw_only=True):
    """A criterion of a trial with its constraints."""

    id: str
    order: int
    kind: str
    text: str
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


class Verdict(msgspec.Struct, kw_only=True):
    """How one criterion turns out: ``met``, ``not met`` or ``cannot tell``, why, and the trial's words."""

    criterion: str
    kind: str
    verdict: str
    reason: str
    text: str


class Match(msgspec.Struct, kw_only=True):
    """How one trial turns out. ``studied``: whether it studies a disease that the patient has (None: cannot tell)."""

    trial: str
    title: str
    verdict: str
    studied: Truth
    met: int
    not_met: int
    unknown: int
    criteria: list[Verdict]


_WORDS = {True: "met", False: "not met", None: "cannot tell"}


class Eligibility:
    """The trials of a graph, ready to be held against patients. ``index`` links the patients' diseases and therapies."""

    def __init__(self, graph: Graph, index: MeshIndex, trials: Iterable[str] = ()) -> None:
        self._graph, self._index = graph, index
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
            f"SELECT ?trial ?criterion ?kind ?order ?text WHERE {{ {self._only} ?trial tk:hasCriterion ?criterion . "
            "?criterion tk:order ?order ; tk:text ?text ; a ?kind . FILTER(?kind != tk:Criterion) }"
        )
        for trial, node, kind, order, text in self._rows(query):
            if trial and node and kind and order and text and trial.value in found and node.value not in criteria:
                one_criterion = Criterion(
                    id=node.value, order=int(order.value), kind=iri.local(kind.value), text=text.value
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

    def match(self, patient: Patient) -> list[Match]:
        """All trials held against a patient: those that the patient meets first, then those that may be, then the others.

        Among these, trials that study a disease of the patient come first, and those with less unmet and unknown.
        """
        seen = _Seen(patient, self.concepts, self._index)
        found = [self._match(trial, seen) for trial in self.trials]
        rank = {"meets": 0, "may meet": 1, "fails": 2}
        about: dict[Truth, int] = {True: 0, None: 1, False: 2}
        return sorted(found, key=lambda m: (rank[m.verdict], about[m.studied], m.not_met, m.unknown, m.trial))

    def _match(self, trial: Trial, seen: _Seen) -> Match:
        verdicts = [*_of_fields(trial, seen), *(_of_criterion(c, trial, seen) for c in trial.criteria)]
        counts = {word: sum(1 for v in verdicts if v.verdict == word) for word in _WORDS.values()}
        sure = counts["met"] and not counts["cannot tell"]
        verdict = "fails" if counts["not met"] else "meets" if sure else "may meet"
        return Match(
            trial=iri.local(trial.id).removeprefix("trial/"),
            title=trial.title,
            verdict=verdict,
            studied=some(seen.has_disease(node)[0] for node in trial.conditions),
            met=counts["met"],
            not_met=counts["not met"],
            unknown=counts["cannot tell"],
            criteria=verdicts,
        )


class _Thing(msgspec.Struct):
    """A disease or a therapy of a patient with what it is within: MeSH identifiers and names."""

    entry: Disease | Therapy
    identifier: str
    within: frozenset[str]
    name: frozenset[str]


class _Seen:
    """A patient, with diseases and therapies linked to MeSH and measurements to the quantities of the ontology."""

    def __init__(self, patient: Patient, concepts: dict[str, Concept], index: MeshIndex) -> None:
        self.patient, self._concepts, self.index = patient, concepts, index
        self.today = patient.day()
        self.diseases = [self._thing(one, "Condition") for one in patient.diseases()]
        self.therapies = [self._thing(one, "OtherIntervention") for one in patient.treatments()]
        self.measures: dict[str, list[Measure]] = defaultdict(list)
        for one in patient.measurements:
            self.measures[variable_of(one.name)].append(one)

    def _thing(self, one: Disease | Therapy, kind: str) -> _Thing:
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
        return _Thing(one, identifier, frozenset(within), name)

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

    def _is(self, thing: _Thing, node: str) -> Truth:
        """Whether a disease or therapy of the patient is one that a node of the graph names."""
        concept = self._concepts.get(node, Concept())
        if thing.name and thing.name == name_of(concept.label):
            return True
        if concept.exact:
            if concept.exact in thing.within:
                return True
            perhaps = assets.facts("patient")["perhaps"].get(concept.exact, ())
            if any(one in thing.within for one in perhaps):
                return None
        elif concept.broad and (concept.broad in thing.within or thing.identifier in concept.within):
            return None  # the node says more than the concept does
        # The patient's record says less than the criterion asks: a cancer may be the one that is meant.
        return (
            None
            if thing.identifier and thing.identifier in concept.within and thing.identifier != concept.exact
            else False
        )

    def _ruled_out(self, thing: _Thing, node: str) -> bool:
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
            recent = _recent(within_time, entry, self) if within_time else _still(entry)
            found = every((same, recent))
            truths.append(
                (
                    found,
                    f"the patient has {entry.name or entry.code}"
                    + ("" if found else ", which may be meant" if found is None else ", but longer ago"),
                )
            )
        return self._decided(truths, "conditions", label)

    def has_therapy(self, node: str, accept: Callable[[Therapy], Truth]) -> Reasoned:
        """Whether the patient has had a therapy of which ``accept`` holds."""
        label = self._concepts.get(node, Concept()).label or "this"
        truths: list[Reasoned] = []
        for thing in self.therapies:
            entry = thing.entry
            if entry.absent:
                if self._ruled_out(thing, node):
                    truths.append((False, f"{entry.name or entry.code} was never given"))
                continue
            same = self._is(thing, node)
            if same is False:
                continue
            assert isinstance(entry, Therapy)
            found = every((same, accept(entry)))
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
def name_of(text: str) -> frozenset[str]:
    """The words of a name made alike, "liver metastasis" for "Hepatic metastases"; in any order."""
    same = assets.facts("patient")["same"]
    return frozenset(same.get(w.stem, w.stem) for w in words(text)) - {"of", "the", "to", "in"}


def _still(one: Disease) -> Truth:
    """A disease counts, whether it is there now or lies in the past: criteria about history name no time."""
    return True if one.active is not False or one.until or one.since else None


def _recent(window: str, one: Disease, seen: _Seen) -> Truth:
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


@cache
def variable_of(name: str) -> str:
    """The quantity of the ontology that a measurement's name stands for; "" for one that it does not know."""
    if name in terms.scheme("VariableScheme"):
        return name
    found = find_variables(name, words(name)) or find_variables(name.upper(), words(name))
    return found[0].variable if found else ""


def _compare(value: Decimal, sign: str, limit: Decimal) -> bool:
    return {"lt": value < limit, "le": value <= limit, "eq": value == limit, "ge": value >= limit, "gt": value > limit}[
        sign
    ]


def _age(one: Constraint, seen: _Seen) -> Reasoned:
    years = seen.patient.years()
    if years is None:
        return None, "the patient's age is not given"
    limit = Decimal(one.canonical_value or one.value)
    outcomes = {_compare(_whole(age, limit, one.comparator), one.comparator, limit) for age in years}
    said = f"aged {int(years[0])}" if years[0] >= 2 else f"aged {years[0]:.2g}"
    return (outcomes.pop() if len(outcomes) == 1 else None), f"{said}, asked is {_SIGNS[one.comparator]} {limit} years"


def _whole(age: Decimal, limit: Decimal, sign: str) -> Decimal:
    """An age is told in completed years: a person of 75 and a half is 75, and not above 75."""
    return Decimal(int(age)) if limit == limit.to_integral_value() and limit >= 2 and sign != "lt" else age


def _bound(one: Constraint, seen: _Seen) -> Reasoned:
    if one.variable == "Age":
        return _age(one, seen)
    if not one.comparator or not (one.value or one.canonical_value):
        return None, "the limit is not understood"
    term = terms.scheme("VariableScheme").get(one.variable)
    label = term.label if term else one.concept_label or "the quantity"
    asked = f"asked is {_SIGNS[one.comparator]} {one.value}"
    measures = seen.measures.get(one.variable, []) if one.variable else []
    if not measures:
        return None, f"{label} is not given"
    last = max(measures, key=lambda m: (_day_of(m.date), m.date))
    said = f"{label} {last.value:f}{' ' + last.unit if last.unit else ''}"
    if one.relative_to:
        limit = last.upper_limit if one.relative_to.startswith("Upper") else last.lower_limit
        times = last.value if "ULN" in last.unit.upper() and one.relative_to.startswith("Upper") else None
        if times is None and limit:
            times = last.value / limit
        name = {"UpperLimitOfNormal": "× ULN", "LowerLimitOfNormal": "× LLN"}.get(one.relative_to, one.relative_to)
        if times is None:
            return None, f"{said}, {asked} {name}; the limit of normal is not given"
        return _compare(times, one.comparator, Decimal(one.value)), f"{said} ({times:.3g} {name}), {asked} {name}"
    target = term.unit if term else ""
    asked = f"{asked}{' ' + one.unit if one.unit else ''}"
    bare = target in ("", "1") or target.startswith("{")  # a score, or a ratio
    code = unit.ucum(last.unit) or last.unit or (target if bare else "")
    value = unit.convert(last.value, code, target, term.molar_mass if term else None) if target else last.value
    if one.canonical_value and value is not None and (code or not target):
        return _compare(value, one.comparator, Decimal(one.canonical_value)), f"{said}, {asked}"
    if one.unit and code == one.unit:
        return _compare(last.value, one.comparator, Decimal(one.value)), f"{said}, {asked}"
    return None, f"{said}, {asked}; the units cannot be compared"


def _day_of(text: str) -> str:
    found: When | None = when(text)
    return found.last.isoformat() if found else ""


def _apart(criterion: Criterion, one: Constraint, trial: Trial) -> list[str]:
    """The trial's own diseases, where a criterion speaks of another ("no other malignancy")."""
    label = re.escape(one.concept_label.split(" ")[-1]) if one.concept_label else ""
    other = "|".join(assets.facts("patient")["other"])
    found = label and re.search(rf"\b(?:{other})\b[^.;]{{0,60}}?{label}", criterion.text, re.I)
    return trial.conditions if found else []


def _holds(one: Constraint, criterion: Criterion, trial: Trial, seen: _Seen) -> Reasoned:
    """Whether what a constraint speaks of holds of the patient, apart from whether it must."""
    if one.variable or one.kind == "Measurement":
        return _bound(one, seen)
    if one.kind == "Pregnancy":
        told = seen.patient.nursing if _NURSING.search(one.concept_label) else seen.patient.pregnant
        if seen.patient.sex == "male":
            return False, "the patient is male"
        return told, f"{one.concept_label}: {'not given' if told is None else 'yes' if told else 'no'}"
    if one.kind in ("PriorTherapy", "ConcurrentTherapy") and one.concepts and not variable_of(one.concept_label):
        accept = _accepted(one, seen)
        found = [seen.has_therapy(node, accept) for node in one.concepts]
        return some(truth for truth, _ in found), _reason(found)
    diseases = [node for node in one.concepts if seen.is_disease(node)]
    if one.kind in ("Diagnosis", "Demographic", "Biomarker") and diseases:
        apart = _apart(criterion, one, trial)
        found = [seen.has_disease(node, one.exceptions, one.maximum_time_since, apart) for node in diseases]
        truth, reason = some(truth for truth, _ in found), _reason(found)
        if truth and _says_more(one, criterion, diseases, seen):
            return None, f"{reason}; whether it is what is meant, the words must tell"
        return truth, reason
    label = one.concept_label or "what is asked"
    return None, f"{label}: not in a patient's record" if one.kind in (
        "Consent",
        "Contraception",
    ) else f"{label} is not understood well enough"


def _says_more(one: Constraint, criterion: Criterion, nodes: list[str], seen: _Seen) -> bool:
    """Whether the words say more than the concept that they were linked to: "T3 cancer", "metastasis to the brainstem"."""
    if not one.concept_label:
        return False
    label = name_of(one.concept_label)
    known = any(label == name_of(seen.label(n)) or seen.exact(n) in seen.index.find(one.concept_label) for n in nodes)
    return not known or bool(
        re.search(rf"{re.escape(one.concept_label)}\s+(?:to|of|involving)\s", criterion.text, re.I)
    )


def _reason(found: list[Reasoned]) -> str:
    for wanted in (True, None, False):
        for truth, reason in found:
            if truth is wanted:
                return reason
    return ""


def _ended(one: Therapy, seen: _Seen) -> tuple[int, int] | None:
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


def _accepted(one: Constraint, seen: _Seen) -> Callable[[Therapy], Truth]:
    def accept(therapy: Therapy) -> Truth:
        ago = _ended(therapy, seen)
        if one.kind == "ConcurrentTherapy":
            return None if ago is None else True if ago[1] == 0 else False if ago[0] > 0 else None
        if one.maximum_time_since:
            limit = days(one.maximum_time_since)
            return None if ago is None else True if ago[1] <= limit else False if ago[0] > limit else None
        if one.minimum_time_since:
            limit = days(one.minimum_time_since)
            return None if ago is None else True if ago[0] >= limit else False if ago[1] < limit else None
        return True

    return accept


def _washed_out(one: Constraint, seen: _Seen) -> Reasoned:
    """Whether enough time has passed since the therapy, which need not have been given."""
    limit = days(one.minimum_time_since)

    def too_recent(therapy: Therapy) -> Truth:
        ago = _ended(therapy, seen)
        return None if ago is None else False if ago[0] >= limit else True if ago[1] < limit else None

    found = [seen.has_therapy(node, too_recent) for node in one.concepts]
    truth = some(t for t, _ in found)
    return opposite(truth), f"{_reason(found)}; asked are {limit:.0f} days since"


def _when(words_: str, seen: _Seen) -> Truth:
    """Whether the condition under which a constraint counts is true of the patient."""
    women, men = bool(_WOMEN.search(words_)), bool(_MEN.search(words_))
    if women != men and seen.patient.sex:
        return (seen.patient.sex == "female") == women
    truths: list[Truth] = []
    asked_name = name_of(_OF_WHOM.sub("", words_))
    for thing in seen.diseases:
        if thing.name and thing.name == asked_name:
            return bool(_NOT_THERE.search(words_)) == thing.entry.absent
    for start, end, owners in seen.index.mentions(words_):
        named = words_[start:end]
        nodes = {owner: Concept(label=named, exact=owner, within=set(seen.index.closure(owner))) for owner in owners}
        asked = _Seen.__new__(_Seen)
        asked.patient, asked._concepts, asked.index, asked.today = seen.patient, nodes, seen.index, seen.today
        asked.diseases, asked.therapies, asked.measures = seen.diseases, seen.therapies, seen.measures
        truths.append(some(asked.has_disease(owner)[0] for owner in owners))
    if not truths:
        return None
    found = every(truths)
    return opposite(found) if _NOT_THERE.search(words_) else found


def _one(one: Constraint, criterion: Criterion, trial: Trial, seen: _Seen) -> Reasoned:
    """Whether one constraint is satisfied: a required one holds, a forbidden one does not."""
    if one.modality == "Allowed":
        return True, f"{one.concept_label or 'this'} is allowed"
    if one.kind == "PriorTherapy" and one.minimum_time_since and one.concepts and one.modality == "Required":
        return _washed_out(one, seen)
    truth, reason = _holds(one, criterion, trial, seen)
    return (opposite(truth) if one.modality == "Forbidden" else truth), reason


def _of_group(group: list[Constraint], criterion: Criterion, trial: Trial, seen: _Seen) -> Reasoned:
    """Constraints that belong together: bounds on one quantity, with the variants that count for some people."""
    always = [one for one in group if not one.applies_when]
    variants = [(one, _when(one.applies_when, seen)) for one in group if one.applies_when]
    base = [_one(one, criterion, trial, seen) for one in always]
    if len(always) > 1 and all(one.modality == "Forbidden" for one in always) and always[0].variable:
        plain: Reasoned = (some(t for t, _ in base), _reason_of(base))  # a forbidden range: both its ends must hold
    else:
        plain = (every(t for t, _ in base), _reason_of(base))
    if not variants:
        return plain
    true = [_one(one, criterion, trial, seen) for one, holds in variants if holds]
    if true:
        return every(t for t, _ in true), _reason_of(true)
    unsure = [_one(one, criterion, trial, seen) for one, holds in variants if holds is None]
    if not always:
        return (
            (True, "counts for others")
            if not unsure
            else (True if every(t for t, _ in unsure) else None, _reason_of(unsure))
        )
    if any(truth is not plain[0] for truth, _ in unsure):
        return None, f"{plain[1]}; it depends: {next(o.applies_when for o, h in variants if h is None)}"
    return plain


def _reason_of(found: list[Reasoned]) -> str:
    """The reason that decides: of what is not satisfied first, then of what is unknown."""
    for wanted in (False, None, True):
        reasons = [reason for truth, reason in found if truth is wanted and reason]
        if reasons:
            return "; ".join(dict.fromkeys(reasons))
    return ""


def _groups(constraints: list[Constraint]) -> list[list[Constraint]]:
    together: dict[tuple[str, str], list[Constraint]] = defaultdict(list)
    for number, one in enumerate(constraints):
        same_end = one.comparator if one.modality == "Required" else ""
        together[(one.variable, same_end) if one.variable else ("", str(number))].append(one)
    return list(together.values())


def _unscored(constraints: list[Constraint], seen: _Seen) -> list[Constraint]:
    """The constraints less the forbidden diseases whose severity a forbidden score of the same criterion tells."""
    scores = {one.variable for one in constraints if one.modality == "Forbidden"}
    told = {assets.facts("patient")["scored"].get(variable) for variable in scores} - {None}
    return [
        one
        for one in constraints
        if not (
            told
            and one.kind == "Diagnosis"
            and one.modality == "Forbidden"
            and any(told & seen.above(n) for n in one.concepts)
        )
    ]


def _of_criterion(criterion: Criterion, trial: Trial, seen: _Seen) -> Verdict:
    truth, reason = _decide(criterion, trial, seen)
    return Verdict(
        criterion=iri.local(criterion.id),
        kind="exclusion" if criterion.kind.startswith("Exclusion") else "inclusion",
        verdict=_WORDS[truth],
        reason=reason,
        text=criterion.text,
    )


def _decide(criterion: Criterion, trial: Trial, seen: _Seen) -> Reasoned:
    if not criterion.constraints:
        return None, "is not computable: read the words"
    sex = seen.patient.sex
    if (sex == "male" and _FOR_WOMEN.match(criterion.text)) or (sex == "female" and _FOR_MEN.match(criterion.text)):
        return True, f"does not apply: the patient is {sex}"
    constraints = _unscored(criterion.constraints, seen)
    always = [one for one in constraints if not one.alternative]
    found = [_of_group(group, criterion, trial, seen) for group in _groups(always)]
    ways: dict[str, list[Constraint]] = defaultdict(list)
    for one in constraints:
        if one.alternative:
            ways[one.alternative].append(one)
    if ways:
        each = []
        for group in ways.values():
            inner = [_of_group(part, criterion, trial, seen) for part in _groups(group)]
            if all(one.modality == "Forbidden" for one in group):
                each.append((some(t for t, _ in inner), _reason_of(inner)))
            else:
                each.append((every(t for t, _ in inner), _reason_of(inner)))
        forbidden = all(one.modality == "Forbidden" for group in ways.values() for one in group)
        # Of several ways one must hold; of several that are forbidden none may.
        truth = every(t for t, _ in each) if forbidden else some(t for t, _ in each)
        decisive = [one for one in each if one[0] is truth] or each
        found.append((truth, _reason_of(decisive)))
    truth = every(t for t, _ in found)
    return truth, _reason_of([one for one in found if one[0] is truth] or found)


def _of_fields(trial: Trial, seen: _Seen) -> list[Verdict]:
    """The age and sex that the record's own fields ask for."""
    verdicts = []

    def add(name: str, found: Reasoned) -> None:
        verdicts.append(Verdict(criterion=name, kind="field", verdict=_WORDS[found[0]], reason=found[1], text=name))

    for name, sign, text in (("minimum age", "ge", trial.minimum_age), ("maximum age", "le", trial.maximum_age)):
        if text:
            add(name, _age(Constraint(variable="Age", comparator=sign, value=text, canonical_value=text), seen))
    wanted = {"Female": "female", "Male": "male"}.get(trial.sex.removesuffix("Sex"), "")
    if wanted:
        same = None if not seen.patient.sex else seen.patient.sex == wanted
        add("sex", (same, f"the patient's sex is {seen.patient.sex or 'not given'}, asked is {wanted}"))
    return verdicts
