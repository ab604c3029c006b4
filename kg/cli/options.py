"""Options that several commands share."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import typer

from kg.answers import FORMATS
from kg.errors import UsageError
from kg.graphs import Graph, open_graph
from kg.mesh import MeshIndex, builtin
from kg.mesh.file import load

GRAPH = typer.Option(
    None,
    "-g",
    "--graph",
    help="A file of the graph (.ttl, .nt, .nq, .jsonld, .gz); may be given again.",
    show_default=False,
)
STORE = typer.Option(None, "--store", help="A store folder made by: trialkg build ... -o FOLDER/", show_default=False)
ENDPOINT = typer.Option(None, "--endpoint", help="The address of a SPARQL endpoint.", show_default=False)
ENGINE = typer.Option("oxigraph", "--engine", help="What loads files: oxigraph or rdflib.")
FORMAT = typer.Option("table", "--format", help=f"One of {', '.join(FORMATS)}.")
MESH = typer.Option(
    None,
    "--mesh",
    envvar="TRIALKG_MESH",
    help="A MeSH index made by: trialkg mesh build.",
    show_default=False,
    show_envvar=False,
)


def graph(files: list[Path] | None, store: Path | None, endpoint: str | None, engine: str = "oxigraph") -> Graph:
    """The graph that the options name."""
    return open_graph(files or [], store=store, endpoint=endpoint, engine=engine)


def mesh_index(path: Path | None) -> MeshIndex:
    """The MeSH index at a path; the built-in slice when none is given."""
    return load(path) if path else builtin()


def check_format(form: str, known: tuple[str, ...] = FORMATS) -> str:
    """The format, when it is a known one. Raises UsageError otherwise."""
    if form not in known:
        raise UsageError(f"--format {form}: choose one of {', '.join(known)}")
    return form


@contextlib.contextmanager
def progress_bar(doing: str, quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A progress bar on stderr, where that is a terminal."""
    if quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    rate = TextColumn("{task.fields[rate]}")
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), rate, TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(doing, total=None, rate="")

        def show(done: int, total: int) -> None:
            speed = bar.tasks[0].speed
            bar.update(task, completed=done, total=total, rate=f"{speed:.0f}/s" if speed else "")

        yield show
