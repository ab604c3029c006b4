"""Thirteen patients against two hundred real records: every verdict was read once, and is kept; those known to be wrong are named."""

from __future__ import annotations

import json
import tomllib
import zipfile
from pathlib import Path

import pytest

from kg.build import build
from kg.eligibility import Eligibility
from kg.graphs import open_graph
from kg.mesh import builtin
from kg.patient import load

PATIENTS = sorted((Path(__file__).parent / "patients").iterdir())
GOLDEN = Path(__file__).parent / "golden" / "records.json"
WRONG = Path(__file__).parent / "golden" / "records-wrong.toml"
#: How the verdicts on a criterion are written, a sign for each patient.
SIGNS = {"met": "+", "not met": "-", "cannot tell": "?"}

#: A record -> its criteria, by number or name of field, on which at least one patient is decided -> the verdicts of the patients.
Verdicts = dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def verdicts(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Verdicts:
    folder = tmp_path_factory.mktemp("records")
    with zipfile.ZipFile(shared_data / "ctgov-xml.zip") as archive:
        for record in json.loads(GOLDEN.read_text()):
            (folder / f"{record}.xml").write_bytes(archive.read(f"{record}.xml"))
    build([folder], folder / "records.nq")
    eligibility = Eligibility(open_graph([folder / "records.nq"]), builtin())
    found: Verdicts = {path.stem: {} for path in sorted(folder.glob("*.xml"))}
    for patient in PATIENTS:
        for match in eligibility.match(load(patient)):
            for verdict in match.criteria:
                name = verdict.criterion.rpartition("/")[2]
                found[match.trial][name] = found[match.trial].get(name, "") + SIGNS[verdict.verdict]
    return {record: {name: signs for name, signs in of.items() if set(signs) != {"?"}} for record, of in found.items()}


def test_every_verdict_on_two_hundred_records(verdicts: Verdicts, request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--accept"):
        lines = [f" {json.dumps(r)}: {json.dumps(of)}" for r, of in sorted(verdicts.items())]
        GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    expected = json.loads(GOLDEN.read_text())
    assert len(PATIENTS) == 13 and len(expected) == 200
    for record, of in expected.items():
        assert verdicts[record] == of, record


def test_verdicts_known_to_be_wrong_are_few_and_still_wrong(verdicts: Verdicts) -> None:
    wrong = tomllib.loads(WRONG.read_text())
    signs = decided = 0
    for record, criteria in wrong.items():
        for name, case in criteria.items():
            given = verdicts[record][name]
            assert given != case["right"], f"{record} {name} is right now: take it off the list"
            assert len(case["right"]) == len(PATIENTS) and case["why"]
            signs += sum(a not in (b, "?") for a, b in zip(given, case["right"], strict=True))
    decided = sum(sign != "?" for of in verdicts.values() for one in of.values() for sign in one)
    assert decided > 12_000
    assert signs < decided / 100
