"""Where documents come from: files, folders, zip archives and gzipped files. The one way in for bytes."""

from __future__ import annotations

import csv
import gzip
import io
import os
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain, pairwise
from pathlib import Path
from typing import IO, cast, overload

import msgspec
import orjson
from lxml import etree

from kg import aact
from kg.archive import MAX_RATIO, check, members, too_well_packed, unpacked
from kg.document import MAX_BYTES
from kg.errors import DocumentError, UsageError
from kg.spool import Rows, Table

#: An archive that holds nothing.
_NO_MEMBERS = b"PK\x05\x06" + bytes(18)
#: The most members that are read from one archive.
MAX_MEMBERS = 1_000_000


_PAGE = re.compile(rb'\s*\{\s*(?:"(?:totalCount|nextPageToken)"\s*:\s*(?:\d+|"[^"]{0,200}")\s*,\s*)*"studies"\s*:\s*\[')


#: How an export of the WHO's platform begins, as CSV and as XML.
_EXPORT = re.compile(rb'(?:\xef\xbb\xbf)?"?TrialID"?,|^\s*+(?:<\?xml[^>]*+>\s*+)?<Trials_downloaded_from_ICTRP')


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A document that can be read: its name for people, the file, and where in the file it stands.

    ``member``: of an archive; ``line``: of a file of many records, from 0; ``entry``: of the ``studies`` of a page that the API
    of ClinicalTrials.gov gave, from 0; -1 for none; ``table``: the member is a trial of an export of AACT; ``packed``: where and how
    the member is packed (:class:`kg.archive.Member`).
    """

    name: str
    path: Path
    member: str = ""
    line: int = -1
    entry: int = -1
    table: bool = False
    packed: tuple[int, ...] = ()

    def read(self) -> bytes:
        """The bytes. Raises DocumentError when they cannot be read, or are more than a document may have."""
        try:
            if self.line >= 0:
                return _bounded(_many(self.path).item(self.line))
            if self.entry >= 0:
                return _bounded(orjson.dumps(_studies(self.path, self.path.stat().st_mtime_ns)[self.entry]))
            if self.table:
                return _bounded(aact.trial(self.path, self.member))
            if self.member:
                return _member(self.path, unpacked(self.member, self.packed))
            if self.path.suffix == ".gz":
                return _gunzip(self.path)
            size = self.path.stat().st_size
            if size > MAX_BYTES:
                raise DocumentError("too-large", _too_large(size))
            return self.path.read_bytes()
        except (OSError, zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
            reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise DocumentError("unreadable", f"cannot be read: {reason}") from error


def _too_large(size: int) -> str:
    return f"is {size / 2**20:.0f} MB, over the limit of {MAX_BYTES // 2**20} MB for one document"


def _member(path: Path, info: zipfile.ZipInfo) -> bytes:
    """A member of an archive, whose list of members is not read again: that takes time and memory with their number."""
    if info.file_size > MAX_BYTES:
        raise DocumentError("too-large", _too_large(info.file_size))
    check(info)
    with path.open("rb") as file:
        archive = zipfile.ZipFile(io.BytesIO(_NO_MEMBERS))
        archive.fp = file
        with archive.open(info) as member:
            return _bounded(member.read(MAX_BYTES + 1))


def _gunzip(path: Path) -> bytes:
    packed = path.stat().st_size
    limit = max(2**20, min(MAX_BYTES, MAX_RATIO * packed))
    with gzip.open(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit and limit < MAX_BYTES:
        raise too_well_packed()
    return _bounded(data)


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise DocumentError("too-large", _too_large(len(data)))
    return data


def _encoded(one: Source) -> bytes:
    names = (os.fsencode(one.name), os.fsencode(one.path), os.fsencode(one.member))
    return msgspec.msgpack.encode((*names, one.line, one.entry, one.table, one.packed))


def _decoded(row: bytes) -> Source:
    name, path, member, line, entry, table, place = msgspec.msgpack.decode(row)
    return Source(
        name.decode("utf-8", "backslashreplace"),
        Path(os.fsdecode(path)),
        os.fsdecode(member),
        line,
        entry,
        table,
        tuple(place),
    )


class Sources(Sequence[Source]):
    """Documents in the order of their names, which are all different; they are not held in memory."""

    def __init__(self, found: Iterable[Source]) -> None:
        table = Table()
        for one in found:
            key = b"\0".join((os.fsencode(one.name), os.fsencode(one.path), os.fsencode(one.member)))
            table.add(key, _encoded(one))
        self._rows = Rows()
        rows = pairwise(chain((row for _, row in table.items()), [b""]))
        before = ""
        for row, following in rows:
            one = _decoded(row)
            after = _decoded(following).name if following else ""
            if one.name in (before, after):
                row = _encoded(replace(one, name=_long_name(one)))
            before = one.name
            self._rows.append(row)

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, number: int) -> Source: ...
    @overload
    def __getitem__(self, number: slice) -> list[Source]: ...
    def __getitem__(self, number: int | slice) -> Source | list[Source]:
        if isinstance(number, slice):
            return [self[n] for n in range(*number.indices(len(self)))]
        return _decoded(self._rows[range(len(self))[number]])

    def __iter__(self) -> Iterator[Source]:
        return map(_decoded, self._rows)


def _long_name(one: Source) -> str:
    """The name of a document with the whole path, for documents of several folders that have one name."""
    inside = one.member or (one.name.rsplit("/", 1)[-1] if max(one.line, one.entry) >= 0 else "")
    return f"{one.path.as_posix()}/{inside}" if inside else one.path.as_posix()


def find(paths: list[Path]) -> Sources:
    """All documents under the paths, sorted by name: the order of the arguments does not matter.

    Hidden files are passed over. Documents of several folders that would have one name are called by their whole paths. Raises
    UsageError when a path does not exist.
    """
    return Sources(_under(paths))


def _under(paths: list[Path]) -> Iterator[Source]:
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: there is no such file or folder")
        if path.is_dir() and aact.is_export(path):
            yield from _of_tables(path)
        elif path.is_dir():
            for file in path.rglob("*"):
                relative = file.relative_to(path)
                if file.is_file() and not any(part.startswith(".") for part in relative.parts):
                    yield from _of_file(file, relative.as_posix())
        else:
            yield from _of_file(path, path.name)


class _Items:
    """The documents in a file, given out forward without reading the file again."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._items: Iterator[bytes] | None = None
        self._next = 0

    def item(self, number: int) -> bytes:
        if self._items is None or number < self._next:
            self._items, self._next = items(self._path), 0
        for found in self._items:
            self._next += 1
            if self._next > number:
                return found
        return b""


def items(path: Path) -> Iterator[bytes]:
    """The documents in a file that holds many: JSON lines, or an export of the WHO's platform (each record as JSON)."""
    bare = path.name.lower().removesuffix(".gz")
    with open_packed(path) as file:
        if bare.endswith(".csv"):
            rows = csv.DictReader(io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline=""))
            yield from (orjson.dumps({str(k): v for k, v in row.items() if k and isinstance(v, str)}) for row in rows)
        elif bare.endswith(".xml"):
            events = etree.iterparse(file, tag="Trial", resolve_entities=False, no_network=True, load_dtd=False)
            for _, element in events:
                yield orjson.dumps({str(e.tag): "".join(e.itertext()) for e in element})
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
        else:
            while line := file.readline(MAX_BYTES + 2):
                yield line.strip(b"\r\n")


def open_packed(path: Path) -> IO[bytes]:
    """A file opened for reading, unpacked when its name ends in .gz."""
    return cast(IO[bytes], gzip.open(path)) if path.suffix == ".gz" else path.open("rb")


@lru_cache(maxsize=4)
def _many(path: Path) -> _Items:
    return _Items(path)


@lru_cache(maxsize=1)
def _studies(path: Path, _changed: int) -> list[object]:
    data = orjson.loads(_bounded(path.read_bytes()))
    return list(data["studies"])


def _of_many(path: Path, name: str) -> Iterator[Source]:
    """A document for every one in the file that is not blank."""
    try:
        for number, item in enumerate(items(path)):
            if item and not item.isspace():
                yield Source(f"{name}/{number + 1:07d}", path, line=number)
    except (OSError, EOFError, zlib.error, csv.Error, etree.XMLSyntaxError):
        yield Source(name, path)  # reading it says what is wrong


def _begins(path: Path, sign: re.Pattern[bytes], within: int) -> bool:
    """Whether the first bytes of a file, ``within`` so many, show a sign."""
    try:
        with open_packed(path) as file:
            return bool(sign.match(file.read(within)))
    except (OSError, EOFError, zlib.error):
        return False


def _of_page(path: Path, name: str) -> Iterator[Source]:
    """The studies of a page as the API gives it; the file itself when it is none."""
    try:
        if not _begins(path, _PAGE, 400):
            raise ValueError
        count = len(_studies(path, path.stat().st_mtime_ns))
    except (OSError, ValueError, KeyError, TypeError, DocumentError):
        yield Source(name, path)
        return
    for number in range(count):
        yield Source(f"{name}/{number + 1:07d}", path, entry=number)


def _of_tables(path: Path) -> Iterator[Source]:
    """The trials of an export of AACT; the file itself when it cannot be read."""
    try:
        for identifier in aact.trials(path):
            yield Source(f"{path.name}/{identifier}", path, identifier, table=True)
    except DocumentError as error:
        raise UsageError(f"{path}: {error}") from error


def _of_file(path: Path, name: str) -> Iterator[Source]:
    bare = path.name.lower().removesuffix(".gz")
    exported = bare.endswith((".csv", ".xml")) and _begins(path, _EXPORT, 600)
    if exported or bare.endswith((".jsonl", ".ndjson")):
        yield from _of_many(path, name)
        return
    if path.suffix.lower() == ".json":
        yield from _of_page(path, name)
        return
    if path.suffix.lower() != ".zip":
        yield Source(name, path)
        return
    if aact.is_export(path):
        yield from _of_tables(path)
        return
    try:
        for count, member in enumerate(members(path)):
            if count >= MAX_MEMBERS:
                raise UsageError(f"{path}: holds more than {MAX_MEMBERS:,} documents; unpack it and give the folder")
            if not member.name.rsplit("/", 1)[-1].startswith("."):
                yield Source(f"{name}/{member.name}", path, member.name, packed=member.packed)
    except (OSError, zipfile.BadZipFile):
        yield Source(name, path)  # reading it says what is wrong
