"""The criteria of trials held against a patient: met, not met, or cannot tell, each with its reason.

Constraints are read from the graph, and decided in its terms: ``tk:modality`` says what must, must not or may hold, constraints of
one criterion with the same ``tk:alternative`` hold together, ``tk:canonicalValue`` is what numbers are compared in, and a
concept holds of everything within it (``tk:isWithin``). Truth is three-valued (Kleene): what is unknown stays unknown unless
the rest decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import msgspec

from kg import iri
from kg.criteria.cues import pattern
from kg.eligibility import sexes
from kg.eligibility.bounds import age
from kg.eligibility.chart import Chart
from kg.eligibility.decide import decide
from kg.eligibility.requirements import Constraint, Criterion, Requirements, Trial
from kg.eligibility.truth import Reasoned, Truth, every, some
from kg.graphs import Graph
from kg.language import number
from kg.mesh import MeshIndex
from kg.patient import Patient


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

#: How far lists are followed into lists.
_DEEPEST = 12


class Eligibility:
    """The trials of a graph, ready to be held against patients. ``index`` links the patients' diseases and therapies."""

    def __init__(self, graph: Graph, index: MeshIndex, trials: Iterable[str] = ()) -> None:
        requirements = Requirements(graph, trials)
        self.trials, self.concepts = requirements.trials, requirements.concepts
        self._index = index

    def match(self, patient: Patient) -> list[Match]:
        """All trials held against a patient: those that the patient meets first, then those that may be, then the others.

        Among these, trials that study a disease of the patient come first, and those with less unmet and unknown.
        """
        seen = Chart(patient, self.concepts, self._index)
        found = [self._match(trial, seen) for trial in self.trials]
        rank = {"meets": 0, "may meet": 1, "fails": 2}
        about: dict[Truth, int] = {True: 0, None: 1, False: 2}
        return sorted(found, key=lambda m: (rank[m.verdict], about[m.studied], m.not_met, m.unknown, m.trial))

    def _match(self, trial: Trial, seen: Chart) -> Match:
        verdicts = [*_of_fields(trial, seen), *_of_criteria(trial, seen)]
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


def _of_criteria(trial: Trial, seen: Chart) -> Iterator[Verdict]:
    """The verdicts on the criteria; of a list that is a choice some items are enough."""
    found = {one.id: decide(one, trial, seen) for one in trial.criteria}
    by_id = {one.id: one for one in trial.criteria}
    below: dict[str, list[str]] = {}
    for parent in {one.part_of for one in trial.criteria if one.kind.startswith("Exclusion")} & by_id.keys():
        truth, reason = found[parent]
        if truth is False and by_id[parent].text.rstrip().endswith(":"):
            found[parent] = None, f"{reason}; which are meant, the list tells"
    for one in trial.criteria:
        if one.part_of in by_id and not one.kind.startswith("Exclusion"):
            below.setdefault(one.part_of, []).append(one.id)
    wanted = {parent: _enough(by_id[parent].text) for parent in below}
    chosen = [(below[parent], count) for parent, count in wanted.items() if count]
    for items, count in (*chosen, *((items, 1) for items in _joined(trial.criteria))):
        if len(items) < 2:
            continue
        if any(one.modality == "Forbidden" for item in items for one in by_id[item].constraints):
            continue  # "none of the following": each of them is asked
        truths = [_with_those_below(item, found, by_id, below, wanted) for item in items]
        sure = sum(truth is True for truth in truths)
        if sure + sum(truth is None for truth in truths) < count:
            continue
        for item in (under for one in items for under in _branch(one, below)):
            if found[item][0] is False:
                other = "enough of the list is met" if sure >= count else "enough of the list may be met"
                found[item] = (sure >= count or None, f"{found[item][1]}; {other}")
    for one in trial.criteria:
        yield _of_criterion(one, *found[one.id])


def _enough(text: str) -> int:
    """How many of the items are enough that an item opens: 3 in "at least three of the following:"; 0 where all are asked."""
    match = pattern("choice_list").search(text)
    if not match:
        return 0
    told = match["count"] or "one"
    return int(told) if told.isdigit() else int(number.parse(told) or 1)


def _branch(item: str, below: dict[str, list[str]]) -> Iterator[str]:
    """A criterion and all that are listed under it."""
    waiting = [item]
    while waiting:
        yield (one := waiting.pop())
        waiting += below.get(one, ())


def _with_those_below(
    item: str,
    found: dict[str, Reasoned],
    by_id: dict[str, Criterion],
    below: dict[str, list[str]],
    wanted: dict[str, int],
    depth: int = 0,
) -> Truth:
    """Whether a criterion holds together with what is listed under it."""
    own: Truth = found[item][0] if by_id[item].constraints else True
    if item not in below or depth == _DEEPEST:
        return found[item][0]
    under = [_with_those_below(one, found, by_id, below, wanted, depth + 1) for one in below[item]]
    count = wanted[item] or len(under)
    sure, open_ = sum(truth is True for truth in under), sum(truth is None for truth in under)
    return every([own, True if sure >= count else None if sure + open_ >= count else False])


def _joined(criteria: list[Criterion]) -> Iterator[list[str]]:
    """The items that "OR" at the end of one, or at the beginning of the next, makes a choice."""
    chain: list[Criterion] = []
    for one in (c for c in criteria if not c.kind.startswith("Exclusion")):
        if chain and (
            chain[-1].part_of != one.part_of
            or not (pattern("or_behind").search(chain[-1].text) or pattern("or_before").match(one.text))
        ):
            yield [c.id for c in chain]
            chain = []
        chain.append(one)
    yield [c.id for c in chain]


def _of_criterion(criterion: Criterion, truth: Truth, reason: str) -> Verdict:
    return Verdict(
        criterion=iri.local(criterion.id),
        kind="exclusion" if criterion.kind.startswith("Exclusion") else "inclusion",
        verdict=_WORDS[truth],
        reason=reason,
        text=criterion.text,
    )


def _of_fields(trial: Trial, seen: Chart) -> list[Verdict]:
    """The age and sex that the record's own fields ask for."""
    verdicts = []

    def add(name: str, found: Reasoned) -> None:
        verdicts.append(Verdict(criterion=name, kind="field", verdict=_WORDS[found[0]], reason=found[1], text=name))

    for name, sign, text in (("minimum age", "ge", trial.minimum_age), ("maximum age", "le", trial.maximum_age)):
        if text:
            add(name, age(Constraint(variable="Age", comparator=sign, value=text, canonical_value=text), seen))
    wanted = sexes.wanted(trial)
    if wanted:
        same = None if not seen.patient.sex else seen.patient.sex == wanted
        add("sex", (same, f"the patient's sex is {seen.patient.sex or 'not given'}, asked is {wanted}"))
    return verdicts
