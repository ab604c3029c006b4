"""trialkg build"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from kg.build import build as build_graph
from kg.cli.options import mesh_index, progress_bar
from kg.errors import UsageError
from kg.output import beside
from kg.report import BuildReport
from kg.update import update as update_store


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"


def _say(report: BuildReport) -> None:
    parts = [_count(report.trials, "trial"), f"{report.statements} statements"]
    if report.joined:
        parts.append(f"{_count(report.joined, 'document')} joined to a trial by an identifier that others share")
    for change, number in report.changes.items():
        parts.append(f"{_count(number, 'document')} {change}")
    if report.aside:
        parts.append(f"{_count(report.aside, 'document')} set aside")
    line = f"{report.out}: {', '.join(parts)}"
    if report.counts.get("linkable"):
        line += f"; {report.link_rate:.0%} of conditions and interventions linked to MeSH"
    typer.echo(line, err=True)


def build(
    paths: list[Path] = typer.Argument(help="Documents, folders or zip archives.", show_default=False),
    out: str = typer.Option(
        ..., "-o", "--out", help="FILE.ttl, .nt, .nq or .jsonld (.gz too), or FOLDER/ for a store."
    ),
    jobs: int = typer.Option(1, "--jobs", min=1, help="Processes to use; the output is the same for any number."),
    with_mesh: bool = typer.Option(
        True, "--with-mesh/--without-mesh", help="Add the MeSH concepts in use and those above them."
    ),
    mesh: Path | None = typer.Option(
        None, "--mesh", envvar="TRIALKG_MESH", help="A MeSH index made by: trialkg mesh build.", show_default=False
    ),
    results: bool = typer.Option(
        False, "--results", help="Take in what trials reported: participant flow, outcomes, adverse events."
    ),
    update: bool = typer.Option(
        False, "--update", help="Change the store FOLDER/: read only what is new or different in PATHS."
    ),
    remove_gone: bool = typer.Option(
        False, "--remove-gone", help="With --update: take documents that are not in PATHS out of the store."
    ),
    json_report: Path | None = typer.Option(
        None, "--json-report", help="Write a report on every document.", show_default=False
    ),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="Say nothing but what was set aside."),
) -> int:
    """Documents in, a validated graph out.

    Exit code 1 when documents were set aside: each has its line on stderr, with the reason.

    Example: trialkg build examples -o trials.ttl
    """
    if remove_gone and not update:
        raise UsageError("--remove-gone goes with --update only")
    with progress_bar("reading", quiet) as progress:
        how: dict[str, Any] = {"index": mesh_index(mesh), "mesh_path": mesh, "jobs": jobs, "with_mesh": with_mesh}
        how |= {"results": results, "progress": progress}
        report = update_store(paths, out, remove_gone=remove_gone, **how) if update else build_graph(paths, out, **how)
    if json_report:
        with beside(json_report) as file:
            file.writelines(report.json())
    for finding in report.documents.set_aside():
        typer.echo(f"set aside: {finding.line()}", err=True)
    if not quiet:
        _say(report)
    return 1 if report.aside else 0


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(build)
