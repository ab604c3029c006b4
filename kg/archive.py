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
