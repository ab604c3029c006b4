"""trialkg show"""

from __future__ import annotations

from pathlib import Path

import typer

from kg import card
from kg.cli import options


def show(
    trial: str = typer.Argument(help="The registry identifier of a trial.", show_default=False),
    files: list[Path] | None = options.GRAPH,
    store: Path | None = options.STORE,
    endpoint: str | None = options.ENDPOINT,
    engine: str = options.ENGINE,
    evidence: bool = typer.Option(True, "--evidence/--no-evidence", help="Show the words behind each fact."),
) -> None:
    """One trial as a card, with the words behind each fact.

    Example: trialkg show NCT01267695 -g trials.ttl
    """
    graph = options.graph(files, store, endpoint, engine)
    typer.echo(card.text(card.facts(graph, trial), evidence=evidence), nl=False)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(show)
