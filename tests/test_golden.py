"""The cards of the examples, as a person read them and found them right. ``make accept`` writes them anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from kg import card
from kg.graphs import OxigraphGraph
from kg.questions import ask

GOLDEN = Path(__file__).parent / "golden"
TRIALS = sorted(
    "EORTC-62063 NCT00009906 NCT00028002 NCT00041197 NCT00116935 NCT00764595 NCT01267695 NCT02260505 NCT03862768".split()
)


@pytest.mark.parametrize("trial", TRIALS)
def test_card(trial: str, examples: OxigraphGraph, request: pytest.FixtureRequest) -> None:
    text = card.text(card.facts(examples, trial))
    file = GOLDEN / f"{trial}.txt"
    if request.config.getoption("--accept"):
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")


def test_there_is_a_card_for_every_example(examples: OxigraphGraph) -> None:
    found = {row[0].value.rsplit("/", 1)[1] for row in ask("condition", examples, condition="neoplasms").rows if row[0]}
    assert found == set(TRIALS) == {f.stem for f in GOLDEN.glob("*.txt")}
