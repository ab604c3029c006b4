"""The results section of a study of ClinicalTrials.gov in the form of its API v2.

Participant flow, baseline characteristics, outcome measures with their analyses, and adverse events. A group that is
described in the same words in several of these is one group, so that its outcomes and its adverse events can be joined.
"""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from typing import Any

from kg.document import Quote
from kg.language.number import plain
from kg.read.rendering import StudyText
from kg.record import TrialRecord
from kg.results import (
    AdverseEvent,
    Analysis,
    FlowStep,
    GroupCount,
    MeasuredValue,
    ReportedMeasure,
    ResultGroup,
)

_NUMBER = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3}){1,5}|\d{1,18})(?:\.\d{0,18})?(?:[eE][-+]?\d{1,2})?|[-+]?\.\d{1,18}")
_SIGNS = {"<": "lt", "≤": "le", "<=": "le", "=": "eq", ">": "gt", "≥": "ge", ">=": "ge"}
_COMPARED = re.compile(rf"(?:(<=|>=|[<>≤≥=])\s*+)?+({_NUMBER.pattern})")
_TOTALS = {
    "deathsNumAffected": "deaths",
    "deathsNumAtRisk": "death_at_risk",
    "seriousNumAffected": "seriously_affected",
    "seriousNumAtRisk": "serious_at_risk",
    "otherNumAffected": "otherwise_affected",
    "otherNumAtRisk": "other_at_risk",
}
_OUTCOME_KINDS = {"primary": "PrimaryOutcome", "secondary": "SecondaryOutcome"}


def read_results(record: TrialRecord, source: StudyText) -> None:
    """Add what a study reported to its record, whose arms and outcomes have been read."""
    groups = _Groups(record, source)
    _flow(record, source, groups)
    baseline = source.results.get("baselineCharacteristicsModule")
    if baseline:
        known = groups.named(source.all("groups", baseline))
        totals = _denominators(source, baseline, known)
        for found in source.all("measures", baseline):
            one = _measure(record, source, found, known, "BaselineMeasure")
            one.has_count = _denominators(source, found, known) or [_copy(t) for t in totals]
    for found in source.all("outcomeMeasuresModule.outcomeMeasures", source.results):
        _outcome(record, source, found, groups.named(source.all("groups", found)))
    _events(record, source, groups)
    limits = source.take("moreInfoModule.limitationsAndCaveats.description", source.results, "limitations")
    record.set("resultLimitations", limits.words, limits)


def _copy(count: GroupCount) -> GroupCount:
    return GroupCount(
        type=count.type,
        of_group=count.of_group,
        count=count.count,
        count_unit=count.count_unit,
        evidence=list(count.evidence),
    )


class _Groups:
    """The groups of a study: those that are described in the same words are one, but within one list each is its own."""

    def __init__(self, record: TrialRecord, source: StudyText) -> None:
        self._record, self._source = record, source
        self._known: dict[tuple[str, str, int], ResultGroup] = {}
        self._arms = {arm.label.casefold(): arm.label for arm in record.has_arm}

    def named(self, found: list[Any]) -> dict[str, ResultGroup]:
        """The groups of one list, by the identifiers that it gives them."""
        groups: dict[str, ResultGroup] = {}
        times: Counter[tuple[str, str]] = Counter()
        for one in found:
            words = (" ".join(str(one.get("title") or "").split()), " ".join(str(one.get("description") or "").split()))
            times[words] += 1
            key = (*words, times[words])
            if key not in self._known:
                self._known[key] = self._group(one)
            groups[str(one.get("id"))] = self._known[key]
        return groups

    def _group(self, found: Any) -> ResultGroup:
        group = ResultGroup(id=f"result/group/{len(self._known) + 1}", type=["ResultGroup"])
        title = self._source.take("title", found, "group")
        description = self._source.take("description", found, "group description")
        group.label = title.words or description.words or str(found.get("id"))
        group.description = description.words
        group.of_arm = self._arms.get(group.label.casefold(), "")
        group.cite(title or description or self._source.take("id", found, "group"))
        if description:
            group.cite(description, supports=["groupDescription"])
        self._record.has_result_group.append(group)
        return group


def number(text: str) -> Decimal | None:
    """The number that a value is as a whole; None for "NA" or "not reached"."""
    match = _NUMBER.fullmatch(text.strip())
    return plain(Decimal(match.group().replace(",", ""))) if match else None


def _whole(value: object) -> int | None:
    found = number(str(value))
    return int(found) if found is not None and found == found.to_integral_value() and abs(found) < 2**53 else None


def _count(source: StudyText, found: Any, groups: dict[str, ResultGroup], name: str, label: str) -> GroupCount | None:
    """A count of one group, cited as "5 of 59 (7 events)"."""
    group = groups.get(str(found.get("groupId")))
    counted = _whole(found.get(name))
    if group is None or counted is None:
        return None
    count = GroupCount(type=["GroupCount"], of_group=group.id, count=counted)
    count.at_risk, count.event_count = _whole(found.get("numAtRisk")), _whole(found.get("numEvents"))
    text = str(counted)
    text += f" of {count.at_risk}" if count.at_risk is not None else ""
    text += f" ({count.event_count} events)" if count.event_count is not None else ""
    count.cite(source.text.add(f"{label} in {group.label}", text))
    return count


def _flow(record: TrialRecord, source: StudyText, groups: _Groups) -> None:
    module = source.results.get("participantFlowModule")
    known = groups.named(source.all("groups", module)) if module else {}
    for period in source.all("periods", module) if module else ():
        title = source.take("title", period, "period")
        for path, kind, name, counts in (
            ("milestones", "Milestone", "type", "achievements"),
            ("dropWithdraws", "Withdrawal", "type", "reasons"),
        ):
            for found in source.all(path, period):
                label = source.take(name, found, kind)
                if not label:
                    continue
                step = FlowStep(type=[kind, "FlowStep"], label=label.words, period=title.words)
                step.order = len(record.has_flow_step) + 1
                step.cite(label, *([title] if title else []))
                for one in source.all(counts, found):
                    if count := _count(source, one, known, "numSubjects", label.words):
                        step.has_count.append(count)
                record.has_flow_step.append(step)


def _denominators(source: StudyText, found: Any, groups: dict[str, ResultGroup]) -> list[GroupCount]:
    counts = []
    for denominator in source.all("denoms", found):
        units = str(denominator.get("units") or "")
        for one in source.all("counts", denominator):
            if count := _count(source, one, groups, "value", f"{units or 'number'} analysed"):
                count.count_unit = units
                counts.append(count)
    return counts


def _measure(
    record: TrialRecord, source: StudyText, found: Any, groups: dict[str, ResultGroup], kind: str
) -> ReportedMeasure:
    title = source.take("title", found, kind)
    one = ReportedMeasure(type=[kind, "ReportedMeasure"], order=len(record.has_reported_measure) + 1)
    one.label = title.words or "(without title)"
    one.cite(title or source.take("reportingStatus", found, kind))
    for path, field, name in (
        ("description", "description", "measureDescription"),
        ("timeFrame", "time_frame", "timeFrame"),
        ("paramType", "parameter", "parameter"),
        ("dispersionType", "dispersion", "dispersion"),
        ("unitOfMeasure", "measurement_unit", "measurementUnit"),
        ("populationDescription", "population", "population"),
    ):
        if quote := source.take(path, found):
            setattr(one, field, quote.words)
            one.cite(quote, supports=[name])
    for row in source.all("classes", found):
        for category in source.all("categories", row):
            titles = [str(part.get("title") or "") for part in (row, category)]
            where = ": ".join(t for t in titles if t)
            for value in source.all("measurements", category):
                if measurement := _value(source, value, groups, where or one.label):
                    measurement.category = " ".join(where.split())
                    one.has_measurement.append(measurement)
    record.has_reported_measure.append(one)
    return one


def _value(source: StudyText, found: Any, groups: dict[str, ResultGroup], where: str) -> MeasuredValue | None:
    group = groups.get(str(found.get("groupId")))
    written = str(found.get("value") or "").strip()
    if group is None or not written:
        return None
    one = MeasuredValue(type=["MeasuredValue"], of_group=group.id, value_text=" ".join(written.split()))
    one.measured_value = number(written)
    text = written
    if spread := str(found.get("spread") or ""):
        text, one.spread = f"{text} ± {spread}", number(spread)
    limits = [str(found.get(name) or "") for name in ("lowerLimit", "upperLimit")]
    if any(limits):
        text = f"{text} ({limits[0]} to {limits[1]})"
        one.lower_limit, one.upper_limit = (number(limit) for limit in limits)
    one.cite(source.text.add(f"{where} in {group.label}", text))
    return one


def _outcome(record: TrialRecord, source: StudyText, found: Any, groups: dict[str, ResultGroup]) -> None:
    one = _measure(record, source, found, groups, "OutcomeMeasure")
    one.has_count = _denominators(source, found, groups)
    if kind := source.take("type", found, "measured as"):
        one.reported_as = kind.words.replace("_", " ").capitalize()
        one.cite(kind, supports=["reportedAs"])
        planned = _OUTCOME_KINDS.get(one.reported_as.casefold(), "OtherOutcome")
        words = one.label.casefold()
        for number_, outcome in enumerate(record.has_outcome, 1):
            if planned in outcome.type and outcome.label.casefold() == words:
                one.of_outcome = f"outcome/{number_}"
                break
    for analysis in source.all("analyses", found):
        if result := _analysis(source, analysis, groups):
            one.has_analysis.append(result)


def _analysis(source: StudyText, found: Any, groups: dict[str, ResultGroup]) -> Analysis | None:
    one = Analysis(type=["Analysis"])
    one.compares = [groups[i].id for i in found.get("groupIds") or () if i in groups]
    for path, field in (("nonInferiorityType", "hypothesis_type"), ("statisticalMethod", "statistical_method")):
        if quote := source.take(path, found):
            setattr(one, field, quote.words)
            one.cite(quote)
    if quote := source.take("pValue", found):
        one.p_value_text = quote.words
        if match := _COMPARED.fullmatch(quote.words):
            one.p_value = number(match[2])
            one.p_value_comparator = _SIGNS[match[1] or "="]
        one.cite(quote, supports=["pValue"])
    if quote := source.take("paramType", found):
        one.estimate_type = quote.words
        one.cite(quote, supports=["estimateType"])
    for path, field, name in (
        ("paramValue", "estimate", "estimate"),
        ("ciLowerLimit", "lower_limit", "lowerLimit"),
        ("ciUpperLimit", "upper_limit", "upperLimit"),
        ("ciPctValue", "confidence_level", "confidenceLevel"),
    ):
        quote = source.take(path, found)
        if quote and (value := number(quote.words)) is not None:
            setattr(one, field, value)
            one.cite(quote, supports=[name])
    return one if one.evidence else None


def _events(record: TrialRecord, source: StudyText, groups: _Groups) -> None:
    module = source.results.get("adverseEventsModule")
    if not module:
        return
    threshold = source.take("frequencyThreshold", module)
    record.set("eventThreshold", number(threshold.words), threshold)
    frame = source.take("timeFrame", module, "adverse events time frame")
    record.set("eventTimeFrame", frame.words, frame)
    found_groups = source.all("eventGroups", module)
    known = groups.named(found_groups)
    for found in found_groups:
        _totals(source, found, known[str(found.get("id"))])
    for path, kind in (("seriousEvents", "SeriousEvent"), ("otherEvents", "OtherEvent")):
        for found in source.all(path, module):
            term = source.take("term", found, kind)
            if not term:
                continue
            event = AdverseEvent(type=[kind, "AdverseEvent"], label=term.words, order=len(record.has_adverse_event) + 1)
            event.cite(term)
            for name, field in (
                ("organSystem", "organ_system"),
                ("sourceVocabulary", "source_vocabulary"),
                ("assessmentType", "assessment"),
            ):
                if quote := source.take(name, found):
                    setattr(event, field, quote.words)
                    event.cite(quote)
            for one in source.all("stats", found):
                if count := _count(source, one, known, "numAffected", term.words):
                    event.has_count.append(count)
            record.has_adverse_event.append(event)


def _totals(source: StudyText, found: Any, group: ResultGroup) -> None:
    for name, field in _TOTALS.items():
        value: Quote = source.take(name, found)
        if value and getattr(group, field) is None and (whole := _whole(value.text)) is not None:
            setattr(group, field, whole)
            group.cite(value, supports=[_camel(field)])


def _camel(field: str) -> str:
    first, *rest = field.split("_")
    return first + "".join(part.capitalize() for part in rest)
