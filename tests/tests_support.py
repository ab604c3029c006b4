"""Small helpers that test modules import."""

from __future__ import annotations

from pathlib import Path

from kg.document import Quote

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"


def quote(text: str) -> Quote:
    return Quote(0, len(text), text)
