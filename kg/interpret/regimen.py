"""What each arm gets: its treatments in their order.

The events of the texts about an arm (:mod:`kg.interpret.events`) become its *steps*: an event that is counted from another or
linked to it comes after it, so that one intervention may have several steps; what is said twice is one step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from kg.document import Document, Quote
from kg.interpret.events import Event, describe, events
from kg.interpret.mentions import Mentions
from kg.mesh import MeshIndex
from kg.record import Arm, Intervention, Treatment, TrialRecord

_GIVEN = re.compile(
    r"\b(?:giv\w+|administ\w+|receiv\w+|infus\w+|inject\w+|dos(?:e|es|ed|ing)|tak(?:e|en)|m?g|iv|po|sc)\b", re.I
)


@dataclass(slots=True)
class Step:
    """One treatment of an arm in the making, with the steps that come directly after it."""

    name: str
    treatment: Treatment
    next: list[Step] = field(default_factory=list)
    alternatives: list[Step] = field(default_factory=list)

    def agrees(self, other: Treatment) -> bool:
        """Whether dose and duration of the two do not contradict each other."""
        mine = self.treatment
        same_dose = None in (mine.dose_value, other.dose_value) or mine.dose_value == other.dose_value
        return same_dose and (not mine.duration or not other.duration or mine.duration == other.duration)

    def merge(self, other: Treatment) -> None:
        """Take over what the other says and this one does not."""
        mine = self.treatment
        if mine.dose_value is None:
            mine.dose_value, mine.dose_unit = other.dose_value, other.dose_unit
        if not mine.frequency:
            mine.frequency, mine.intakes_per_day = other.frequency, other.intakes_per_day
        if not (mine.minimum_gap or mine.maximum_gap):
            mine.minimum_gap, mine.maximum_gap = other.minimum_gap, other.maximum_gap
        for name in ("route", "duration", "action"):
            if not getattr(mine, name):
                setattr(mine, name, getattr(other, name))
        mine.until += [u for u in other.until if u not in mine.until]
        mine.timing += [t for t in other.timing if t not in mine.timing]
        mine.cite(*(Quote(e.start or 0, e.end or 0, e.quote) for e in other.evidence))

    def complete(self, told: Treatment, text: Quote) -> None:
        """Fill in from a text about the intervention alone what is not known yet."""
        mine = self.treatment
        if None not in (mine.dose_value, told.dose_value) and mine.dose_value != told.dose_value:
            mine.route = mine.route or told.route
            return
        before = (mine.dose_value, mine.frequency, mine.route, mine.duration)
        if mine.dose_value is None:
            mine.dose_value, mine.dose_unit = told.dose_value, told.dose_unit
        lone_day = mine.frequency.startswith("day ") and told.intakes_per_day is not None
        if not mine.frequency or lone_day:  # a rhythm says more than its first day
            mine.frequency, mine.intakes_per_day = told.frequency, told.intakes_per_day
        mine.route = mine.route or told.route
        mine.duration = mine.duration or told.duration
        if before != (mine.dose_value, mine.frequency, mine.route, mine.duration):
            mine.cite(text)

    def followers(self) -> list[Step]:
        """All steps that come after this one, the nearest first."""
        seen: list[Step] = []
        waiting = list(self.next)
        while waiting:
            one = waiting.pop(0)
            if all(one is not s for s in seen):
                seen.append(one)
                waiting += one.next
        return seen


class _Plan:
    """The steps of one arm, built up from the events of several texts."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.discontinued: list[Event] = []

    def _step(self, name: str, treatment: Treatment, among: list[Step]) -> Step | None:
        return next((s for s in among if s.name == name and s.agrees(treatment)), None)

    def _new(self, event: Event) -> Step:
        step = Step(event.name, event.treatment)
        self.steps.append(step)
        return step

    def _anchor(self, name: str, cursor: Step | None) -> Step:
        """The step that an event is counted from: the last of that name so far."""
        if cursor is not None and cursor.name == name:
            return cursor
        for step in reversed(self.steps):
            if step.name == name:
                return step
        return self._new(Event(name, Quote(0, 0, "")))

    def _told(self, event: Event, base: Step | None = None) -> Step:
        """The step that an event tells of - known, or new - among those after ``base`` where there is one."""
        step = self._step(event.name, event.treatment, self.steps if base is None else base.followers())
        if step is None:
            step = self._new(event)
            if base is not None:
                base.next.append(step)
        elif step.treatment is not event.treatment:
            step.merge(event.treatment)
        return step

    def add(self, found: list[Event]) -> None:
        """Take in the events of one text, in its order."""
        cursor: Step | None = None
        chosen: Step | None = None
        for event in found:
            if event.stops:
                self.discontinued.append(event)
                continue
            if event.after and event.after != event.name:
                step = self._told(event, self._anchor(event.after, cursor))
            else:
                step = self._told(event, cursor if event.linked else None)
            if event.before and event.before != event.name and not step.next:
                later = self._anchor(event.before, None)
                if later is not step and step not in later.followers():
                    step.next.append(later)
            if chosen is not None and chosen is not step and all(s is not step for s in chosen.alternatives):
                chosen.alternatives.append(step)
                step.alternatives.append(chosen)
            chosen = step if event.or_with_next else None
            cursor = step


def read_treatments(record: TrialRecord, document: Document, index: MeshIndex) -> None:
    """Fill the treatments of each arm, and what arms stop. Without arms, treatments that no arm is told for."""
    by_name = {i.name: i for i in record.has_intervention}
    if not record.has_arm:
        _unassigned(record, record.has_intervention)
        return
    for order, arm in enumerate(record.has_arm, 1):
        arm.order = arm.order or order
        arm.id = f"arm/{order}"
        _read_arm(record, document, arm, by_name, index)
    _set_roles(record)
    given = {name for arm in record.has_arm for name in (*arm.has_intervention, *arm.discontinues)}
    _unassigned(record, [one for one in record.has_intervention if one.name not in given])


def _unassigned(record: TrialRecord, interventions: list[Intervention]) -> None:
    """Treatments of which no arm is told: how the interventions are given, where their descriptions say it."""
    for one in interventions:
        treatment = Treatment(of_intervention=one.name, description=one.description)
        describe(treatment, f"{one.name}. {one.description}")
        if treatment.description or treatment.dose_value is not None:
            _cite_intervention(treatment, one)
            treatment.id = f"treatment/{len(record.has_unassigned_treatment) + 1}"
            record.has_unassigned_treatment.append(treatment)


def _sources(record: TrialRecord, document: Document, arm: Arm, getting: list[Intervention]) -> list[Quote]:
    texts = _spans(document, arm, "armDescription") + _spans(document, arm, "treatmentDescription")
    for one in getting:
        texts += _spans(document, one, "treatmentDescription")
    if len(record.has_arm) == 1:
        texts += [p.quote for p in record.passages if p.role in ("description", "outline")]
    return texts


def _spans(document: Document, node: Arm | Intervention, supports: str) -> list[Quote]:
    """The node's lines that support a property, those that follow each other joined."""
    spans: list[Quote] = []
    for one in sorted(node.evidence, key=lambda e: e.start or 0):
        if supports not in one.supports or one.start is None or one.end is None:
            continue
        if spans and not document.text[spans[-1].end : one.start].strip(" \t\r\n|"):
            spans[-1] = document.quote(spans[-1].start, one.end)
        else:
            spans.append(document.quote(one.start, one.end))
    return spans


def _read_arm(
    record: TrialRecord, document: Document, arm: Arm, by_name: dict[str, Intervention], index: MeshIndex
) -> None:
    getting = [by_name[n] for n in arm.has_intervention if n in by_name]
    mentions = Mentions(getting or record.has_intervention, index)
    plan = _Plan()
    label = next((document.quote(e.start or 0, e.end or 0) for e in arm.evidence if not e.supports), None)
    if label and not arm.inferred and getting:
        labelled = events(label, mentions, loose=True)
        if any(e.after or e.linked or e.or_with_next for e in labelled):
            plan.add(labelled)
    for source in _sources(record, document, arm, getting):
        plan.add(events(source, mentions))
    for one in getting:
        own = [s for s in plan.steps if s.name == one.name]
        here = [q for q in _spans(document, arm, "treatmentDescription") if q.words in one.description]
        if not own:
            plan.steps.append(Step(one.name, Treatment()))
            own = plan.steps[-1:]
            describe(own[0].treatment, "\n".join(q.text for q in here) or one.description)
            own[0].treatment.cite(*here)
        if all(s.treatment.dose_value is None for s in own):
            describe(own[-1].treatment, one.name)
        if re.search(r"\bescalation\b", one.name, re.I):
            own[0].treatment.action = own[0].treatment.action or "Escalation"
        for step in own:
            if not step.treatment.evidence:
                _cite_intervention(step.treatment, one)
        _complete(own, one, here or _spans(document, one, "treatmentDescription"), mentions)
    _write(arm, plan, mentions, by_name)


def _complete(own: list[Step], one: Intervention, texts: list[Quote], mentions: Mentions) -> None:
    """What an intervention's own description says, where the arm's words leave it open: up to where it names another."""
    for text in texts[:1]:
        told = Treatment()
        for number, sentence in enumerate(text.sentences()):
            named = mentions.find(sentence.text)
            other = next((m.start for m in named if m.name != one.name), len(sentence.text))
            if number == 0 or named or _GIVEN.search(sentence.text):
                describe(told, sentence.text[:other], with_duration=number == 0 or bool(named))
        if len(own) == 1:
            own[0].complete(told, text)
        elif len(own) > 1 and told.route:
            for step in own:
                step.treatment.route = step.treatment.route or told.route


def _cite_intervention(treatment: Treatment, one: Intervention) -> None:
    treatment.cite(*(Quote(e.start or 0, e.end or 0, e.quote) for e in one.evidence))


def _write(arm: Arm, plan: _Plan, mentions: Mentions, by_name: dict[str, Intervention]) -> None:
    """Turn the plan into treatments: numbered, in order, with their links."""
    for event in plan.discontinued:
        if event.name not in arm.discontinues:
            arm.discontinues.append(event.name)
            arm.cite(event.quote, supports=["discontinues"])
    steps = _in_order(plan.steps)
    numbers = {id(step): f"{arm.id}/treatment/{i}" for i, step in enumerate(steps, 1)}
    for step in steps:
        treatment = step.treatment
        treatment.id = numbers[id(step)]
        treatment.of_intervention = step.name
        treatment.precedes = [numbers[id(s)] for s in step.next]
        treatment.alternative_to = [numbers[id(s)] for s in step.alternatives]
        treatment.inferred = treatment.inferred or (arm.inferred and not treatment.evidence)
        if not treatment.evidence:
            _cite_intervention(treatment, by_name[step.name])
        if step.name in mentions.drugs:
            later = _names_after(step)
            if later & mentions.surgical and "Neoadjuvant" not in treatment.timing:
                treatment.timing.append("Neoadjuvant")
            if any(s.name in mentions.surgical and step.name in _names_after(s) and _after(s, step) for s in steps):
                treatment.timing.append("Adjuvant")
        arm.has_treatment.append(treatment)
    for treatment in arm.has_treatment:
        if treatment.of_intervention not in arm.has_intervention:
            arm.has_intervention.append(treatment.of_intervention)


def _names_after(step: Step) -> set[str]:
    return {s.name for s in step.followers()}


def _after(step: Step, later: Step) -> bool:
    return any(s is later for s in step.followers())


def _in_order(steps: list[Step]) -> list[Step]:
    """The steps so that each stands after those that precede it, as they were found otherwise."""
    ordered: list[Step] = []
    waiting = list(steps)
    while waiting:
        ready = next((s for s in waiting if not any(_after(o, s) for o in waiting if o is not s)), waiting[0])
        ordered.append(ready)
        waiting = [s for s in waiting if s is not ready]
    return ordered


def _set_roles(record: TrialRecord) -> None:
    """Background is what all of several arms get; else the type of the arm says what a treatment is for."""
    if len(record.has_arm) < 2 or not any(a.arm_type for a in record.has_arm):
        return
    common = set(record.has_arm[0].has_intervention)
    for arm in record.has_arm[1:]:
        common &= set(arm.has_intervention)
    roles = {"ExperimentalArm": "Experimental"} | dict.fromkeys(
        ("ActiveComparator", "PlaceboComparator", "ShamComparator"), "Comparator"
    )
    varied = any(set(a.has_intervention) - common for a in record.has_arm)
    for arm in record.has_arm:
        for treatment in arm.has_treatment:
            if treatment.of_intervention in common and varied:
                treatment.role = "Background"
            elif arm.arm_type in roles:
                treatment.role = roles[arm.arm_type]
