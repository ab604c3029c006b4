"""What trials reported: every number of the results sections is in the graph, with its group."""

from __future__ import annotations

import gzip
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pyoxigraph as ox
import pytest

from kg.gate import validate
from kg.iri import TK
from kg.mesh import builtin
from kg.read.rendering import values
from kg.read.study_results import number
from kg.trial import Outcome, process

STUDY: dict[str, Any] = {
    "protocolSection": {
        "identificationModule": {"nctId": "NCT09400021", "briefTitle": "Warm socks against cold feet"},
        "armsInterventionsModule": {"armGroups": [{"label": "Socks", "type": "EXPERIMENTAL"}, {"label": "No socks"}]},
        "outcomesModule": {"primaryOutcomes": [{"measure": "Warmth of the toes", "timeFrame": "2 weeks"}]},
    },
    "resultsSection": {
        "participantFlowModule": {
            "groups": [{"id": "FG000", "title": "Socks", "description": "Wool"}, {"id": "FG001", "title": "Barefoot"}],
            "periods": [{"title": "Winter", "milestones": [{"type": "STARTED", "achievements": [
                {"groupId": "FG000", "numSubjects": "20"}, {"groupId": "FG001", "numSubjects": "21"}]}],
                "dropWithdraws": [{"type": "Spring came", "reasons": [{"groupId": "FG001", "numSubjects": "2"}]}]}],
        },
        "outcomeMeasuresModule": {"outcomeMeasures": [{
            "type": "PRIMARY", "title": "Warmth of the Toes", "paramType": "MEAN", "dispersionType": "Standard Deviation",
            "unitOfMeasure": "degrees", "timeFrame": "2 weeks",
            "groups": [{"id": "OG000", "title": "Socks", "description": "Wool"}, {"id": "OG001", "title": "Barefoot"}],
            "denoms": [{"units": "Participants", "counts": [{"groupId": "OG000", "value": "19"}]}],
            "classes": [{"title": "Left", "categories": [{"measurements": [
                {"groupId": "OG000", "value": "31.50", "spread": "2.1"},
                {"groupId": "OG001", "value": "NA", "lowerLimit": "20", "upperLimit": "25.5"}]}]}],
            "analyses": [{"groupIds": ["OG000", "OG001"], "pValue": "<0.001", "statisticalMethod": "t-test, 2 sided",
                          "paramType": "Mean Difference", "paramValue": "8.2", "ciPctValue": "95", "ciLowerLimit": "7"}]}]},
        "adverseEventsModule": {
            "frequencyThreshold": "5",
            "eventGroups": [{"id": "EG000", "title": "Socks", "description": "Wool", "seriousNumAffected": 0, "seriousNumAtRisk": 20}],
            "otherEvents": [{"term": "Itching", "organSystem": "Skin", "stats": [
                {"groupId": "EG000", "numAffected": 3, "numAtRisk": 20, "numEvents": 7}]}]},
    },
}  # fmt: skip


def graph_of(outcome: Outcome) -> ox.Store:
    assert outcome.finding is None, outcome.finding
    store = ox.Store()
    store.extend(ox.parse("\n".join(outcome.own).encode(), format=ox.RdfFormat.N_TRIPLES))
    return store


def rows(store: ox.Store, query: str) -> list[list[str]]:
    prefix = f"PREFIX tk: <{TK}> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
    return sorted([[t.value if t else "" for t in row] for row in store.query(prefix + query)])  # type: ignore[union-attr]


@pytest.fixture(scope="module")
def store() -> ox.Store:
    return graph_of(process("x", orjson.dumps(STUDY), builtin(), results=True))


def test_without_being_asked_results_stay_out() -> None:
    assert not [line for line in process("x", orjson.dumps(STUDY), builtin()).own if "/result/" in line]


def test_groups_that_are_described_in_the_same_words_are_one(store: ox.Store) -> None:
    query = "SELECT ?l ?arm { ?g a tk:ResultGroup ; rdfs:label ?l OPTIONAL { ?g tk:ofArm/rdfs:label ?arm } }"
    assert rows(store, query) == [["Barefoot", ""], ["Socks", "Socks"]]


def test_participant_flow(store: ox.Store) -> None:
    query = """SELECT ?kind ?step ?group ?n { ?s a ?kind ; rdfs:label ?step ; tk:period "Winter" ; tk:hasCount ?c .
        ?c tk:ofGroup/rdfs:label ?group ; tk:count ?n FILTER (?kind != tk:FlowStep) }"""
    assert [[r[0].removeprefix(TK), *r[1:]] for r in rows(store, query)] == [
        ["Milestone", "STARTED", "Barefoot", "21"],
        ["Milestone", "STARTED", "Socks", "20"],
        ["Withdrawal", "Spring came", "Barefoot", "2"],
    ]


def test_outcomes_with_values_and_analyses(store: ox.Store) -> None:
    query = """SELECT ?group ?text ?value ?spread ?low ?high { ?m tk:ofOutcome ?o ; tk:hasMeasurement ?v . ?o tk:timeFrame "2 weeks" .
        ?v tk:ofGroup/rdfs:label ?group ; tk:category "Left" ; tk:valueText ?text OPTIONAL { ?v tk:measuredValue ?value }
        OPTIONAL { ?v tk:spread ?spread } OPTIONAL { ?v tk:lowerLimit ?low ; tk:upperLimit ?high } }"""
    assert rows(store, query) == [["Barefoot", "NA", "", "", "20", "25.5"], ["Socks", "31.50", "31.5", "2.1", "", ""]]
    query = "SELECT ?p ?c ?e (COUNT(?g) AS ?n) { ?a tk:pValue ?p ; tk:pValueComparator ?c ; tk:estimate ?e ; tk:compares ?g } GROUP BY ?p ?c ?e"
    assert rows(store, query) == [["0.001", TK + "lt", "8.2", "2"]]


def test_adverse_events(store: ox.Store) -> None:
    query = """SELECT ?term ?group ?n ?of ?events ?serious { ?e a tk:OtherEvent ; rdfs:label ?term ; tk:hasCount ?c .
        ?c tk:ofGroup ?g ; tk:count ?n ; tk:atRisk ?of ; tk:eventCount ?events . ?g rdfs:label ?group ; tk:seriouslyAffected ?serious }"""
    assert rows(store, query) == [["Itching", "Socks", "3", "20", "7", "0"]]


def test_every_number_quotes_its_words(store: ox.Store) -> None:
    query = "SELECT ?q { ?v tk:measuredValue ?x ; tk:evidence/tk:quote ?q }"
    assert rows(store, query) == [["31.50 ± 2.1"]]
    query = "SELECT ?q { ?v tk:eventCount ?x ; tk:evidence/tk:quote ?q }"
    assert rows(store, query) == [["3 of 20 (7 events)"]]


def test_shapes_find_a_value_without_its_group() -> None:
    outcome = process("x", orjson.dumps(STUDY), builtin(), results=True)
    torn = [line for line in outcome.own if "#ofGroup>" not in line]
    assert any("of exactly one result group" in v.message for v in validate("\n".join(torn).encode()))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1,234.50", "1234.5"),
        ("-3", "-3"),
        (".5", "0.5"),
        ("1e-3", "0.001"),
        ("NA", None),
        ("12 (3)", None),
        ("", None),
    ],
)
def test_numbers(text: str, value: str | None) -> None:
    found = number(text)
    assert (str(found) if found is not None else None) == value


def test_real_results_are_in_the_graph_number_by_number(shared_data: Path) -> None:
    """Counts and values of real studies against a plain walk through their JSON; those without a group's id are nobody's."""
    compared = 0
    with gzip.open(shared_data / "ctgov-v2.jsonl.gz") as file:
        for line in [one for one in file if b'"resultsSection"' in one][::12]:
            study = orjson.loads(line)
            outcome = process("x", line, builtin(), results=True)
            if outcome.finding is not None:
                assert outcome.finding.code == "does-not-conform" and "phase" in outcome.finding.message
                continue
            store, results = graph_of(outcome), study["resultsSection"]
            said = Counter(
                str(v["value"]) for m in values(results, "outcomeMeasuresModule.outcomeMeasures.classes.categories.measurements")
                if (v := m).get("value")
            ) + Counter(
                str(v["value"]) for m in values(results, "baselineCharacteristicsModule.measures.classes.categories.measurements")
                if (v := m).get("value")
            )  # fmt: skip
            held = Counter(row[1] for row in rows(store, "SELECT ?v ?text { ?v tk:valueText ?text }"))
            assert held == said
            for kind, path in (("SeriousEvent", "seriousEvents"), ("OtherEvent", "otherEvents")):
                told = Counter(
                    (int(s["numAffected"]), int(s.get("numAtRisk", -1)))
                    for s in values(results, f"adverseEventsModule.{path}.stats")
                    if "numAffected" in s
                )
                query = f"SELECT ?c ?n ?r {{ ?e a tk:{kind} ; tk:hasCount ?c . ?c tk:count ?n OPTIONAL {{ ?c tk:atRisk ?r }} }}"
                assert Counter((int(r[1]), int(r[2] or -1)) for r in rows(store, query)) == told
            flow = values(results, "participantFlowModule.periods.milestones.achievements")
            query = "SELECT ?c ?n { ?s a tk:Milestone ; tk:hasCount ?c . ?c tk:count ?n }"
            assert len(rows(store, query)) == sum(1 for a in flow if str(a.get("numSubjects", "")).isdigit())
            compared += sum(said.values())
    assert compared > 300


def test_xml_and_json_report_the_same(shared_data: Path) -> None:
    """The results of studies that are there in both forms: the same values, groups and events."""
    compared = 0
    with zipfile.ZipFile(shared_data / "ctgov-xml-results.zip") as archive:
        members = {name.rsplit("/", 1)[-1][:-4]: name for name in archive.namelist()}
        with gzip.open(shared_data / "ctgov-v2.jsonl.gz") as file:
            for line in file:
                study = orjson.loads(line)
                identifier = study["protocolSection"]["identificationModule"]["nctId"]
                if identifier not in members or "resultsSection" not in study:
                    continue
                xml = archive.read(members[identifier])
                one, two = (graph_of(process("x", data, builtin(), results=True)) for data in (line, xml))
                for query in (
                    "SELECT ?e ?g ?n { ?e1 a tk:AdverseEvent ; rdfs:label ?e ; tk:hasCount ?c . ?c tk:count ?n ; tk:ofGroup/rdfs:label ?g }",
                    "SELECT ?v ?t { ?x a tk:OutcomeMeasure ; tk:hasMeasurement ?v . ?v tk:valueText ?t }",  # titles changed since
                    "SELECT ?s ?g ?n { ?x a tk:Milestone ; rdfs:label ?s ; tk:hasCount ?c . ?c tk:count ?n ; tk:ofGroup/rdfs:label ?g }",
                ):
                    first, second = rows(one, query), rows(two, query)
                    same = sum((Counter(tuple(r[1:]) for r in first) & Counter(tuple(r[1:]) for r in second)).values())
                    assert same >= 0.9 * max(len(first), len(second)), (identifier, query, first[:5], second[:5])
                    compared += same
    assert compared > 0
