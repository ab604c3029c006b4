"""The command line as its users meet it."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kg import __version__
from tests_support import EXAMPLES, ROOT


def run(*arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "kg", *arguments], input=stdin, capture_output=True, text=True, check=False, cwd=ROOT
    )


def test_version_and_help() -> None:
    assert run("--version").stdout == f"trialkg {__version__}\n"
    for command in ("build", "query", "sparql", "show", "validate", "criteria", "mesh"):
        assert command in run("--help").stdout
        helped = run(command, "--help")
        assert helped.returncode == 0 and "Traceback" not in helped.stderr


def test_the_imatinib_question(examples_ttl: Path) -> None:
    done = run("query", "combine", "--a", "imatinib", "--b", "surgery", "-g", str(examples_ttl))
    assert done.returncode == 0 and done.stderr == ""
    assert [line.split()[0] for line in done.stdout.splitlines()[1:] if not line.startswith(" ")] == [
        "EORTC-62063", "NCT00028002", "NCT01267695", "NCT03862768",
    ]  # fmt: skip


def test_formats_parse_as_what_they_are(examples_ttl: Path) -> None:
    arguments = ("query", "dosing", "--drug", "imatinib", "-g", str(examples_ttl), "--format")
    table = list(csv.reader(io.StringIO(run(*arguments, "csv").stdout)))
    data = json.loads(run(*arguments, "json").stdout)
    tsv = run(*arguments, "tsv").stdout.splitlines()
    markdown = run(*arguments, "markdown").stdout.splitlines()
    count = len(data["results"]["bindings"])
    assert table[0] == data["head"]["vars"] and len(table) == len(tsv) == len(markdown) - 1 == count + 1
    assert tsv[0].startswith("?trial\t?arm")


def test_listing_and_printing_a_query() -> None:
    listing = run("query").stdout
    assert "combine --a … --b …" in listing and len(listing.splitlines()) == len(list((ROOT / "queries").glob("*.rq")))


def test_printing_a_query(examples_ttl: Path) -> None:
    printed = run("query", "drug", "--drug", "gleevec", "-g", str(examples_ttl), "--sparql").stdout
    assert (
        "VALUES ?drug { <http://id.nlm.nih.gov/mesh/D000068877> <https://w3id.org/trialkg/intervention/D000068877> }"
        in printed
    )
    assert run("sparql", "-", "-g", str(examples_ttl), stdin=printed).stdout.count("NCT") == 8


def test_any_sparql(examples_ttl: Path) -> None:
    text = "SELECT (COUNT(?t) AS ?n) WHERE { ?t a tk:Trial }"
    assert run("sparql", "-e", text, "-g", str(examples_ttl)).stdout.split() == ["n", "9"]
    assert run("sparql", "-e", text, "-g", str(examples_ttl), "--engine", "rdflib").stdout.split() == ["n", "9"]
    assert run("sparql", "-e", "ASK { ?t a tk:Trial }", "-g", str(examples_ttl)).stdout.split() == ["answer", "true"]
    lines = run(
        "sparql", "-e", "CONSTRUCT WHERE { ?t a tk:Trial }", "-g", str(examples_ttl), "--format", "nt"
    ).stdout.splitlines()
    assert len(lines) == 9 and all(line.endswith(" .") for line in lines)


def test_show(examples_ttl: Path) -> None:
    card = run("show", "NCT01267695", "-g", str(examples_ttl)).stdout
    assert "«Within 2-6 weeks after the last dose of imatinib, patients undergo surgical resection.»" in card
    assert "1. Imatinib Mesylate, 400 mg, oral, once daily, for 6 months" in card
    bare = run("show", "NCT01267695", "-g", str(examples_ttl), "--no-evidence").stdout
    assert "«" not in bare


def test_validate(examples_ttl: Path, tmp_path: Path) -> None:
    assert run("validate", str(examples_ttl)).stdout.endswith("examples.ttl: conforms\n")
    assert json.loads(run("validate", str(examples_ttl), "--format", "json").stdout)["conforms"] is True
    bad = tmp_path / "bad.ttl"
    bad.write_text(
        "@prefix tk: <https://w3id.org/trialkg/ontology#> . <https://w3id.org/trialkg/trial/NCT00000001> a tk:Trial ."
    )
    done = run("validate", str(bad))
    assert done.returncode == 1 and "one title" in done.stdout and "violation" in done.stdout
    assert "sh:ValidationReport" in run("validate", str(bad), "--format", "turtle").stdout


def test_criteria_in_and_out() -> None:
    done = run("criteria", stdin='{"id": "x", "text": "Platelet count > 100,000/mm3"}\n\n{"id": 2, "text": ""}\n')
    first, second = map(json.loads, done.stdout.splitlines())
    assert second == {"id": 2, "constraints": []}
    (found,) = first["constraints"]
    assert (found["variable"], found["comparator"], found["value"], found["unit"]) == (
        "PlateletCount",
        "gt",
        "100000",
        "/mm3",
    )
    assert (found["start"], found["end"]) == (0, 28)


def test_mesh_find() -> None:
    assert run("mesh", "find", "gleevec").stdout.startswith("D000068877\tImatinib Mesylate\texact\t")
    missing = run("mesh", "find", "xyzzy")
    assert missing.returncode == 1 and missing.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("build",), ("build", "nowhere", "-o", "x.ttl"), ("build", "examples", "-o", "x.docx"), ("query", "nope", "-g", "x.ttl"),
        ("query", "combine", "--a", "x"), ("query", "combine", "--a", "x", "--b", "y", "-g", "nowhere.ttl"), ("query", "combine", "--a"),
        ("sparql",), ("sparql", "nowhere.rq", "-g", "x"), ("sparql", "-e", "SELEC", "-g", "README.md"), ("show", "NCT1", "-g", "nowhere.ttl"),
        ("show",), ("validate", "nowhere.ttl"), ("validate", "README.md"), ("frobnicate",), ("query", "summary", "--store", "examples"),
        ("query", "summary", "--endpoint", "ftp://x"), ("query", "summary", "--format", "pdf"), ("mesh", "build", "nowhere", "-o", "x"),
        ("mesh", "find", "x", "--mesh", "README.md"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_a_wrong_call_is_said_in_one_line(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stdout == "" and len(done.stderr.splitlines()) == 1 and done.stderr.startswith("trialkg: ")


def test_a_wrong_line_of_criteria() -> None:
    done = run("criteria", stdin="not json\n")
    assert done.returncode == 2 and done.stderr.startswith("trialkg: stdin, line 1: ")


def test_a_closed_pipe_is_no_error(examples_ttl: Path) -> None:
    command = f"{sys.executable} -m kg query trial --trial NCT01267695 -g {examples_ttl} | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0 and done.stderr == ""


def test_the_commands_of_the_readme_run(tmp_path: Path) -> None:
    """Each ``$`` line of the README's sessions runs, and prints what the README shows."""
    text = (ROOT / "README.md").read_text()
    sessions = re.findall(r"```console\n(.*?)```", text, re.S)
    assert sessions
    for session in sessions:
        for part in re.split(r"^\$ ", session, flags=re.M)[1:]:
            command, _, shown = part.partition("\n")
            if command.startswith("make "):
                continue
            command = re.sub(
                r"^(?:\.venv/bin/)?trialkg",
                f"{sys.executable} -m kg",
                command.replace("| trialkg", f"| {sys.executable} -m kg"),
            )
            command = command.replace("examples", str(EXAMPLES)) if " examples " in command else command
            done = subprocess.run(
                command,
                shell=True,
                capture_output=True,
                text=True,
                check=False,
                cwd=tmp_path,
                env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
            )
            printed = done.stdout + done.stderr
            wanted = [line.rstrip() for line in shown.strip().splitlines()]
            lines = [line.rstrip() for line in printed.splitlines()]
            if "..." in wanted:
                cut = wanted.index("...")
                wanted, lines = wanted[:cut], lines[:cut]
            assert lines == wanted, command
