"""trialkg serve"""

from __future__ import annotations

import os
from pathlib import Path

import typer

from kg.cli import options


def serve(
    sources: list[Path] = typer.Argument(help="A store folder, or files of the graph.", show_default=False),
    host: str = typer.Option("127.0.0.1", "--host", help="The address to listen at; 0.0.0.0 for all."),
    port: int = typer.Option(8000, "--port", help="The port to listen at."),
    names: list[str] | None = typer.Option(
        None, "--name", help="A host name that the server may be called by; may be given again.", show_default=False
    ),
    seconds: float = typer.Option(10.0, "--timeout", help="Seconds that a query may take."),
    rows: int = typer.Option(0, "--max-rows", help="Rows that an answer has at most; 0 for all."),
    megabytes: int = typer.Option(64, "--max-size", help="Megabytes that an answer has at most."),
    memory: int = typer.Option(2048, "--memory", help="Megabytes of memory that a query may use."),
    workers: int = typer.Option(4, "--workers", help="Queries that run at once."),
    updates: bool = typer.Option(
        False, "--updates", help="Take updates that bring the token of the environment variable TRIALKG_TOKEN."
    ),
    services: list[str] | None = typer.Option(
        None, "--service", help="An endpoint that SERVICE may reach, exactly as given.", show_default=False
    ),
    mesh: Path | None = options.MESH,
) -> None:
    """Serve a graph: a SPARQL 1.1 endpoint at /sparql, pages to ask and to look at /, every resource at its address.

    Read-only, unless --updates is given. Ctrl-C stops it.

    Example: trialkg serve trials.ttl
    """
    from kg.errors import UsageError
    from kg.serve.app import serve as run
    from kg.serve.pool import Limits
    from kg.serve.state import Settings

    token = os.environ.get("TRIALKG_TOKEN", "") if updates else ""
    if updates and len(token) < 8:
        raise UsageError("--updates: put a token of at least 8 characters into the environment variable TRIALKG_TOKEN")
    limits = Limits(seconds=seconds, rows=rows, size=megabytes << 20, memory=memory << 20, workers=workers)
    settings = Settings(limits=limits, token=token, services=frozenset(services or ()), hosts=frozenset(names or ()))
    typer.echo(f"trialkg: serving at http://{host}:{port}/ (Ctrl-C stops it)", err=True)
    run(sources, host=host, port=port, index=options.mesh_index(mesh), settings=settings)


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(serve)
