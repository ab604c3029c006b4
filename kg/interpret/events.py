"""What participants get, as one text says it: events, each with dose, frequency, route, duration, gap and end.

A text is read sentence by sentence; the words between one intervention and the next say what is said of it, and whether it
is linked to the one before ("followed by"), counted from another ("two weeks after surgery") or a choice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache

from kg import assets, terms
from kg.document import Quote
from kg.interpret.mentions import Mention, Mentions
from kg.language import dose, duration
from kg.record import Treatment

_BREAK = re.compile(r"(?:;|\bfollowed by\b|,? then\b)", re.I)
_CONJUNCTION = re.compile(r"\s(?:and|or|plus|with)\s|[,+]\s", re.I)
_NEXT = re.compile(r"\bplus\b|\bfollowed by\b|,? then\b|\s\+\s|\bsubsequent", re.I)
_MORE = re.compile(r"(?<!\s)\s++(?:more|additional|further)\b", re.I)
#: Characters around a mention within which words say whether it is given.
_FAR = 1_000


@cache
def pattern(name: str) -> re.Pattern[str]:
    """A pattern of ``kg/facts/regimen.toml``, for either case."""
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
    first = max(0, mention.start - _FAR)
    before, after = text[first : mention.start], text[mention.end : mention.end + _FAR]
    if pattern("unlike").match(after):
        return False
    lead = text[max(first, previous_end) : mention.start] if in_list else before
    if pattern("not_given").search(lead) or pattern("conditional").search(lead):
        return False
    return bool(loose or in_list or pattern("gives").search(before) or pattern("given").match(after))


def _until(text: str) -> list[str]:
    """Codes of what ends a treatment, from the words after "until" or "in the absence of"."""
    match = pattern("until").search(text)
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
    for match in pattern("lasts").finditer(text):
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
    amounts = dose.doses(text)
    if treatment.dose_value is None and amounts:
        treatment.dose_value, treatment.dose_unit = amounts[0].value, amounts[0].unit
    if len(amounts) > 1 and (joint := _NEXT.search(text, amounts[0].end, amounts[1].start)):
        head = text[: joint.start()]  # what follows is said of another step, or of the next drug
        if joint.group().strip() not in ("plus", "+") or dose.frequency(head) or _lasting(head):
            text, amounts = head, dose.doses(head)
    if not treatment.frequency and (often := dose.frequency(text)) and not _is_dose_unit(amounts, often):
        treatment.frequency, treatment.intakes_per_day = often.normal, often.per_day
    if not treatment.route and (way := dose.route(text)):
        treatment.route = way.code
    if with_duration and not treatment.duration:
        treatment.duration = _lasting(text)
    for code in _until(text):
        if code not in treatment.until:
            treatment.until.append(code)


def _is_dose_unit(amounts: list[dose.Dose], often: dose.Frequency) -> bool:
    """Whether "per day" is part of a dose such as "400 mg per day"."""
    return any(d.start <= often.start < d.end for d in amounts)


def events(source: Quote, mentions: Mentions, *, loose: bool = False) -> list[Event]:
    """The events of a text, in its order. ``loose``: the text is a name, in which every mention is given and "or" is a choice."""
    told: list[Event] = []
    for sentence in source.sentences():
        text = sentence.text
        found = mentions.find(text)
        if not found:
            if told and re.match(r"(?:Study )?(?:Treatment|Courses?|Cycles?|Therapy)\b", text):
                describe(told[-1].treatment, text)
                told[-1].treatment.cite(sentence)
            continue
        anchor_after = anchor_before = ""
        gap_text = ""
        in_list = False
        previous_end = 0
        choice = bool(pattern("choice").search(text)) or loose
        for i, mention in enumerate(found):
            lead = text[previous_end : mention.start]
            following = found[i + 1].start if i + 1 < len(found) else len(text)
            if pattern("after").search(lead) and not loose:
                anchor_after, gap_text = mention.name, text[max(0, mention.start - 90) : mention.start]
                previous_end = mention.end
                continue
            if pattern("before").search(lead):
                anchor_before = mention.name
                if told and told[-1].quote.start == sentence.start:
                    told[-1].before = mention.name
                previous_end = mention.end
                continue
            if loose and re.search(r"\b(?:following|after)\s*$", lead) and told:
                told[-1].after = mention.name
                previous_end = mention.end
                continue
            if pattern("stops").search(lead):
                told.append(Event(mention.name, sentence, stops=True))
                previous_end = mention.end
                continue
            reintroduced = bool(pattern("reintroduces").search(lead))
            if not reintroduced and not _is_event(text, mention, previous_end, in_list, loose):
                previous_end = mention.end
                continue
            event = Event(mention.name, sentence, after=anchor_after, before=anchor_before)
            window = _window(text, previous_end, mention, following)
            describe(event.treatment, window)
            event.linked = bool(pattern("linked").search(lead)) and bool(told)
            event.or_with_next = (
                choice and bool(re.search(r"\bor\b", text[mention.end : following])) and i + 1 < len(found)
            )
            _act(event, lead, text[mention.end : mention.end + 40], reintroduced)
            if anchor_after and gap_text:
                _gap(event.treatment, gap_text)
            operation = min(mentions.surgical, default="")
            if operation and event.name != operation and not event.after and not event.before:
                if pattern("postoperative").search(window):
                    event.after = operation
                elif pattern("preoperative").search(window):
                    event.before = operation
            event.treatment.cite(sentence)
            told.append(event)
            anchor_after = gap_text = ""
            in_list, previous_end = True, mention.end
    return told


def _window(text: str, previous_end: int, mention: Mention, following: int) -> str:
    """The words that describe a mention: from the last break before it to the next mention or break."""
    start = previous_end
    for joint in (_CONJUNCTION, _BREAK):
        for match in joint.finditer(text, previous_end, mention.start):
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
    elif pattern("continues").search(lead):
        treatment.action = "Continuation"
    elif pattern("escalates").search(lead):
        treatment.action = "Escalation"
    if re.match(r"\s+(?:treatment\s+)?(?:at|upon|on|after)\s+(?:the time of\s+)?(?:relapse|recurrence)", tail, re.I):
        treatment.timing.append("AtRelapse")
    elif re.match(r"\s+(?:treatment\s+)?(?:at|upon|on)\s+(?:the time of\s+)?(?:disease )?progression", tail, re.I):
        treatment.timing.append("AtProgression")
