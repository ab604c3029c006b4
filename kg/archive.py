"""Zip archives: their members, one by one, and the bound on how far one unpacks, for all who open one."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from kg.errors import DocumentError

#: How many times its packed size a document may unpack to, beyond the first MiB.
MAX_RATIO = 200
#: An entry of the list of members: signature, flags, method, CRC, sizes, lengths of what follows, place (APPNOTE.TXT 4.3.12).
_ENTRY = struct.Struct("<4s4xHH4xLLLHHH8xL")
#: The length of the two records that stand behind the list where there are very many members.
_END_64 = 56 + 20


def too_well_packed() -> DocumentError:
    """The error for what unpacks to more than that."""
    return DocumentError("archive-bomb", f"unpacks to more than {MAX_RATIO} times its size and is not read")


def check(info: zipfile.ZipInfo) -> None:
    """Raise DocumentError for a member that unpacks to more than :data:`MAX_RATIO` times its size."""
    if info.file_size > 2**20 and info.file_size > MAX_RATIO * max(1, info.compress_size):
        raise too_well_packed()


class Member(NamedTuple):
    """A member of an archive: its name, and where and how it is packed, in numbers."""

    name: str
    packed: tuple[int, ...]


def members(path: Path) -> Iterator[Member]:
    """The members of an archive that are files, one after the other (APPNOTE.TXT 4.3.12): their list is not held in memory.

    Raises OSError, or zipfile.BadZipFile for what is no archive.
    """
    try:
        yield from _members(path)
    except struct.error as error:
        raise zipfile.BadZipFile("its list of members is broken") from error


def _members(path: Path) -> Iterator[Member]:
    with path.open("rb") as file:
        end = zipfile._EndRecData(file)  # type: ignore[attr-defined]  # the end of the list, also where there are very many
        if not end:
            raise zipfile.BadZipFile("is no zip archive")
        size, offset, place = end[5], end[6], end[9]
        if end[0] == b"PK\x06\x06":
            place -= _END_64
        before = place - size - offset  # what stands before an archive that was put behind something else
        if before < 0:
            raise zipfile.BadZipFile("its list of members is cut off")
        file.seek(offset + before)
        left = size
        while left >= _ENTRY.size:
            head = _ENTRY.unpack(_exactly(file, _ENTRY.size))
            signature, flags, method, crc, small, large, name_length, extra_length, comment_length, at = head
            if signature != b"PK\x01\x02":
                raise zipfile.BadZipFile("its list of members is broken")
            name = _exactly(file, name_length).decode("utf-8" if flags & 0x800 else "cp437", "replace")
            large, small, at = _in_64(_exactly(file, extra_length), large, small, at)
            file.seek(comment_length, 1)
            left -= _ENTRY.size + name_length + extra_length + comment_length
            if not name.endswith("/"):
                yield Member(name, (at + before, small, large, crc, method, flags))


def _exactly(file: IO[bytes], count: int) -> bytes:
    data = file.read(count)
    if len(data) != count:
        raise zipfile.BadZipFile("its list of members is cut off")
    return data


def _in_64(extra: bytes, large: int, small: int, at: int) -> tuple[int, int, int]:
    """Sizes and place of a member; those that 32 bits do not hold stand in an extra field (APPNOTE.TXT 4.5.3)."""
    values = [large, small, at]
    while len(extra) >= 4:
        kind, length = struct.unpack_from("<HH", extra)
        if kind == 1:
            numbers = iter(struct.unpack_from(f"<{length // 8}Q", extra.ljust(4 + length, b"\0"), 4))
            values = [next(numbers, value) if value == 0xFFFFFFFF else value for value in values]
        extra = extra[4 + length :]
    large, small, at = values
    return large, small, at


def unpacked(member: str, numbers: tuple[int, ...]) -> zipfile.ZipInfo:
    """What a :class:`Member` told in numbers, as reading it takes it."""
    info = zipfile.ZipInfo(member)
    info.header_offset, info.compress_size, info.file_size, info.CRC, info.compress_type, info.flag_bits = numbers
    return info
