"""What each arm gets: treatments with dose, frequency, route and duration, in their order.

A text is read sentence by sentence for *events* (an intervention that participants get) and what is said of each. Events
become the *steps* of an arm: an event that is counted from another ("two weeks after surgery") or linked to it ("followed
by") comes after it, so that one intervention may have several steps; what is said twice is one step.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from kg import assets, terms
from kg.document import Document, Quote
from kg.interpret.mentions import Mention, Mentions
from kg.language import dose, duration
from kg.mesh import MeshIndex
from kg.record import Arm, Intervention, Treatment, TrialRecord

_BREAK = re.compile(r"(?:;|\bfollowed by\b|,? then\b)", re.I)
_CONJUNCTION = re.compile(r"\s(?:and|or|plus|with)\s|[,+]\s", re.I)
_MORE = re.compile(r"\s+(?:more|additional|further)\b", re.I)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(assets.facts("regimen")[name], re.I)


@dataclass(slots=True)
class Event:
    """An intervention that participants get, as one stretch of text says it."""

    name: str
    quote: Quote
    treatment: Treatment = field(default_factory=Treatment)
    after: str = ""
    before: str = ""
    linked: bool = False
    or_with_next: bool = False
    stops: bool = False


def _is_event(text: str, mention: Mention, previous_end: int, in_list: bool, loose: bool) -> bool:
    before, after = text[: mention.start], text[mention.end :]
    if _pattern("unlike").match(after):
        return False
    lead = before[previous_end:] if in_list else before
    if _pattern("not_given").search(lead) or _pattern("conditional").search(lead):
        return False
    return bool(loose or in_list or _pattern("gives").search(before) or _pattern("given").match(after))


def _until(text: str) -> list[str]:
    """Codes of what ends a treatment, from the words after "until" or "in the absence of"."""
    match = _pattern("until").search(text)
    if not match:
        return []
    tail = text[match.start() : match.end() + 140].lower()
    found: list[tuple[int, str]] = []
    for code, term in terms.scheme("UntilScheme").items():
        places = [tail.find(w.lower()) for w in (term.label, *term.synonyms) if w != "PD"]
        if hits := [p for p in places if p >= 0]:
            found.append((min(hits), code))
    return [code for _, code in sorted(found)]


def _lasting(text: str) -> str:
    """The duration after "for" in a text, as xsd:duration; "" when there is none."""
    for match in _pattern("lasts").finditer(text):
        tail = _MORE.sub("", text[match.end() : match.end() + 60])
        first = next(duration.find(tail), None)
        if first and first.start <= 1:
            return first.greatest
    return ""


def _gap(treatment: Treatment, text: str) -> None:
    """Set the gap to the step before from the words before "after": "within 2-6 weeks", "at least 28 days"."""
    found = list(duration.find(text))
    if not found:
        return
    last = found[-1]
    lead = text[: last.start].lower().rstrip()
    if last.least != last.greatest:
        treatment.minimum_gap, treatment.maximum_gap = last.least, last.greatest
    elif lead.endswith(("within", "up to", "no later than", "at most")):
        treatment.maximum_gap = last.greatest
    elif lead.endswith(("at least", "more than", "minimum of", "no sooner than")):
        treatment.minimum_gap = last.least
    else:
        treatment.minimum_gap = treatment.maximum_gap = last.least


def describe(treatment: Treatment, text: str, *, with_duration: bool = True) -> None:
    """Fill in dose, frequency, route, duration and end from the words about one intervention, where not yet known."""
    if treatment.dose_value is None and (amounts := dose.doses(text)):
        treatment.dose_value, treatment.dose_unit = amounts[0].value, amounts[0].unit
    if not treatment.frequency and (often := dose.frequency(text)) and not _is_dose_unit(text, often):
        treatment.frequency, treatment.intakes_per_day = often.normal, often.per_day
    if not treatment.route and (way := dose.route(text)):
        treatment.route = way.code
    if with_duration and not treatment.duration:
        treatment.duration = _lasting(text)
    for code in _until(text):
        if code not in treatment.until:
            treatment.until.append(code)


def _is_dose_unit(text: str, often: dose.Frequency) -> bool:
    """Whether "per day" is part of a dose such as "400 mg per day"."""
    return any(d.start <= often.start < d.end for d in dose.doses(text))


def _events(source: Quote, mentions: Mentions, *, loose: bool = False) -> list[Event]:
    events: list[Event] = []
    for sentence in source.sentences():
        text = sentence.text
        found = mentions.find(text)
        if not found:
            if events and re.match(r"(?:Study )?(?:Treatment|Courses?|Cycles?|Therapy)\b", text):
                describe(events[-1].treatment, text)
                events[-1].treatment.cite(sentence)
            continue
        anchor_after = anchor_before = ""
        gap_text = ""
        in_list = False
        previous_end = 0
        choice = bool(_pattern("choice").search(text)) or loose
        for i, mention in enumerate(found):
            lead = text[previous_end : mention.start]
            following = found[i + 1].start if i + 1 < len(found) else len(text)
            if _pattern("after").search(lead) and not loose:
                anchor_after, gap_text = mention.name, text[max(0, mention.start - 90) : mention.start]
                previous_end = mention.end
                continue
            if _pattern("before").search(lead):
                anchor_before = mention.name
                if events and events[-1].quote.start == sentence.start:
                    events[-1].before = mention.name
                previous_end = mention.end
                continue
            if loose and re.search(r"\b(?:following|after)\s*$", lead) and events:
                events[-1].after = mention.name
                previous_end = mention.end
                continue
            if _pattern("stops").search(lead):
                events.append(Event(mention.name, sentence, stops=True))
                previous_end = mention.end
                continue
            reintroduced = bool(_pattern("reintroduces").search(lead))
            if not reintroduced and not _is_event(text, mention, previous_end, in_list, loose):
                previous_end = mention.end
                continue
            event = Event(mention.name, sentence, after=anchor_after, before=anchor_before)
            window = _window(text, previous_end, mention, following)
            describe(event.treatment, window)
            event.linked = bool(_pattern("linked").search(lead)) and bool(events)
            event.or_with_next = (
                choice and bool(re.search(r"\bor\b", text[mention.end : following])) and i + 1 < len(found)
            )
            _act(event, lead, text[mention.end : mention.end + 40], reintroduced)
            if anchor_after and gap_text:
                _gap(event.treatment, gap_text)
            operation = next(iter(sorted(mentions.surgical)), "")
            if operation and event.name != operation and not event.after and not event.before:
                if _pattern("postoperative").search(window):
                    event.after = operation
                elif _pattern("preoperative").search(window):
                    event.before = operation
            event.treatment.cite(sentence)
            events.append(event)
            anchor_after = gap_text = ""
            in_list, previous_end = True, mention.end
    return events


def _window(text: str, previous_end: int, mention: Mention, following: int) -> str:
    """The words that describe a mention: from the last break before it to the next mention or break."""
    start = previous_end
    for pattern in (_CONJUNCTION, _BREAK):
        for match in pattern.finditer(text, previous_end, mention.start):
            start = max(start, match.end())
    stop = following
    if stops := _BREAK.search(text, mention.end, following):
        stop = stops.start()
    elif following < len(text):
        joints = [m.start() for m in _CONJUNCTION.finditer(text, mention.end, following)]
        stop = joints[-1] if joints else following
    return text[start:stop]


def _act(event: Event, lead: str, tail: str, reintroduced: bool) -> None:
    treatment = event.treatment
    if reintroduced:
        treatment.action, treatment.inferred = "Reintroduction", True
    elif _pattern("continues").search(lead):
        treatment.action = "Continuation"
    elif _pattern("escalates").search(lead):
        treatment.action = "Escalation"
    if re.match(r"\s+(?:treatment\s+)?(?:at|upon|on|after)\s+(?:the time of\s+)?(?:relapse|recurrence)", tail, re.I):
        treatment.timing.append("AtRelapse")
    elif re.match(r"\s+(?:treatment\s+)?(?:at|upon|on)\s+(?:the time of\s+)?(?:disease )?progression", tail, re.I):
        treatment.timing.append("AtProgression")


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


class _Plan:
    """The steps of one arm, built up from the events of several texts."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.discontinued: list[Event] = []

    def _followers(self, step: Step) -> list[Step]:
        seen: list[Step] = []
        waiting = list(step.next)
        while waiting:
            one = waiting.pop(0)
            if all(one is not s for s in seen):
                seen.append(one)
                waiting += one.next
        return seen

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

    def add(self, events: list[Event]) -> None:
        """Take in the events of one text, in its order."""
        cursor: Step | None = None
        chosen: Step | None = None
        for event in events:
            if event.stops:
                self.discontinued.append(event)
                continue
            if event.after and event.after != event.name:
                base = self._anchor(event.after, cursor)
                step = self._step(event.name, event.treatment, self._followers(base))
                if step is None:
                    step = self._new(event)
                    base.next.append(step)
                else:
                    step.merge(event.treatment)
            elif event.linked and cursor is not None:
                step = self._step(event.name, event.treatment, self._followers(cursor))
                if step is None:
                    step = self._new(event)
                    cursor.next.append(step)
                else:
                    step.merge(event.treatment)
            else:
                step = self._step(event.name, event.treatment, self.steps)
                if step is None:
                    step = self._new(event)
                elif step.treatment is not event.treatment:
                    step.merge(event.treatment)
            if event.before and event.before != event.name and not step.next:
                later = self._anchor(event.before, None)
                if later is not step and step not in self._followers(later):
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
        for one in record.has_intervention:
            treatment = Treatment(of_intervention=one.name, description=one.description)
            describe(treatment, f"{one.name}. {one.description}")
            if treatment.description or treatment.dose_value is not None:
                _cite_intervention(treatment, one)
                treatment.id = f"treatment/{len(record.has_unassigned_treatment) + 1}"
                record.has_unassigned_treatment.append(treatment)
        return
    for order, arm in enumerate(record.has_arm, 1):
        arm.order = arm.order or order
        arm.id = f"arm/{order}"
        _read_arm(record, document, arm, by_name, index)
    _set_roles(record)


def _sources(record: TrialRecord, document: Document, arm: Arm, getting: list[Intervention]) -> list[Quote]:
    texts = _spans(document, arm, "armDescription")
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
        labelled = [e for e in _events(label, mentions, loose=True) if e.after or e.linked or e.or_with_next]
        plan.add(_events(label, mentions, loose=True) if labelled else [])
    for source in _sources(record, document, arm, getting):
        plan.add(_events(source, mentions))
    for one in getting:
        own = [s for s in plan.steps if s.name == one.name]
        if not own:
            plan.steps.append(Step(one.name, Treatment()))
            own = plan.steps[-1:]
            describe(own[0].treatment, one.description)
        if all(s.treatment.dose_value is None for s in own):
            describe(own[-1].treatment, one.name)
        if re.search(r"\bescalation\b", one.name, re.I):
            own[0].treatment.action = own[0].treatment.action or "Escalation"
        for step in own:
            if not step.treatment.evidence:
                _cite_intervention(step.treatment, one)
    _write(arm, plan, mentions, by_name)


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
    return {s.name for s in _Plan()._followers(step)}


def _after(step: Step, later: Step) -> bool:
    return any(s is later for s in _Plan()._followers(step))


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
