"""Answers as text: a table for people, or CSV, TSV, JSON (SPARQL 1.1 result formats) and Markdown."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import Literal

from kg.graphs import Answer, Term
from kg.iri import BASE, MESH, TK
from kg.output import PREFIXES

Format = Literal["table", "csv", "tsv", "json", "markdown"]
FORMATS: tuple[str, ...] = ("table", "csv", "tsv", "json", "markdown")

_FORMULA = tuple("=+-@\t\r")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")


def short(term: Term | None) -> str:
    """A term for people: the identifier of a trial, the name of a code, a prefixed name; dates and numbers as they are."""
    if term is None:
        return ""
    if term.kind != "uri":
        return " ".join(term.value.split())
    for base in (f"{BASE}trial/", TK, MESH, BASE):
        if term.value.startswith(base):
            return term.value.removeprefix(base)
    for prefix, namespace in PREFIXES.items():
        if term.value.startswith(namespace):
            return f"{prefix}:{term.value.removeprefix(namespace)}"
    return term.value


def _turtle(term: Term | None) -> str:
    """A term as SPARQL 1.1 TSV writes it."""
    if term is None:
        return ""
    if term.kind == "uri":
        return f"<{term.value}>"
    if term.kind == "bnode":
        return f"_:{term.value}"
    text = (
        term.value.replace("\\", "\\\\")
        .replace('"', '\\"')
        .replace("\n", "\\n")
        .replace("\r", "\\r")
        .replace("\t", "\\t")
    )
    if term.language:
        return f'"{text}"@{term.language}'
    if term.datatype and not term.datatype.endswith("#string"):
        return f'"{text}"^^<{term.datatype}>'
    return f'"{text}"'


def _json(answer: Answer) -> str:
    def cell(term: Term) -> dict[str, str]:
        value = {"type": term.kind, "value": term.value}
        if term.language:
            value["xml:lang"] = term.language
        elif term.datatype and not term.datatype.endswith("#string"):
            value["datatype"] = term.datatype
        return value

    bindings = [{v: cell(t) for v, t in zip(answer.variables, row, strict=True) if t} for row in answer.rows]
    return (
        json.dumps(
            {"head": {"vars": answer.variables}, "results": {"bindings": bindings}}, ensure_ascii=False, indent=1
        )
        + "\n"
    )


def _harmless(text: str) -> str:
    """A value that no spreadsheet takes for a formula."""
    return f"'{text}" if text[:1] in _FORMULA and not _NUMBER.fullmatch(text) else text


def _csv(answer: Answer, *, for_spreadsheet: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    kept = _harmless if for_spreadsheet else str
    writer.writerow(map(kept, answer.variables))
    writer.writerows([[kept(t.value) if t else "" for t in row] for row in answer.rows])
    return out.getvalue()


def _markdown(answer: Answer) -> str:
    def line(cells: list[str]) -> str:
        return "| " + " | ".join(c.replace("|", "\\|") for c in cells) + " |\n"

    rows = [line(answer.variables), line(["---"] * len(answer.variables))]
    return "".join(rows + [line([short(t) for t in row]) for row in answer.rows])


def _table(answer: Answer, width: int | None) -> str:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for variable in answer.variables:
        table.add_column(variable, overflow="fold")
    for row in answer.rows:
        table.add_row(*(Text(short(t)) for t in row))
    out = io.StringIO()
    console = Console(file=out, width=width or 160, highlight=False, emoji=False, markup=False)
    console.print(table)
    lines = [line.rstrip() for line in out.getvalue().splitlines()]
    return "\n".join(lines) + "\n"


def render(answer: Answer, form: str = "table", width: int | None = None, *, for_spreadsheet: bool = False) -> str:
    """The answer as text in one of :data:`FORMATS`.

    CSV is as SPARQL 1.1 has it; ``for_spreadsheet`` puts an apostrophe before what a spreadsheet would take for a formula.
    """
    if form == "csv":
        return _csv(answer, for_spreadsheet=for_spreadsheet)
    if form == "tsv":
        lines = ["\t".join(f"?{v}" for v in answer.variables)]
        return "\n".join(lines + ["\t".join(_turtle(t) for t in row) for row in answer.rows]) + "\n"
    if form == "json":
        return _json(answer)
    return _markdown(answer) if form == "markdown" else _table(answer, width)
