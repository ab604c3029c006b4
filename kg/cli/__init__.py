"""The command line. Each command takes its options, calls one public function, and prints."""

from __future__ import annotations

import os
import sys

import typer

from kg import __version__
from kg.cli import ask, build, criteria, doctor, fetch, load, match, mcp, mesh, serve, show, validate
from kg.errors import TrialKGError, UsageError

#: Typer brings its own copy of click in some releases and not in others; both have this class at the root.
_ClickException: type[typer.BadParameter] = next(
    c for c in typer.BadParameter.__mro__ if c.__name__ == "ClickException"
)

app = typer.Typer(
    name="trialkg",
    help="Clinical-trial documents into a knowledge graph that can be trusted, and answers over it.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"trialkg {__version__}")
        raise typer.Exit


@app.callback()
def _common(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True, help="Show the version."),
) -> None:
    """Clinical-trial documents into a knowledge graph that can be trusted, and answers over it."""


build.register(app)
fetch.register(app)
ask.register(app)
show.register(app)
criteria.register(app)
match.register(app)
load.register(app)
serve.register(app)
mcp.register(app)
validate.register(app)
doctor.register(app)
app.add_typer(mesh.app, name="mesh")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with its exit code: 0 fine, 1 findings, 2 the call is wrong, 130 interrupted."""
    try:
        code = app(args=arguments, standalone_mode=False)
        sys.stdout.flush()
        if code == 130:  # how Typer tells of Ctrl-C
            typer.echo("trialkg: stopped", err=True)
        sys.exit(code if isinstance(code, int) else 0)
    except UsageError as error:
        typer.echo(f"trialkg: {' '.join(str(error).split())}", err=True)
        sys.exit(2)
    except TrialKGError as error:
        typer.echo(f"trialkg: {' '.join(str(error).split())}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except (KeyboardInterrupt, typer.Abort):
        typer.echo("trialkg: stopped", err=True)
        sys.exit(130)
    except typer.Exit as error:
        sys.exit(error.exit_code)
    except _ClickException as error:
        message = error.format_message()
        if type(error).__name__ == "NoArgsIsHelpError":
            typer.echo(message)
            sys.exit(2)
        typer.echo(f"trialkg: {' '.join(message.split())}", err=True)
        sys.exit(2)
    except OSError as error:
        name = f"{error.filename}: " if error.filename else ""
        typer.echo(f"trialkg: {name}{error.strerror or error}", err=True)
        sys.exit(1)
