"""Text of XML elements, and trees that are filled by path: what both parts of the registry's XML are read with."""

from __future__ import annotations

import re
from typing import Any

_MARKED = re.compile(r"^\s*+(?:[-*•·]|\(?\d{1,2}[.)])\s")


def text(element: Any, path: str) -> str:
    """All the text of the element at a path ("." for the element itself), with the lines that it was written with."""
    found = element if path == "." else element.find(path)
    return unwrapped("".join(found.itertext()).replace("\r\n", "\n")) if found is not None else ""


def unwrapped(text: str) -> str:
    """A text with the line breaks that it was written with: the XML breaks lines anew at 80 characters.

    Between paragraphs and items it leaves a blank line, so that a line that begins like an item, or after one, stays apart.
    """
    if "\n" not in text:
        return text.strip()
    lines: list[str] = []
    blank = True
    for line in text.split("\n"):
        if not line.strip():
            blank = True
            continue
        if blank or _MARKED.match(line):
            lines += ["", line.rstrip()] if lines and blank else [line.rstrip()]
        else:
            lines[-1] += f" {line.strip()}"
        blank = False
    return "\n".join(lines).strip("\n")


def put(tree: dict[str, Any], path: str, value: Any) -> None:
    """Set a value at a dotted path, unless there is one or the value is empty."""
    *above, last = path.split(".")
    for name in above if value not in ("", None, []) else ():
        tree = tree.setdefault(name, {})
    if value not in ("", None, []):
        tree.setdefault(last, value)
