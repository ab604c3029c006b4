"""Plain English: paraphrases of all questions, with their parameters; what is not meant is not answered."""

from __future__ import annotations

import contextlib
import datetime
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg import wording
from kg.cli import main
from kg.english import mentions, understand, with_marks
from kg.errors import UsageError
from kg.graphs import OxigraphGraph
from kg.mesh import builtin
from kg.questions import questions

FILE = Path(__file__).parent / "paraphrases.tsv"


def paraphrases() -> list[tuple[str, str, dict[str, str]]]:
    rows = [line.split("\t") for line in FILE.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    return [(text, name, dict(p.split("=", 1) for p in given.split("; ") if p)) for text, name, given in rows]


@pytest.mark.parametrize(("is_left_out", "least", "most_wrong"), [(False, 0.97, 0.01), (True, 0.9, 0.03)])
def test_paraphrases_are_understood(
    examples: OxigraphGraph, monkeypatch: pytest.MonkeyPatch, is_left_out: bool, least: float, most_wrong: float
) -> None:
    """All of them; and each with its own wording taken out of those that are known, as one that was never seen."""
    right = wrong = 0
    told: list[str] = []
    rows = paraphrases()
    assert len(rows) >= 300
    assert {name for _, name, _ in rows} == set(questions())
    every = wording.known()
    for text, name, parameters in rows:
        if is_left_out:
            own = with_marks(text, mentions(text, examples, builtin())).replace("<y>", "<n>")
            monkeypatch.setattr(wording, "known", lambda own=own: tuple(way for way in every if way[0] != own))
        try:
            found = understand(text, examples, builtin())
            got = found.question, {k: v for k, v in found.parameters.items() if k != "day"}
        except UsageError as error:
            got = "", {"": str(error)[:100]}
        right += got == (name, parameters)
        if got != (name, parameters):
            wrong += bool(got[0])
            told.append(f"{text}: {got}")
    print(f"{right} of {len(rows)} right, {wrong} wrong", *told, sep="\n")
    assert right >= least * len(rows)
    assert wrong <= most_wrong * len(rows)


def test_each_known_wording_is_of_a_question() -> None:
    assert {name for _, name in wording.known()} == set(questions())
    assert wording.likeness("") == {}
    best = wording.likeness("which trials combine <i> with <i>")
    assert max(best, key=best.__getitem__) == "combine"


@pytest.mark.parametrize(
    "text",
    [
        "what is the weather",
        "where is Paris",
        "hello",
        "which trials",
        "x" * 2000,
        "",
        "?",
        "42",
        "DROP ALL",
        "who is the best",
    ],
)
def test_what_is_no_question_is_not_answered(text: str, examples: OxigraphGraph) -> None:
    with pytest.raises(UsageError) as error:
        understand(text, examples, builtin())
    assert "\n" not in str(error.value)


def test_two_readings_are_asked_back(examples: OxigraphGraph) -> None:
    with pytest.raises(UsageError, match=r"can be read in 2 ways.*trialkg query"):
        understand("compare and combine imatinib and sunitinib", examples, builtin())


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=120))
def test_any_text_is_understood_or_refused(examples: OxigraphGraph, text: str) -> None:
    with contextlib.suppress(UsageError):
        assert understand(text, examples, builtin()).question in questions()


def test_on_the_command_line(examples_ttl: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["ask", "which trials combine imatinib with surgery", "-g", str(examples_ttl), "--format", "json"])
    told = capfd.readouterr()
    answer = json.loads(told.out)
    assert (answer["question"], answer["parameters"]) == ("combine", {"a": "imatinib", "b": "surgery"})
    assert len(answer["results"]) == 4 and "VALUES ?a" in answer["sparql"]
    assert told.err == "trialkg: understood as: trialkg query combine --a imatinib --b surgery\n"
    with pytest.raises(SystemExit, match="2"):
        main(["ask", "what is the weather", "-g", str(examples_ttl)])
    assert capfd.readouterr().err.count("\n") == 1
    with pytest.raises(SystemExit, match="0"):
        main(["ask", "--sparql", "overdue trials", "-g", str(examples_ttl)])
    assert datetime.date.today().isoformat() in capfd.readouterr().out
