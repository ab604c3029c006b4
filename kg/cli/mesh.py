"""trialkg mesh"""

from __future__ import annotations

from pathlib import Path

import typer

from kg.cli import options
from kg.errors import UsageError
from kg.fetch import MESH_NT, fetch_file
from kg.mesh.describe import describe
from kg.mesh.file import default_path, save
from kg.mesh.linker import link
from kg.mesh.nlm import read_files
from kg.output import beside
from kg.sssom import mappings, tsv

app = typer.Typer(
    help="The vocabulary MeSH: index NLM's own file, find concepts.", no_args_is_help=True, rich_markup_mode=None
)


@app.command("build")
def build(
    sources: list[Path] = typer.Argument(
        help="NLM's mesh.nt, or desc2024.xml and supp2024.xml; .gz too.", show_default=False
    ),
    out: Path | None = typer.Option(
        None, "-o", "--out", help="The index to write; by default in the user's folder for caches.", show_default=False
    ),
) -> None:
    """Index the whole of MeSH from NLM's own files. The index is used where --mesh, or TRIALKG_MESH, names it.

    Example: trialkg mesh build mesh.nt.gz -o mesh.index
    """
    for source in sources:
        if not source.is_file():
            raise UsageError(f"{source}: there is no such file")
    index = read_files(sources)
    path = out or default_path()
    save(index, path)
    typer.echo(
        f"{path}: {len(index.labels)} concepts, {len(index.terms)} terms; use it with --mesh {path}, or TRIALKG_MESH={path}",
        err=True,
    )


@app.command("links")
def links(
    files: list[Path] | None = options.GRAPH,
    store: Path | None = options.STORE,
    endpoint: str | None = options.ENDPOINT,
    out: Path | None = typer.Option(
        None, "-o", "--out", help="The file to write: NAME.sssom.tsv; stdout without it.", show_default=False
    ),
    mesh: Path | None = options.MESH,
) -> None:
    """The links of a graph to MeSH as a mapping set (SSSOM TSV): each name, its concept, how the link was made and how sure it is.

    Example: trialkg mesh links -g trials.ttl -o links.sssom.tsv
    """
    index = options.mesh_index(mesh)
    found = mappings(options.graph(files, store, endpoint), index)
    text = tsv(found, index)
    if out is None:
        typer.echo(text, nl=False)
        return
    with beside(out) as file:
        file.write(text.encode())
    typer.echo(f"{out}: {len(found)} mappings", err=True)


@app.command("find")
def find(
    text: str = typer.Argument(help="A phrase.", show_default=False),
    kind: str = typer.Option("Any", "--kind", help="Condition, Drug, Procedure ... or Any."),
    mesh: Path | None = options.MESH,
) -> int:
    """Show what a phrase links to, and why.

    Example: trialkg mesh find gleevec
    """
    index = options.mesh_index(mesh)
    found = link(text, kind, index)
    if found is None:
        typer.echo(f"trialkg: nothing in MeSH {index.version} is called {text!r}", err=True)
        return 1
    typer.echo(
        f"{found.identifier}\t{index.labels[found.identifier]}\t{found.relation}\t{found.justification}\t{found.confidence}"
    )
    return 0


@app.command("show")
def show(
    identifier: str = typer.Argument(help="A MeSH identifier.", show_default=False),
    mesh: Path | None = options.MESH,
) -> None:
    """Show a descriptor or supplementary record with its place in the trees.

    Example: trialkg mesh show D000068877
    """
    for name, value in describe(identifier, options.mesh_index(mesh)):
        typer.echo(f"{name:18} {value}")


@app.command("download")
def download(
    out: Path = typer.Option(..., "-o", "--out", help="Where the file goes: mesh.nt.gz."),
    address: str = typer.Option(MESH_NT, "--address", help="Where NLM keeps it."),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="Say nothing but what is wrong."),
) -> None:
    """Download the whole of MeSH from the U.S. National Library of Medicine; the file takes its place when it is whole.

    Example: trialkg mesh download -o mesh.nt.gz
    """
    with options.progress_bar("downloading", quiet) as progress:
        size = fetch_file(address, out, progress=progress)
    if not quiet:
        typer.echo(f"{out}: {size / 2**20:.0f} MB; next: trialkg mesh build {out} -o mesh.index", err=True)
