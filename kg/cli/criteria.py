"""trialkg criteria"""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec
import typer

from kg.cli import options
from kg.criteria.text import read_text
from kg.errors import UsageError


def criteria(mesh: Path | None = options.MESH) -> None:
    """Eligibility text in, constraints out, as JSON lines: {"id", "text"} -> {"id", "constraints": [...]}.

    Example: echo '{"id": 1, "text": "Platelets at least 100,000/mm3"}' | trialkg criteria
    """
    index = options.mesh_index(mesh)
    for number, line in enumerate(sys.stdin.buffer, 1):
        if not line.strip():
            continue
        try:
            item = msgspec.json.decode(line)
            identifier, text = item["id"], item["text"]
        except (msgspec.DecodeError, KeyError, TypeError):
            raise UsageError(f'stdin, line {number}: is not a JSON object with "id" and "text"') from None
        if not isinstance(text, str):
            raise UsageError(f'stdin, line {number}: "text" is not a string')
        sys.stdout.buffer.write(msgspec.json.encode({"id": identifier, "constraints": read_text(text, index)}) + b"\n")


def register(app: typer.Typer) -> None:
    """Add the command to the application."""
    app.command()(criteria)
