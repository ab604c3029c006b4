"""Where documents come from: files, folders, zip archives and gzipped files. The one way in for bytes."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from kg.document import MAX_BYTES
from kg.errors import DocumentError, UsageError

#: How many times its packed size a document may unpack to, beyond the first MiB.
MAX_RATIO = 200
#: The most members that are read from one archive.
MAX_MEMBERS = 1_000_000


@dataclass(frozen=True, slots=True, order=True)
class Source:
    """A document that can be read: its name for people, the file, and the member of an archive ("" for the file)."""

    name: str
    path: Path
    member: str = ""

    def read(self) -> bytes:
        """The bytes. Raises DocumentError when they cannot be read, or are more than a document may have."""
        try:
            if self.member:
                with zipfile.ZipFile(self.path) as archive:
                    return _member(archive, self.member)
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


def _member(archive: zipfile.ZipFile, member: str) -> bytes:
    info = archive.getinfo(member)
    if info.file_size > MAX_BYTES:
        raise DocumentError("too-large", _too_large(info.file_size))
    if info.file_size > 2**20 and info.file_size > MAX_RATIO * max(1, info.compress_size):
        raise DocumentError("archive-bomb", f"unpacks to more than {MAX_RATIO} times its size and is not read")
    with archive.open(info) as file:
        return _bounded(file.read(MAX_BYTES + 1))


def _gunzip(path: Path) -> bytes:
    packed = path.stat().st_size
    limit = max(2**20, min(MAX_BYTES, MAX_RATIO * packed))
    with gzip.open(path) as file:
        data = file.read(limit + 1)
    if len(data) > limit and limit < MAX_BYTES:
        raise DocumentError("archive-bomb", f"unpacks to more than {MAX_RATIO} times its size and is not read")
    return _bounded(data)


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_BYTES:
        raise DocumentError("too-large", _too_large(len(data)))
    return data


def find(paths: list[Path]) -> list[Source]:
    """All documents under the paths, sorted by name: the order of the arguments does not matter.

    Hidden files are passed over. Raises UsageError when a path does not exist.
    """
    found: set[Source] = set()
    for path in paths:
        if not path.exists():
            raise UsageError(f"{path}: there is no such file or folder")
        if path.is_dir():
            for file in path.rglob("*"):
                relative = file.relative_to(path)
                if file.is_file() and not any(part.startswith(".") for part in relative.parts):
                    found.update(_of_file(file, relative.as_posix()))
        else:
            found.update(_of_file(path, path.name))
    return sorted(found)


def _of_file(path: Path, name: str) -> Iterator[Source]:
    if path.suffix.lower() != ".zip":
        yield Source(name, path)
        return
    try:
        with zipfile.ZipFile(path) as archive:
            members = [i for i in archive.infolist() if not i.is_dir()]
    except (OSError, zipfile.BadZipFile):
        yield Source(name, path)  # reading it says what is wrong
        return
    for info in members[:MAX_MEMBERS]:
        if not info.filename.rsplit("/", 1)[-1].startswith("."):
            yield Source(f"{name}/{info.filename}", path, info.filename)
