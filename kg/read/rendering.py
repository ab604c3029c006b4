"""Structured records as text: what the evidence of their facts points into.

The values of an XML or JSON record are escaped in its bytes, so a span of those is not the words. The document as read is
therefore a plain text made from the record, "label: value" line after line in the record's order; the same bytes always
give the same text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from kg.document import Document, Quote
from kg.encoding import clean, shorten

#: The API gives text as markdown, in which signs are escaped: "Age \\>= 18" (CommonMark 0.31, section 2.4).
_ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])")


def values(record: Any, path: str) -> list[Any]:
    """The values at a dotted path of a record of objects and lists, in order; those of a list each."""
    found = [record]
    for name in path.split("."):
        found = [one[name] for one in found if isinstance(one, dict) and one.get(name) is not None]
        found = [item for one in found for item in (one if isinstance(one, list) else [one])]
    return found


class Rendering:
    """Builds the text of a structured record, value by value."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._length = 0

    def add(self, label: str, value: str) -> Quote:
        """Write one value under its label; the quotation of it. An empty value is not written."""
        value = shorten(clean(value).strip("\r\n").rstrip())
        if not value.strip():
            return Quote(self._length, self._length, "")
        joint = ":\n" if "\n" in value else ": "
        start = self._length + len(label) + len(joint)
        line = f"{label}{joint}{value}\n"
        self._parts.append(line)
        self._length += len(line)
        return Quote(start, start + len(value), value)

    def document(self, source: Document) -> Document:
        """The document whose text is the rendering, known by the bytes of its source."""
        return Document(source.name, "".join(self._parts), source.sha256)


class StudyText:
    """A study, rendered value by value as it is read."""

    def __init__(self, study: Mapping[str, Any], markdown: bool) -> None:
        self.markdown = markdown
        self.protocol: Any = study["protocolSection"]
        self.derived: Any = study.get("derivedSection") or {}
        self.results: Any = study.get("resultsSection") or {}
        self.text = Rendering()

    def all(self, path: str, under: Any = None) -> list[Any]:
        """The values at a dotted path of the protocol section, or of the part ``under``; those of a list each."""
        return values(self.protocol if under is None else under, path.removesuffix("[]"))

    def quotes(self, path: str, under: Any = None, label: str = "") -> Iterator[Quote]:
        """The values at a path, each written into the rendering."""
        for value in self.all(path, under):
            if isinstance(value, bool):
                value = "Yes" if value else "No"
            if isinstance(value, (str, int, float)):
                text = _ESCAPED.sub(r"\1", str(value)) if self.markdown else str(value)
                yield self.text.add(label or path.removesuffix("[]").rsplit(".", 1)[-1], text)

    def take(self, path: str, under: Any = None, label: str = "") -> Quote:
        """The first value at a path; an empty quotation when there is none."""
        return next(self.quotes(path, under, label), Quote(0, 0, ""))
