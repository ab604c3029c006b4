"""A MeSH index as a file: written once from NLM's own, opened in well under a second."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import msgspec

from kg.errors import UsageError
from kg.mesh.index import MeshIndex, with_own_terms

_MAGIC = b"trialkg-mesh-2\n"


def default_path() -> Path:
    """Where the index is kept unless another place is named: in the user's folder for caches."""
    folder = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(folder) / "trialkg" / "mesh.index"


def save(index: MeshIndex, path: Path) -> None:
    """Write the index beside its place, then rename."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.part")
    try:
        temporary.write_bytes(_MAGIC + msgspec.msgpack.encode(index))
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def load(path: Path) -> MeshIndex:
    """The index in a file. Raises UsageError when there is none."""
    try:
        data = path.read_bytes()
    except OSError:
        raise UsageError(
            f"{path}: there is no MeSH index; make one with: trialkg mesh build mesh.nt.gz -o {path}"
        ) from None
    if not data.startswith(_MAGIC):
        raise UsageError(
            f"{path}: is no MeSH index of this version; make it again with: trialkg mesh build mesh.nt.gz -o {path}"
        )
    was_collecting = gc.isenabled()
    gc.disable()  # a million new objects, none of them garbage: looking for some takes as long as making them
    try:
        return with_own_terms(msgspec.msgpack.decode(memoryview(data)[len(_MAGIC) :], type=MeshIndex))
    except msgspec.DecodeError as error:
        raise UsageError(f"{path}: is a MeSH index that was cut off or changed: {error}") from error
    finally:
        if was_collecting:
            gc.enable()
