"""Faults that were measured in other graphs of trials, looked for in ours on real studies.

One measure on all outcomes of a trial, the lead sponsor's name on every collaborator, inclusion text as exclusion, lines
said twice: each is compared with what the study itself says, read here by plain means.
"""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest

from kg.build import build
from kg.mesh import builtin
from kg.trial import Outcome, process

TK = "https://w3id.org/trialkg/ontology#"
_LINE = re.compile(r'<([^>]*)> <([^>]*)> (?:<([^>]*)>|"((?:[^"\\]|\\.)*)")')
_HEADINGS = re.compile(r"^\W*Inclusion Criteria\W*$(.*)^\W*Exclusion Criteria\W*$(.*)", re.M | re.S | re.I)


@pytest.fixture(scope="module")
def studies(shared_data: Path) -> list[tuple[dict[str, Any], Outcome]]:
    with gzip.open(shared_data / "ctgov-v2.jsonl.gz") as file:
        lines = list(islice(file, 700, 760))
    pairs = [(orjson.loads(line)["protocolSection"], process("study.json", line, builtin())) for line in lines]
    return [(study, outcome) for study, outcome in pairs if outcome.finding is None]


def facts(outcome: Outcome) -> dict[str, dict[str, list[str]]]:
    """subject -> property (its last part) -> values, of all statements of one study."""
    found: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for line in [*outcome.own, *outcome.common]:
        if match := _LINE.match(line):
            subject, prop, node, text = match.groups()
            found[subject][re.split("[#/]", prop)[-1]].append(node or orjson.loads(f'"{text}"'))
    return found


def words(text: str) -> str:
    """The letters and digits of a text, which no reader's mending of spaces and marks changes."""
    return "".join(c for c in re.sub(r"\\(.)", r"\1", text).casefold() if c.isalnum())


def test_enough_studies_are_looked_at(studies: list[tuple[dict[str, Any], Outcome]]) -> None:
    assert len(studies) >= 55
    assert sum(len(s["sponsorCollaboratorsModule"].get("collaborators", [])) for s, _ in studies) >= 15
    assert sum(len(s.get("outcomesModule", {}).get("secondaryOutcomes", [])) for s, _ in studies) >= 60


def test_every_collaborator_has_its_own_name(studies: list[tuple[dict[str, Any], Outcome]]) -> None:
    for study, outcome in studies:
        said = facts(outcome)
        ours = [said[o]["label"][0] for o in said[next(s for s in said if s.endswith(outcome.trial))]["collaborator"]]
        theirs = {one["name"] for one in study["sponsorCollaboratorsModule"].get("collaborators", [])}
        lead = study["sponsorCollaboratorsModule"]["leadSponsor"]["name"]
        assert {words(name) for name in ours} == {words(name) for name in theirs if name != lead}, outcome.trial


def test_every_outcome_has_its_own_measure(studies: list[tuple[dict[str, Any], Outcome]]) -> None:
    for study, outcome in studies:
        module = study.get("outcomesModule", {})
        for kind in ("primary", "secondary"):
            ours = [
                words(values["label"][0])
                for values in facts(outcome).values()
                if f"{TK}{kind.title()}Outcome" in values["type"]
            ]
            theirs = {words(one["measure"]) for one in module.get(f"{kind}Outcomes", [])}
            assert set(ours) == theirs, outcome.trial


def test_no_inclusion_text_is_an_exclusion(studies: list[tuple[dict[str, Any], Outcome]]) -> None:
    looked_at = 0
    for study, outcome in studies:
        text = study.get("eligibilityModule", {}).get("eligibilityCriteria", "")
        parts = _HEADINGS.search(text)
        if (
            not parts or len(re.findall("criteria", text, re.I)) != 2
        ):  # other headings, such as "Non-inclusion criteria"
            continue
        included, excluded = (words(part) for part in parts.groups())
        for values in facts(outcome).values():
            for kind, rightly, wrongly in (("Inclusion", included, excluded), ("Exclusion", excluded, included)):
                if f"{TK}{kind}Criterion" in values["type"]:
                    text = words(values["text"][0])
                    looked_at += 1
                    assert text in rightly or text not in wrongly, (outcome.trial, values["text"])
    assert looked_at >= 300


@pytest.mark.parametrize("form", ["nt", "nq"])
def test_no_line_is_said_twice(form: str, shared_data: Path, tmp_path: Path) -> None:
    with gzip.open(shared_data / "ctgov-v2.jsonl.gz") as file:
        (tmp_path / "some.jsonl").write_bytes(b"".join(islice(file, 700, 760)))
    build([tmp_path / "some.jsonl"], tmp_path / f"out.{form}")
    lines = (tmp_path / f"out.{form}").read_bytes().splitlines()
    assert len(lines) == len(set(lines)) > 60_000
