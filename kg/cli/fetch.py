"""trialkg fetch"""

from __future__ import annotations

from pathlib import Path

import typer

from kg.cli.options import progress_bar
from kg.fetch import BASE
from kg.fetch import fetch as fetch_studies


def fetch(
    asked: list[str] = typer.Argument(help="NCT numbers, or words to search for.", show_default=False),
    out: Path = typer.Option(..., "-o", "--out", help="The folder that the pages of studies go to."),
    base: str = typer.Option(BASE, "--base", help="The address of the API."),
    page_size: int = typer.Option(500, "--page-size", help="Studies in one page, 1 to 1000."),
    pause: float = typer.Option(1.0, "--pause", min=0.0, help="Seconds between requests."),
    quiet: bool = typer.Option(False, "-q", "--quiet", help="Say nothing but what is wrong."),
) -> int:
    """Download studies from ClinicalTrials.gov; the same command goes on with what was broken off.

    Exit code 1 when the registry does not have some of the numbers.

    Example: trialkg fetch imatinib surgery -o studies
    """
    with progress_bar("fetching", quiet) as progress:
        fetched = fetch_studies(asked, out, base=base, page_size=page_size, pause=pause, progress=progress)
    for number in fetched.missing:
        typer.echo(f"{number}: the registry has no such study", err=True)
    if not quiet:
        typer.echo(
            f"{out}: {fetched.studies} studies in {len(fetched.files)} files; next: trialkg build {out} -o trials.ttl",
            err=True,
        )
    return 1 if fetched.missing else 0


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(fetch)
