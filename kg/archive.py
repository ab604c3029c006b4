"""What an archive may hold: the bound on how far a member unpacks, for all who open one."""

from __future__ import annotations

import zipfile

from kg.errors import DocumentError

#: How many times its packed size a document may unpack to, beyond the first MiB.
MAX_RATIO = 200


def too_well_packed() -> DocumentError:
    """The error for what unpacks to more than that."""
    return DocumentError("archive-bomb", f"unpacks to more than {MAX_RATIO} times its size and is not read")


def check(info: zipfile.ZipInfo) -> None:
    """Raise DocumentError for a member that unpacks to more than :data:`MAX_RATIO` times its size."""
    if info.file_size > 2**20 and info.file_size > MAX_RATIO * max(1, info.compress_size):
        raise too_well_packed()


def packed(info: zipfile.ZipInfo) -> tuple[int, ...]:
    """Where and how a member is packed, in numbers: all that reading it takes beside its name."""
    end = getattr(info, "_end_offset", None)
    place = (info.header_offset, info.compress_size, info.file_size, info.CRC, info.compress_type, info.flag_bits)
    return (*place, -1 if end is None else end)


def unpacked(member: str, numbers: tuple[int, ...]) -> zipfile.ZipInfo:
    """What :func:`packed` told in numbers, for a member of that name."""
    info = zipfile.ZipInfo(member)
    info.header_offset, info.compress_size, info.file_size, info.CRC, info.compress_type, info.flag_bits, end = numbers
    if end >= 0:
        info._end_offset = end  # type: ignore[attr-defined]  # by which newer releases of Python know members that overlap
    return info
