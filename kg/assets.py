"""The one place that knows where ontology/, shapes/, queries/ and the machine's own facts lie.

In a wheel they are under ``kg/_data``; in a checkout (also an editable one) beside the package.
"""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent


def folder(kind: str) -> Path:
    """The folder ``kind`` (``ontology``, ``shapes`` or ``queries``); the checkout's own wins over a packaged copy.

    Raises FileNotFoundError when the installation is incomplete.
    """
    checkout = _PACKAGE.parent
    if (checkout / "pyproject.toml").is_file() and (checkout / kind).is_dir():
        return checkout / kind
    packaged = _PACKAGE / "_data" / kind
    if packaged.is_dir():
        return packaged
    raise FileNotFoundError(f"the folder {kind}/ is missing from this installation of trialkg; install it again")


def facts_file(name: str) -> Path:
    """The file ``kg/facts/NAME`` of the machine's own word lists."""
    return _PACKAGE / "facts" / name


@cache
def facts(name: str) -> dict[str, Any]:
    """The machine's own word list ``kg/facts/NAME.toml`` as a dictionary (read once)."""
    with (_PACKAGE / "facts" / f"{name}.toml").open("rb") as file:
        return tomllib.load(file)
