"""Builds that are ended, refused or starved at any step: the last good result stays, and the next build is as if nothing had been."""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from conftest import EXAMPLES, ROOT, require
from kg import manifest
from kg import store as store_room
from kg.build import build
from kg.doctor import examine
from kg.errors import UsageError
from kg.graphs import open_graph
from kg.lock import locked
from kg.store import Made, create, leftovers
from kg.update import update

LONG = bool(os.environ.get("TRIALKG_LONG"))
_COUNT = "SELECT (COUNT(*) AS ?n) { ?s ?p ?o }"

#: Runs a build (or an update) in which the n-th of the calls that change the disk fails, or is the last thing that the process does.
_CHILD = """
import errno, os, pathlib, shutil, signal, sys
import pyoxigraph as ox
way, number, kind, out, *paths = sys.argv[1:]
count = 0

def step(name):
    global count
    count += 1
    if count == int(number):
        if way == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), name)

def watch(owner, name):
    real = getattr(owner, name)
    def watched(*arguments, **named):
        reads = name == "open" and not (set("wxa") & set(str([*arguments[1:2], named.get("mode")])) if owner is pathlib.Path
            else arguments[1] & os.O_CREAT)
        if not reads:
            step(name)
        return real(*arguments, **named)
    setattr(owner, name, watched)

for owner, names in ((os, ("fsync", "ftruncate", "open")), (pathlib.Path, ("rename", "replace", "open", "mkdir")), (shutil, ("rmtree",))):
    for name in names:
        watch(owner, name)

class Watched:
    read_only = staticmethod(ox.Store.read_only)
    def __init__(self, *arguments, real=ox.Store):
        step("Store")
        self.real = real(*arguments)
    def __len__(self):
        return len(self.real)
    def __getattr__(self, name):
        if name in ("bulk_load", "update", "extend", "flush", "optimize", "remove"):
            step(name)
        return getattr(self.real, name)

from kg.build import build
from kg.update import update
from kg.mesh import builtin
ox.Store = Watched
builtin()
count = 0
(update if kind == "update" else build)(paths, out)
print("done", count)
"""


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Some documents, and the same with one more and one changed."""
    base = tmp_path_factory.mktemp("documents")
    old, new = base / "old", base / "new"
    for folder, count in ((old, 2), (new, 3)):
        folder.mkdir()
        for path in sorted(EXAMPLES.iterdir())[:count]:
            shutil.copy(path, folder)
    changed = new / sorted(EXAMPLES.iterdir())[0].name
    changed.write_text(changed.read_text(encoding="utf-8").replace("2010", "2011"), encoding="utf-8")
    return old, new


def _state(out: Path) -> tuple[str, int]:
    """What an output holds: the hash of a file, the count of a store."""
    if out.is_dir():
        (row,) = open_graph([out]).select(_COUNT).rows
        return "", int(row[0].value) if row[0] else 0
    return hashlib.sha256(out.read_bytes()).hexdigest(), 0


def _run(way: str, number: int, kind: str, out: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", _CHILD, way, str(number), kind, out, str(folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


@pytest.mark.parametrize("way", ["fail", "kill"])
@pytest.mark.parametrize("form", ["file", "store", "update"])
def test_at_every_step_the_last_good_result_stays(
    tmp_path: Path, folders: tuple[Path, Path], way: str, form: str
) -> None:
    old, new = folders
    before, after = tmp_path / "before", tmp_path / "after"
    name = "out.nq" if form == "file" else "out"
    suffix = "" if form == "file" else "/"
    for place, folder in ((before, old), (after, new)):
        place.mkdir()
        build([folder], f"{place / name}{suffix}")
    whole = _run("count", -1, form, f"{after / name}{suffix}", new)
    steps = int(whole.stdout.split()[-1])
    assert steps > 5, whole.stderr
    numbers = range(1, steps + 1) if LONG or steps < 16 else sorted(random.Random(0).sample(range(1, steps + 1), 14))
    known = {_state(before / name), _state(after / name)}
    for number in numbers:
        place = tmp_path / f"{way}-{number}"
        shutil.copytree(before, place)
        out = place / name
        done = _run(way, number, form, f"{out}{suffix}", new)
        assert done.returncode != 0 or way == "fail", (number, done.stdout)
        if form == "update":
            _next(update, new, out)
        else:
            if not (out.is_dir() and not (out / "CURRENT").exists()):
                assert out.exists() or leftovers(out), number
            if out.exists():
                assert _state(out) in known, (number, done.stderr[-300:])
            _next(build, new, f"{out}{suffix}")
        assert _state(out) == _state(after / name), number
        assert not leftovers(out), number
        assert not list(place.glob(".*")), number
        assert (place / f"{name}.manifest.json").exists(), number
        if form == "file":
            assert (place / f"{name}.manifest.json").read_bytes() == (after / f"{name}.manifest.json").read_bytes()
        shutil.rmtree(place)


def _next(make: object, folder: Path, out: object) -> None:
    assert callable(make)
    make([folder], out)


@pytest.mark.parametrize("times", range(50 if LONG else 4))
def test_killed_at_a_random_moment(tmp_path: Path, folders: tuple[Path, Path], times: int) -> None:
    old, new = folders
    build([old], f"{tmp_path}/out/")
    known = {_state(tmp_path / "out")[1]}
    build([new], f"{tmp_path}/new/")
    known.add(_state(tmp_path / "new")[1])
    command = [sys.executable, "-m", "kg", "build", str(new), "-o", f"{tmp_path}/out/"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        time.sleep(random.Random(times).uniform(0.2, 1.5))
        process.send_signal(signal.SIGKILL)
    assert _state(tmp_path / "out")[1] in known
    build([new], f"{tmp_path}/out/")
    assert _state(tmp_path / "out") == _state(tmp_path / "new")
    assert not leftovers(tmp_path / "out")


@pytest.mark.parametrize("kilobytes", [8, 64, 128, 256, 512, 768, 1024, 1536, 2048, 3072])
def test_a_full_disk_leaves_the_last_good_result(tmp_path: Path, folders: tuple[Path, Path], kilobytes: int) -> None:
    if os.geteuid() != 0 or shutil.which("mount") is None:
        require(False, "the right to mount a small disk")
    old, new = folders
    disk = tmp_path / "disk"
    disk.mkdir()
    build([old], tmp_path / "old.nq")
    size = (tmp_path / "old.nq").stat().st_size // 1024 + 24 + kilobytes
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}k", "tmpfs", str(disk)], capture_output=True, check=False
    )
    require(mounted.returncode == 0, "the right to mount a small disk")
    try:
        build([old], disk / "out.nq")
        before = _state(disk / "out.nq")
        command = [sys.executable, "-m", "kg", "build", str(new)]
        made = subprocess.run([*command, "-o", str(disk / "out.nq")], capture_output=True, text=True, check=False)
        if made.returncode:
            assert _state(disk / "out.nq") == before
            assert made.stderr.count("\n") == 1
            assert "No space left" in made.stderr, made.stderr
        stored = subprocess.run([*command, "-o", f"{disk}/store/"], capture_output=True, text=True, check=False)
        assert stored.stderr.count("\n") == 1, stored.stderr
        assert "Traceback" not in made.stderr + stored.stderr
        kept = {"out.nq", "out.nq.manifest.json"}
        if stored.returncode == 0:
            kept |= {"store", "store.manifest.json", "store.void.ttl"}
        else:
            assert not (disk / "store").exists()
        assert {p.name for p in disk.iterdir()} <= kept
    finally:
        subprocess.run(["umount", str(disk)], check=True)


#: Asks a store again and again until stdin ends; tells what it saw and how many files it had open.
_READER = """
import os, pathlib, select, sys
from kg.graphs import open_graph
seen, torn, most = 0, 0, 0
while not select.select([sys.stdin], [], [], 0)[0]:
    graph = open_graph(store=pathlib.Path(sys.argv[1]))
    rows = graph.select("SELECT ?o (COUNT(*) AS ?n) WHERE { GRAPH <urn:g> { ?s <urn:p> ?o } } GROUP BY ?o").rows
    seen += 1
    torn += len(rows) != 1 or rows[0][1].value != "2000"
    most = max(most, len(os.listdir("/proc/self/fd")))
print(seen, torn, most)
"""


def test_readers_see_one_release_or_the_other(tmp_path: Path) -> None:
    def release(number: int) -> None:
        lines = b"".join(b'<urn:s%d> <urn:p> "%d" <urn:g> .\n' % (n, number) for n in range(2_000))
        create(tmp_path / "store", [lines], Made("none", False, False))

    release(0)
    command = [sys.executable, "-c", _READER, str(tmp_path / "store")]
    readers = [
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        for _ in range(4 if LONG else 2)
    ]
    for number in range(200 if LONG else 25):
        release(number)
    for reader in readers:
        said, wrong = reader.communicate("\n", timeout=60)
        assert reader.returncode == 0, wrong
        seen, torn, most = map(int, said.split())
        assert seen > 5 and torn == 0 and most < 200, said
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store", "store.void.ttl"]


def test_a_release_without_an_exchange_of_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_room, "_exchanged", lambda one, other: False)
    for number in range(2):
        create(tmp_path / "store", [b'<urn:s> <urn:p> "%d" <urn:g> .\n' % number], Made("none", False, False))
    rows = open_graph(store=tmp_path / "store").select("SELECT ?o WHERE { <urn:s> <urn:p> ?o }").rows
    assert [row[0].value for row in rows if row[0]] == ["1"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["store", "store.void.ttl"]


def test_two_builds_of_one_output(tmp_path: Path) -> None:
    out = tmp_path / "out.nt"
    with locked(out), pytest.raises(UsageError, match=f"process {os.getpid()} is making it"):
        build([EXAMPLES], out)
    assert not list(tmp_path.iterdir())
    (tmp_path / ".out.nt.lock").write_text("99999999\n")  # of a process that is no more
    build([EXAMPLES], out)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.nt", "out.nt.manifest.json"]


def test_many_builds_at_once_end_with_one_whole_result(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "kg", "build", str(EXAMPLES), "-o", str(tmp_path / "out.nt")]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(20 if LONG else 4)]
    said = [process.communicate()[1] for process in running]
    codes = [process.returncode for process in running]
    assert 0 in codes
    assert all(code == 0 or "is making it" in text for code, text in zip(codes, said, strict=True)), said
    build([EXAMPLES], tmp_path / "alone.nt")
    assert _state(tmp_path / "out.nt") == _state(tmp_path / "alone.nt")


def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        target = "/proc/trialkg.nt"
    else:
        tmp_path.chmod(0o500)
        target = str(tmp_path / "out.nt")
    done = subprocess.run(
        [sys.executable, "-m", "kg", "build", str(EXAMPLES), "-o", target], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("trialkg: ")


def test_an_interrupted_build_says_so_in_one_line(tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for n in range(300):
        for path in sorted(EXAMPLES.iterdir())[:2]:
            (many / f"{n}-{path.name}").write_bytes(path.read_bytes())
    command = [sys.executable, "-m", "kg", "build", str(many), "-o", str(tmp_path / "out.nt")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(1.5)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[1]
    assert process.returncode == 130
    assert said == "trialkg: stopped\n"
    assert [p.name for p in tmp_path.iterdir()] == ["many"]


_PLACES = [
    ("0", "C", "UTC", 1),
    ("1", "de_DE.UTF-8", "Asia/Tokyo", 2),
    ("2", "tr_TR.UTF-8", "America/New_York", 4),
    ("3", "C.UTF-8", "UTC", 1),
    ("4", "C", "Pacific/Chatham", 2),
    ("5", "de_DE.UTF-8", "UTC", 4),
    ("6", "tr_TR.UTF-8", "Asia/Tokyo", 1),
    ("7", "C", "America/New_York", 2),
]


def test_the_same_bytes_everywhere(tmp_path: Path) -> None:
    """Hash seeds, locales, time zones, processes and the order of the arguments."""
    documents = [str(path) for path in sorted(EXAMPLES.iterdir())]
    hashes = set()
    for seed, locale, zone, jobs in _PLACES if LONG else _PLACES[::2]:
        random.Random(int(seed)).shuffle(documents)
        for form in ("nq", "ttl"):
            out = tmp_path / f"{seed}" / f"out.{form}"
            environment = {**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": locale, "LANG": locale, "TZ": zone}
            command = [sys.executable, "-m", "kg", "build", *documents, "-o", str(out), "--jobs", str(jobs), "-q"]
            subprocess.run(command, check=True, env=environment, cwd=ROOT)
            hashes.add((form, _state(out)[0], manifest.path_of(out).read_bytes()))
    assert len(hashes) == 2


# The manifest and the doctor ----------------------------------------------------------------------------------------


def test_the_manifest_tells_what_was_made(tmp_path: Path) -> None:
    (tmp_path / "bad.txt").write_text("nothing to see here")
    report = build([EXAMPLES, tmp_path / "bad.txt"], tmp_path / "out.ttl.gz")
    told = manifest.read(tmp_path / "out.ttl.gz")
    assert told is not None
    assert (told.documents, told.set_aside, told.trials, told.statements) == (10, 1, 9, report.statements)
    (file,) = told.files
    assert file.sha256 == hashlib.sha256((tmp_path / "out.ttl.gz").read_bytes()).hexdigest()
    assert {one.name for one in told.inputs} >= {"bad.txt", "perioperative.txt"}
    assert "pyoxigraph" in told.parts
    assert manifest.read(tmp_path / "none.ttl") is None
    manifest.path_of(tmp_path / "x.ttl").write_text("{")
    with pytest.raises(UsageError, match="is no manifest"):
        manifest.read(tmp_path / "x.ttl")


def _wrong(path: Path) -> list[str]:
    return [check.what for check in examine(path) if check.state == "wrong"]


def test_the_doctor_finds_nothing_in_what_is_whole(tmp_path: Path) -> None:
    for out in ("out.ttl", "out.nq", "out.jsonld", "store/"):
        build([EXAMPLES], f"{tmp_path}/{out}")
        assert all(check.state == "fine" for check in examine(tmp_path / out)), out


def test_the_doctor_finds_what_is_wrong(tmp_path: Path) -> None:
    file, store = tmp_path / "out.nt", tmp_path / "store"
    build([EXAMPLES], file)
    build([EXAMPLES], f"{store}/")
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2].rsplit(b"\n", 1)[0] + b"\n")
    assert "its bytes are not those of its manifest" in _wrong(file)
    file.write_bytes(data[: len(data) // 2])
    assert any("cannot be loaded" in what for what in _wrong(file))
    lines = [
        line
        for line in data.decode().splitlines(keepends=True)
        if "/ontology#Trial>" not in line or "type>" not in line
    ]
    typed = [line for line in data.decode().splitlines(keepends=True) if "type>" in line and "/ontology#Trial>" in line]
    no_title = [line for line in lines if "terms/title>" not in line]
    file.write_text("".join([*no_title, *typed]))
    assert any("do not conform" in what for what in _wrong(file))
    import pyoxigraph as ox

    opened = ox.Store(str(store))
    opened.update("DELETE WHERE { GRAPH ?g { ?s <http://purl.org/dc/terms/title> ?o } }")
    opened.flush()
    del opened
    assert any(what.startswith("it has ") for what in _wrong(store))
    (tmp_path / ".store.99999999.part").mkdir()
    assert any(check.state == "odd" and "left by a build" in check.what for check in examine(store))
    shutil.rmtree(store)
    store.mkdir()
    assert _wrong(store)


def test_the_doctor_on_the_command_line(tmp_path: Path) -> None:
    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "kg", "doctor", *arguments], capture_output=True, text=True, check=False
        )

    build([EXAMPLES], tmp_path / "out.ttl")
    fine = run(str(tmp_path / "out.ttl"))
    assert (fine.returncode, fine.stderr) == (0, "")
    assert all(line.startswith("fine ") for line in fine.stdout.splitlines())
    with (tmp_path / "out.ttl").open("a") as file:
        file.write("<a:a> <b:b> <c:c> .\n")
    assert run(str(tmp_path / "out.ttl")).returncode == 1
    assert run(str(tmp_path / "none")).returncode == 2


def test_every_promise_names_a_test_that_there_is() -> None:
    text = (ROOT / "THREAT_MODEL.md").read_text(encoding="utf-8")

    named = re.findall(r"`(tests/\w+\.py)::(\w+)`", text)
    assert len(named) >= 30
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"
