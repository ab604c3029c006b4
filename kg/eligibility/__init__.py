"""The criteria of trials held against a patient: met, not met, or cannot tell, each with its reason.

Constraints are read from the graph, and decided in its terms: ``tk:modality`` says what must, must not or may hold, constraints of
one criterion with the same ``tk:alternative`` hold together, ``tk:canonicalValue`` is what numbers are compared in, and a
concept holds of everything within it (``tk:isWithin``). Truth is three-valued (Kleene): what is unknown stays unknown unless
the rest decides.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from kg import iri
from kg.eligibility.bounds import age
from kg.eligibility.chart import Chart
from kg.eligibility.decide import decide
from kg.eligibility.requirements import Constraint, Criterion, Requirements, Trial
from kg.eligibility.truth import Reasoned, Truth, some
from kg.graphs import Graph
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


def _of_criterion(criterion: Criterion, trial: Trial, seen: Chart) -> Verdict:
    truth, reason = decide(criterion, trial, seen)
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
    wanted = {"Female": "female", "Male": "male"}.get(trial.sex.removesuffix("Sex"), "")
    if wanted:
        same = None if not seen.patient.sex else seen.patient.sex == wanted
        add("sex", (same, f"the patient's sex is {seen.patient.sex or 'not given'}, asked is {wanted}"))
    return verdicts
