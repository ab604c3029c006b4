"""The list of members of a zip archive, read entry by entry, is the one that Python's own library reads."""

from __future__ import annotations

import io
import tempfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kg import sources
from kg.archive import Member, members
from kg.errors import DocumentError
from kg.mesh import builtin
from kg.trial import process

_NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\\"), min_size=1, max_size=12)


def _listed(path: Path) -> list[Member]:
    with zipfile.ZipFile(path) as archive:
        return [
            Member(i.filename, (i.header_offset, i.compress_size, i.file_size, i.CRC, i.compress_type, i.flag_bits))
            for i in archive.infolist()
            if not i.is_dir()
        ]


@given(
    st.dictionaries(_NAMES, st.binary(max_size=40), max_size=5),
    st.binary(max_size=30),
    st.binary(max_size=20).filter(lambda c: b"PK" not in c),
    st.booleans(),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_the_same_members(tmp_path: Path, files: dict[str, bytes], before: bytes, comment: bytes, large: bool) -> None:
    path = tmp_path / "some.zip"
    path.write_bytes(before)
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            with archive.open(name, "w", force_zip64=large) as file:
                file.write(content)
        archive.comment = comment
    assert list(members(path)) == _listed(path)
    found = {source.member: source for source in sources.find([path]) if source.member}
    for name, content in files.items():
        if name in found:
            assert found[name].read() == content


def test_more_members_than_16_bits_count(tmp_path: Path) -> None:
    path = tmp_path / "many.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(66_000):
            archive.writestr(f"{number}.txt", b"")
    assert list(members(path)) == _listed(path)


@given(st.integers(0, 400), st.integers(0, 255))
@settings(deadline=None)
def test_a_broken_list_is_said(place: int, byte: int) -> None:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"some words")
        archive.writestr("b.txt", b"and more")
    data = bytearray(whole.getvalue())
    data[place % len(data)] = byte
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "broken.zip"
        path.write_bytes(data)
        for source in sources.find([path]):
            try:
                source.read()
            except DocumentError as error:
                assert "\n" not in str(error)


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"PK\x05\x06" + b"\xff" * 18])
def test_no_archive(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.zip").write_bytes(data)
    (source,) = sources.find([tmp_path / "x.zip"]) or [None]
    assert source is None or process("x.zip", source.read(), builtin()).finding
