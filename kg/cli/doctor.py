"""trialkg doctor"""

from __future__ import annotations

from pathlib import Path

import typer

from kg.doctor import examine
from kg.errors import UsageError


def doctor(
    path: Path = typer.Argument(help="A file of the graph, or a store folder.", show_default=False),
    sample: int = typer.Option(50, "--sample", min=1, help="How many trials are validated."),
) -> int:
    """Look over a file or a store: whether it opens, is whole, is what its manifest says and conforms; and say what to do.

    Exit code 1 when something is wrong.

    Example: trialkg doctor trials.ttl
    """
    if not path.exists():
        raise UsageError(f"{path}: there is no such file or folder")
    worst = 0
    for check in examine(path, sample=sample):
        worst |= check.state == "wrong"
        advice = f" -> {check.advice}" if check.advice else ""
        typer.echo(f"{check.state:5}  {check.what}{advice}")
    return int(worst)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(doctor)
