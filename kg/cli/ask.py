"""trialkg query, trialkg ask and trialkg sparql"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import typer

from kg import questions
from kg.answers import FORMATS, render
from kg.catalogue import catalogue
from kg.cli import options
from kg.english import understand
from kg.errors import UsageError


def _parameters(arguments: list[str]) -> dict[str, str]:
    """``--a imatinib --b=surgery`` as a dictionary."""
    found: dict[str, str] = {}
    waiting = list(arguments)
    while waiting:
        word = waiting.pop(0)
        if not word.startswith("--"):
            raise UsageError(f"{word}: put a parameter's name before its value, as in --a imatinib")
        name, equals, value = word[2:].partition("=")
        if not equals:
            if not waiting:
                raise UsageError(f"--{name}: needs a value")
            value = waiting.pop(0)
        found[name] = value
    return found


def _listing() -> str:
    lines = []
    for one in questions.questions().values():
        parameters = " ".join(
            f"[--{n} …]" if p.optional or p.default else f"--{n} …" for n, p in one.parameters.items()
        )
        lines.append(f"{one.name + ' ' + parameters:42} {one.summary}")
    return "\n".join(line.rstrip() for line in lines)


def query(
    context: typer.Context,
    name: str | None = typer.Argument(
        None, help="The name of a question; without one all are listed.", show_default=False
    ),
    files: list[Path] | None = options.GRAPH,
    store: Path | None = options.STORE,
    endpoint: str | None = options.ENDPOINT,
    engine: str = options.ENGINE,
    form: str = options.FORMAT,
    mesh: Path | None = options.MESH,
    show_sparql: bool = typer.Option(False, "--sparql", help="Print the query instead of asking it."),
) -> None:
    """Ask a question by name, with its parameters as options.

    A concept is given by a name, a synonym or a MeSH identifier, and includes everything narrower. Without a name all questions are
    listed; --format turtle gives them as RDF, in the form of the SIB's sparql-examples.

    Example: trialkg query combine --a imatinib --b surgery -g trials.ttl
    """
    if name is None:
        if context.args:
            raise UsageError(f"{context.args[0]}: name the question first")
        options.check_format(form, ("table", "turtle"))
        typer.echo(catalogue(endpoint or "").decode() if form == "turtle" else _listing(), nl=form != "turtle")
        return
    options.check_format(form)
    one = questions.question(name)
    graph = options.graph(files, store, endpoint, engine)
    sparql, notes = questions.bind(one, _parameters(context.args), graph, options.mesh_index(mesh))
    _say(notes)
    typer.echo(sparql if show_sparql else render(graph.select(sparql), form, _width()), nl=False)


def ask(
    text: list[str] = typer.Argument(help="The question, in English.", show_default=False),
    files: list[Path] | None = options.GRAPH,
    store: Path | None = options.STORE,
    endpoint: str | None = options.ENDPOINT,
    engine: str = options.ENGINE,
    form: str = options.FORMAT,
    mesh: Path | None = options.MESH,
    show_sparql: bool = typer.Option(False, "--sparql", help="Print the query instead of asking it."),
) -> None:
    """Ask in plain English, without any service: one of the questions by name is found, and said on stderr.

    Exit code 2, and one line that says what can be asked, when the question is not understood or can be read in several ways.

    Example: trialkg ask "which trials combine imatinib with surgery" -g trials.ttl
    """
    options.check_format(form)
    graph, index = options.graph(files, store, endpoint, engine), options.mesh_index(mesh)
    found = understand(" ".join(text), graph, index)
    query_text, notes = questions.bind(questions.question(found.question), found.parameters, graph, index)
    typer.echo(f"trialkg: understood as: trialkg query {found.line()}", err=True)
    _say(notes)
    if show_sparql:
        typer.echo(query_text, nl=False)
    elif form == "json":
        answer = graph.select(query_text).dicts()
        told = {"question": found.question, "parameters": found.parameters, "sparql": query_text, "results": answer}
        typer.echo(msgspec.json.format(msgspec.json.encode(told), indent=1).decode())
    else:
        typer.echo(render(graph.select(query_text), form, _width()), nl=False)


def _say(notes: list[str]) -> None:
    for note in notes:
        typer.echo(f"trialkg: {note}", err=True)


def _width() -> int | None:
    """The width of the terminal; None where stdout is none."""
    if not sys.stdout.isatty():
        return None
    import shutil

    return shutil.get_terminal_size().columns


def sparql(
    file: str | None = typer.Argument(None, help="A file with the query, or - for stdin.", show_default=False),
    text: str | None = typer.Option(None, "-e", "--execute", help="The query itself.", show_default=False),
    files: list[Path] | None = options.GRAPH,
    store: Path | None = options.STORE,
    endpoint: str | None = options.ENDPOINT,
    engine: str = options.ENGINE,
    form: str = typer.Option("table", "--format", help=f"One of {', '.join(FORMATS)}; nt for CONSTRUCT."),
) -> None:
    """Ask any SPARQL query. The prefixes of the project may be left out.

    Example: trialkg sparql -e "SELECT ?t { ?t a tk:Trial }" -g trials.ttl
    """
    from kg.iri import BASE
    from kg.output import PREFIXES

    options.check_format(form, (*FORMATS, "nt"))
    if (file is None) == (text is None):
        raise UsageError("give the query as a file, as - for stdin, or after -e")
    if text is None:
        if file == "-":
            text = sys.stdin.read()
        else:
            path = Path(file or "")
            if not path.is_file():
                raise UsageError(f"{path}: there is no such file")
            text = path.read_text(encoding="utf-8")
    known = {**PREFIXES, "trial": f"{BASE}trial/"}
    missing = [
        f"PREFIX {p}: <{ns}>\n"
        for p, ns in known.items()
        if f"{p}:" in text and f"PREFIX {p}:" not in text.replace("prefix", "PREFIX")
    ]
    query_text = "".join(missing) + text
    graph = options.graph(files, store, endpoint, engine)
    typer.echo(
        graph.construct(query_text) if form == "nt" else render(graph.select(query_text), form, _width()), nl=False
    )


def register(app: typer.Typer) -> None:
    """Add the commands to the application."""
    app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(query)
    app.command()(ask)
    app.command()(sparql)
