"""One trial from several documents: by the identifiers that they share, with the reason, and with what they disagree on."""

from __future__ import annotations

import csv
import itertools
from pathlib import Path

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kg.build import build
from kg.cli import main
from kg.graphs import open_graph
from kg.matching import Aliases, Described, Match, groups, leads
from kg.questions import ask
from tests_support import EXAMPLES

# What registers say of one trial (facts; the sentences are this project's).
ISRCTN = {
    "isrctn": "63599281",
    "trialDescription": {
        "title": "Surgery of residual disease and imatinib in gastrointestinal stromal tumours",
        "acronym": "EORTC 62063",
    },
    "externalRefs": {
        "clinicalTrialsGovNumber": "NCT00956072",
        "eudraCTNumber": "2007-002257-23",
        "protocolSerialNumber": "7150",
    },
    "trialDesign": {"primaryStudyDesign": "Interventional", "secondaryStudyDesign": "Randomised controlled trial"},
    "participants": {
        "targetEnrolment": "350",
        "recruitmentStart": "2009-10-28T00:00:00.000Z",
        "inclusion": "1. Age of 18 years or more\n2. WHO performance status 0-1",
        "exclusion": "1. Imatinib as adjuvant treatment before",
    },
    "conditions": {"condition": {"description": "Gastrointestinal stromal tumours"}},
    "interventions": {"intervention": {"drugNames": "Imatinib", "phase": "Phase III"}},
}
PLATFORM = [
    {
        "TrialID": "ISRCTN63599281",
        "Public title": "Surgery after imatinib in stromal tumours",
        "Recruitment Status": "Completed",
        "Target size": "350",
        "Condition": "Gastrointestinal stromal tumour",
    },
    {
        "TrialID": "ACTRN12609000681257",
        "Public title": "Surgery of what imatinib leaves of a stromal tumour",
        "Recruitment Status": "Not yet recruiting",
        "Date enrollement": "2010-01-10",
        "Secondary ID": "EORTC 62063",
        "Condition": "Gastrointestinal stromal tumour",
    },
]
PREFIXES = (
    "PREFIX tk: <https://w3id.org/trialkg/ontology#> PREFIX prov: <http://www.w3.org/ns/prov#> "
    "PREFIX dcterms: <http://purl.org/dc/terms/> PREFIX trial: <https://w3id.org/trialkg/trial/> "
)


@pytest.fixture
def registers(tmp_path: Path) -> Path:
    folder = tmp_path / "registers"
    folder.mkdir()
    (folder / "charity-page.txt").write_bytes((EXAMPLES / "charity-page.txt").read_bytes())
    (folder / "isrctn.json").write_bytes(orjson.dumps(ISRCTN))
    with (folder / "platform.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, sorted({k for row in PLATFORM for k in row}, key=lambda k: (k != "TrialID", k)))
        writer.writeheader()
        writer.writerows(PLATFORM)
    return folder


def test_records_of_one_trial_become_one_trial(registers: Path, tmp_path: Path) -> None:
    report = build([registers], tmp_path / "out.nq")
    assert not report.set_aside
    assert {d.trial for d in report.documents} == {"NCT00956072"}
    reasons = {d.document: d.match.line() for d in report.documents if d.match}
    assert reasons == {
        "charity-page.txt": "shares EORTC-62063 with isrctn.json",
        "platform.csv/0000001": "shares ISRCTN63599281 with isrctn.json",
        "platform.csv/0000002": "shares EORTC-62063 with isrctn.json",
    }
    graph = open_graph(files=[tmp_path / "out.nq"])
    rows = graph.select(
        PREFIXES
        + "SELECT ?source ?status { GRAPH ?g { trial:NCT00956072 tk:overallStatus ?status ; prov:wasDerivedFrom ?d . "
        "?d dcterms:title ?source } } ORDER BY ?source"
    ).rows
    said = {row[0].value: row[1].value.rsplit("#", 1)[-1] for row in rows if row[0] and row[1]}
    assert said["platform.csv/0000001"] == "Completed" and said["platform.csv/0000002"] == "NotYetRecruiting"
    identifiers = graph.select(PREFIXES + "SELECT ?i { trial:NCT00956072 dcterms:identifier ?i }").rows
    assert {row[0].value for row in identifiers if row[0]} >= {
        "NCT00956072",
        "ISRCTN63599281",
        "2007-002257-23",
        "ACTRN12609000681257",
        "EORTC 62063",
    }


def test_the_command_says_how_many_documents_were_joined(
    registers: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        main(["build", str(registers), "-o", str(tmp_path / "out.ttl")])
    said = capsys.readouterr().err
    assert end.value.code == 0
    assert ": 1 trial, " in said and "3 documents joined to a trial by an identifier that others share" in said


def test_what_documents_disagree_on_can_be_asked(registers: Path, tmp_path: Path) -> None:
    build([registers], tmp_path / "out.nq")
    graph = open_graph(files=[tmp_path / "out.nq"])
    answer = ask("disagreements", graph, {})
    found = {(row[1].value.rsplit("#", 1)[-1], row[3].value) for row in answer.rows if row[1] and row[3]}
    assert ("overallStatus", "platform.csv/0000002") in found
    assert ("startDate", "isrctn.json") in found


def test_the_order_of_the_documents_does_not_matter(registers: Path, tmp_path: Path) -> None:
    build([registers], tmp_path / "one.nt")
    build(sorted(registers.iterdir(), reverse=True), tmp_path / "two.nt")
    assert (tmp_path / "one.nt").read_bytes() == (tmp_path / "two.nt").read_bytes()


def test_an_identifier_that_two_trials_list_leads_to_none() -> None:
    aliases = Aliases()
    aliases.learn(Described("a", ("NCT00000001", "2007-002257-23")))
    aliases.learn(Described("b", ("NCT00000002", "2007-002257-23", "ISRCTN00000001")))
    assert aliases.trial(Described("c", ("2007-002257-23",))) is None
    assert aliases.trial(Described("d", ("2007-002257-23", "ISRCTN00000001"))) == (
        "NCT00000002",
        Match("ISRCTN00000001", "b", 1.0),
    )
    assert leads(("ISRCTN00000001", "NCT00000002")) and not leads(("ISRCTN00000001",))


def test_without_a_leading_number_the_best_known_register_names_the_trial() -> None:
    found = list(
        groups(
            [
                Described("b", ("ISRCTN00000001", "ACTRN12609000681257")),
                Described("a", ("EORTC-62063", "ISRCTN00000001")),
                Described("c", ("DRKS00000001",)),
            ],
            Aliases(),
        )
    )
    assert [(one.name, trial) for one, trial, _ in found] == [
        ("a", "ISRCTN00000001"),
        ("b", "ISRCTN00000001"),
        ("c", "DRKS00000001"),
    ]
    assert [match.line() if match else "" for *_, match in found] == ["", "shares ISRCTN00000001 with a", ""]


@given(st.lists(st.lists(st.sampled_from([f"DRKS0000000{i}" for i in range(6)]), min_size=1, max_size=3), max_size=6))
def test_sharing_is_transitive_and_whole(lists: list[list[str]]) -> None:
    documents = [Described(f"d{n}", tuple(sorted(set(one)))) for n, one in enumerate(lists)]
    trials = {one.name: trial for one, trial, _ in groups(documents, Aliases())}
    assert set(trials) == {d.name for d in documents}
    for one, other in itertools.combinations(documents, 2):
        if set(one.identifiers) & set(other.identifiers):
            assert trials[one.name] == trials[other.name]
