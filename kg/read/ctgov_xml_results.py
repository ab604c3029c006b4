"""The ``clinical_results`` of the registry's XML as the ``resultsSection`` of the API v2.

Two generations of the XML are read: before 2017 the numbers analysed are a measure called "Number of Participants" and rows
are categories with a ``sub_title``; later they are lists of their own, and rows are classes of categories.
"""

from __future__ import annotations

from typing import Any

from kg.read.xml_text import put, text

_MEASURE = {
    "title": "title",
    "description": "description",
    "population": "populationDescription",
    "units": "unitOfMeasure",
    "param": "paramType",
    "dispersion": "dispersionType",
}
_ANALYSIS = {
    "groups_desc": "groupDescription",
    "non_inferiority_type": "nonInferiorityType",
    "p_value": "pValue",
    "method": "statisticalMethod",
    "param_type": "paramType",
    "param_value": "paramValue",
    "ci_percent": "ciPctValue",
    "ci_lower_limit": "ciLowerLimit",
    "ci_upper_limit": "ciUpperLimit",
}
_VALUE = {
    "group_id": "groupId",
    "value": "value",
    "spread": "spread",
    "lower_limit": "lowerLimit",
    "upper_limit": "upperLimit",
}
_STATS = {
    "group_id": "groupId",
    "subjects_affected": "numAffected",
    "subjects_at_risk": "numAtRisk",
    "events": "numEvents",
}
_ANALYSED = "number of participants"


def as_results(root: Any) -> dict[str, Any]:
    """The results of a record; empty when it has none."""
    found = root.find("clinical_results")
    section: dict[str, Any] = {}
    if found is None:
        return section
    put(section, "participantFlowModule.groups", _groups(found.find("participant_flow")))
    put(
        section,
        "participantFlowModule.periods",
        [_period(p) for p in found.iterfind("participant_flow/period_list/period")],
    )
    baseline = found.find("baseline")
    if baseline is not None:
        measures = [_measure(m) for m in baseline.iterfind("measure_list/measure")]
        module = {
            "groups": _groups(baseline),
            "denoms": _analysed(baseline) or _former_denominators(measures),
            "measures": [m for m in measures if not _is_denominator(m, measures)],
        }
        put(section, "baselineCharacteristicsModule", module)
    put(section, "outcomeMeasuresModule.outcomeMeasures", [_outcome(o) for o in found.iterfind("outcome_list/outcome")])
    if (events := found.find("reported_events")) is not None:
        put(section, "adverseEventsModule", _events(events))
    put(section, "moreInfoModule.limitationsAndCaveats.description", text(found, "limitations_and_caveats"))
    return section


def _attributes(element: Any, names: dict[str, str]) -> dict[str, str]:
    return {name: element.get(attribute) for attribute, name in names.items() if element.get(attribute)}


def _groups(element: Any) -> list[dict[str, Any]]:
    found = element.iterfind("group_list/group") if element is not None else ()
    return [{"id": g.get("group_id"), "title": text(g, "title"), "description": text(g, "description")} for g in found]


def _period(element: Any) -> dict[str, Any]:
    period: dict[str, Any] = {"title": text(element, "title")}
    for path, target, counts in (
        ("milestone_list/milestone", "milestones", "achievements"),
        ("drop_withdraw_reason_list/drop_withdraw_reason", "dropWithdraws", "reasons"),
    ):
        period[target] = [
            {
                "type": text(step, "title"),
                counts: [
                    _attributes(p, {"group_id": "groupId", "count": "numSubjects"})
                    for p in step.iterfind("participants_list/participants")
                ],
            }
            for step in element.iterfind(path)
        ]
    return period


def _analysed(element: Any) -> list[dict[str, Any]]:
    return [
        {
            "units": text(one, "units"),
            "counts": [
                _attributes(c, {"group_id": "groupId", "value": "value"}) for c in one.iterfind("count_list/count")
            ],
        }
        for one in element.iterfind("analyzed_list/analyzed")
    ]


def _measure(element: Any) -> dict[str, Any]:
    measure: dict[str, Any] = {name: value for path, name in _MEASURE.items() if (value := text(element, path))}
    classes = [{"title": "", "categories": _categories(element)}] if element.find("category_list") is not None else []
    for one in element.iterfind("class_list/class"):
        classes.append({"title": text(one, "title"), "categories": _categories(one)})
    measure["classes"] = classes
    if denominators := _analysed(element):
        measure["denoms"] = denominators
    return measure


def _categories(element: Any) -> list[dict[str, Any]]:
    return [
        {
            "title": text(one, "sub_title") or text(one, "title"),
            "measurements": [_attributes(m, _VALUE) for m in one.iterfind("measurement_list/measurement")],
        }
        for one in element.iterfind("category_list/category")
    ]


def _is_denominator(measure: dict[str, Any], among: list[dict[str, Any]]) -> bool:
    return len(among) > 1 and str(measure.get("title") or "").casefold() == _ANALYSED


def _former_denominators(measures: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = (m for m in measures if _is_denominator(m, measures))
    return [
        {"units": "Participants", "counts": category["measurements"]}
        for measure in found
        for row in measure["classes"]
        for category in row["categories"]
    ]


def _outcome(element: Any) -> dict[str, Any]:
    measures = [_measure(m) for m in (*element.iterfind("measure_list/measure"), *element.iterfind("measure"))]
    values = [m for m in measures if not _is_denominator(m, measures)]
    outcome: dict[str, Any] = {**(values[0] if values else {})}
    outcome["classes"] = [row for m in values for row in m["classes"]]
    outcome["denoms"] = outcome.get("denoms") or _former_denominators(measures)
    for path, name in (("title", "title"), ("description", "description"), ("time_frame", "timeFrame"), ("type", "type"),
                       ("population", "populationDescription")):  # fmt: skip
        if value := text(element, path):
            outcome[name] = value
    outcome["groups"] = _groups(element)
    outcome["analyses"] = [
        {"groupIds": [text(g, ".") for g in a.iterfind("group_id_list/group_id")]}
        | {name: value for path, name in _ANALYSIS.items() if (value := text(a, path))}
        for a in element.iterfind("analysis_list/analysis")
    ]
    return outcome


def _events(element: Any) -> dict[str, Any]:
    groups = {str(g["id"]): g for g in _groups(element)}
    module: dict[str, Any] = {"eventGroups": list(groups.values())}
    put(module, "frequencyThreshold", text(element, "other_events/frequency_threshold"))
    put(module, "timeFrame", text(element, "time_frame"))
    put(module, "description", text(element, "desc"))
    for kind in ("serious", "other"):
        listed = []
        vocabulary = text(element, f"{kind}_events/default_vocab")
        assessment = text(element, f"{kind}_events/default_assessment")
        for category in element.iterfind(f"{kind}_events/category_list/category"):
            system = text(category, "title")
            for event in category.iterfind("event_list/event"):
                counts = [_attributes(c, _STATS) for c in event.iterfind("counts")]
                if system == "Total":
                    for count in counts:
                        group = groups.get(count.get("groupId", ""), {})
                        put(group, f"{kind}NumAffected", count.get("numAffected"))
                        put(group, f"{kind}NumAtRisk", count.get("numAtRisk"))
                    continue
                name = event.find("sub_title")
                listed.append(
                    {
                        "term": text(event, "sub_title"),
                        "organSystem": system,
                        "sourceVocabulary": (name.get("vocab") if name is not None else "") or vocabulary,
                        "assessmentType": text(event, "assessment") or assessment,
                        "stats": counts,
                    }
                )
        module[f"{kind}Events"] = listed
    return module
