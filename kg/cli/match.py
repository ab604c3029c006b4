"""trialkg match"""

from __future__ import annotations

from pathlib import Path

import msgspec
import typer

from kg import answers
from kg.cli import options
from kg.eligibility import Eligibility, Match
from kg.graphs import Answer, Term
from kg.patient import load

_MARKS = {"met": "[x]", "not met": "[-]", "cannot tell": "[?]"}


def _table(found: list[Match], form: str) -> str:
    def cell(text: object) -> Term:
        return Term(str(text), "literal")

    columns = ["trial", "title", "verdict", "studied", "met", "not_met", "unknown", "because"]
    rows: list[list[Term | None]] = []
    for one in found:
        decisive = next((v for v in one.criteria if v.verdict == "not met"), None)
        studied = {True: "yes", False: "no", None: "cannot tell"}[one.studied]
        because = f"{decisive.text.rstrip(' .:;')}: {decisive.reason}" if decisive else ""
        rows.append(
            [cell(x) for x in (one.trial, one.title, one.verdict, studied, one.met, one.not_met, one.unknown, because)]
        )
    return answers.render(Answer(columns, rows), form)


def _checklist(one: Match) -> str:
    lines = [
        f"{one.trial}  {one.title}",
        f"  {one.verdict}: {one.met} met, {one.not_met} not met, {one.unknown} cannot tell",
    ]
    for verdict in one.criteria:
        text = " ".join(verdict.text.split())
        lines.append(f"  {_MARKS[verdict.verdict]} {verdict.kind}: {text}")
        lines.append(f"        {verdict.verdict}: {verdict.reason}")
    return "\n".join(lines) + "\n"


def match(
    patient: Path = typer.Argument(help="A FHIR R4 bundle, or simple JSON or YAML.", show_default=False),
    files: list[Path] | None = options.GRAPH,
    store: Path | None = options.STORE,
    endpoint: str | None = options.ENDPOINT,
    engine: str = options.ENGINE,
    trial: list[str] = typer.Option([], "--trial", help="Only this trial; may be given again."),
    explain: bool = typer.Option(False, "--explain", help="A checklist: every criterion with its verdict and reason."),
    limit: int = typer.Option(0, "--limit", min=0, help="Only the first so many trials; 0 for all."),
    mesh: Path | None = options.MESH,
    form: str = options.FORMAT,
) -> None:
    """The trials that a patient meets, may meet or fails, criterion by criterion.

    What the patient's record does not say is unknown: such criteria are counted as "cannot tell".

    Example: trialkg match patient.json -g trials.ttl --explain
    """
    options.check_format(form)
    person = load(patient)
    graph = options.graph(files, store, endpoint, engine)
    found = Eligibility(graph, options.mesh_index(mesh), trial).match(person)
    found = found[:limit] if limit else found
    if form == "json":
        typer.echo(msgspec.json.format(msgspec.json.encode(found), indent=1).decode())
    elif explain:
        typer.echo("\n".join(_checklist(one) for one in found), nl=False)
    else:
        typer.echo(_table(found, form), nl=False)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(match)
