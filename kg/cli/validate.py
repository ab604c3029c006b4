"""trialkg validate"""

from __future__ import annotations

from pathlib import Path

import msgspec
import typer

from kg.cli import options
from kg.gate import failures, reference_report, validate_files


def validate(
    files: list[Path] = typer.Argument(help="Files of a graph.", show_default=False),
    form: str = typer.Option("text", "--format", help="text, turtle (a SHACL report) or json."),
    reference: bool = typer.Option(
        False, "--reference", help="Ask pySHACL, the reference implementation, instead of pyshifty."
    ),
) -> int:
    """Check a graph against the shapes. Exit code 1 when it does not conform.

    Example: trialkg validate trials.ttl
    """
    options.check_format(form, ("text", "turtle", "json"))
    ntriples, found = validate_files(files)
    if form == "turtle" or reference:
        conforms, report = reference_report(ntriples, "turtle" if form == "turtle" else "text")
        typer.echo(report.rstrip())
        return 0 if conforms else 1
    wrong = failures(found)
    if form == "json":
        typer.echo(
            msgspec.json.format(msgspec.json.encode({"conforms": not wrong, "results": found}), indent=1).decode()
        )
    else:
        for one in found:
            typer.echo(one.line())
        warnings = len(found) - len(wrong)
        said = "conforms" if not wrong else f"does not conform: {len(wrong)} violation{'s' if len(wrong) != 1 else ''}"
        typer.echo(
            f"{', '.join(map(str, files))}: {said}"
            + (f", {warnings} warning{'s' if warnings != 1 else ''}" if warnings else "")
        )
    return 1 if wrong else 0


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(validate)
