"""trialkg mcp"""

from __future__ import annotations

from pathlib import Path

import typer

from kg.cli import options


def mcp(
    sources: list[Path] = typer.Argument(help="A store folder, or files of the graph.", show_default=False),
    seconds: float = typer.Option(10.0, "--timeout", help="Seconds that a query may take."),
    mesh: Path | None = options.MESH,
) -> None:
    """Offer a graph to an assistant, as tools of the Model Context Protocol over stdin and stdout.

    Example: trialkg mcp trials.ttl
    """
    from kg.mcp import server
    from kg.serve.app import store_of
    from kg.serve.asked import Served
    from kg.serve.pool import Limits, Pool

    index = options.mesh_index(mesh)
    with store_of(sources) as folder:
        pool = Pool(folder, Limits(seconds=seconds, workers=2))
        try:
            server(Served(pool), index).run("stdio")
        finally:
            pool.close()


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(mcp)
