"""What an output was made of and with: a JSON file beside it, the same for the same input.

``NAME.manifest.json`` tells of each path that was given how many documents it held and a hash over theirs, the versions of the program,
of MeSH and of the parts that decide what comes out, the choices, the counts, and size and SHA-256 of the files that were written. A store
has no such hash: its files differ from one loading to the next; its statements are counted.
"""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from pathlib import Path

import msgspec

from kg import __version__, output
from kg.errors import UsageError
from kg.report import BuildReport
from kg.spool import Table

#: More inputs than this are told as one.
_MANY = 1_000
_PARTS = ("pyoxigraph", "pyshifty", "lxml", "msgspec", "orjson", "ucumvert")


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """What came from one file or folder of the call: its documents, and a hash over the names and hashes of all of them."""

    name: str
    documents: int
    sha256: str


class File(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was written."""

    name: str
    bytes: int
    sha256: str


class Manifest(msgspec.Struct, kw_only=True):
    """What an output was made of and with."""

    software: str
    parts: dict[str, str]
    mesh: str
    choices: dict[str, bool]
    inputs: list[Input]
    documents: int
    set_aside: int
    trials: int
    statements: int
    counts: dict[str, int]
    files: list[File]


def path_of(out: Path) -> Path:
    """Where the manifest of an output is."""
    return out.with_name(f"{out.name}.manifest.json")


def sha256(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _inputs(report: BuildReport) -> list[Input]:
    """By the first part of the documents' names: the file or folder that they came from."""
    lines = Table()
    for one in report.documents:
        reason = one.set_aside.code if one.set_aside else ""
        lines.add(f"{one.document}\t{one.sha256}\t{reason}\n".encode("utf-8", "replace"))
    found: dict[bytes, _Sum] = {}
    whole = _Sum()
    for line, _ in lines.items():
        whole.add(line)
        name = line.split(b"\t", 1)[0].split(b"/", 1)[0]
        if name in found or len(found) <= _MANY:
            found.setdefault(name, _Sum()).add(line)
    if len(found) > _MANY:
        found = {f"{whole.count} documents".encode(): whole}
    return [
        Input(name=name.decode(), documents=one.count, sha256=one.hash.hexdigest())
        for name, one in sorted(found.items())
    ]


class _Sum:
    """How many lines there were, and their hash."""

    def __init__(self) -> None:
        self.count = 0
        self.hash = hashlib.sha256()

    def add(self, line: bytes) -> None:
        self.count += 1
        self.hash.update(line)


def of_build(report: BuildReport, *, choices: dict[str, bool], files: list[Path]) -> Manifest:
    """The manifest of a build that has just been written to ``files`` (none for a store)."""
    return Manifest(
        software=__version__,
        parts={name: version(name) for name in _PARTS},
        mesh=report.mesh,
        choices=dict(sorted(choices.items())),
        inputs=_inputs(report),
        documents=len(report.documents),
        set_aside=report.aside,
        trials=report.trials,
        statements=report.statements,
        counts=report.counts,
        files=[File(name=path.name, bytes=path.stat().st_size, sha256=sha256(path)) for path in files],
    )


def write(manifest: Manifest, out: Path) -> None:
    """Put the manifest of an output beside it."""
    with output.beside(path_of(out)) as file:
        file.write(msgspec.json.format(msgspec.json.encode(manifest), indent=1) + b"\n")


def read(out: Path) -> Manifest | None:
    """The manifest of an output; None where there is none. Raises UsageError for a file that is no manifest."""
    path = path_of(out)
    if not path.is_file():
        return None
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: is no manifest: {error}") from error
