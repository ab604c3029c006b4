"""trialkg load"""

from __future__ import annotations

import os
from pathlib import Path

import typer

from kg.cli.options import progress_bar
from kg.load import load as load_graph


def load(
    source: Path = typer.Argument(help="A file of the graph, or a store folder.", show_default=False),
    endpoint: str = typer.Option(..., "--endpoint", help="Where the store takes queries."),
    update: str = typer.Option("", "--update-endpoint", help="Where it takes updates; guessed unless given."),
    user: str = typer.Option("", "--user", help="A user's name; the password comes from TRIALKG_PASSWORD."),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="Say nothing but what is wrong."),
) -> None:
    """Load a graph into a running triple store, and count what has arrived.

    The same command goes on with a load that was broken off.

    Example: trialkg load trials.nq --endpoint http://localhost:7878/query
    """
    login = (user, os.environ.get("TRIALKG_PASSWORD", "")) if user else None
    with progress_bar("loading", quiet) as progress:
        done = load_graph(source, endpoint, update=update, user=login, progress=progress)
    if not quiet:
        typer.echo(
            f"{endpoint}: {done.sent} statements sent, {done.there} were there, in {done.graphs} graphs", err=True
        )


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(load)
