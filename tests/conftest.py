"""Fixtures that all tests share."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest
from starlette.testclient import TestClient

from kg.build import build
from kg.graphs import OxigraphGraph
from kg.mesh import MeshIndex, builtin
from tests_support import TOKEN, client_of, store_with

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
SHARED = ROOT.parent / "shared"
CI = bool(os.environ.get("CI"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--accept", action="store_true", help="write the golden files anew; look at the diff before you commit"
    )


def require(present: bool, what: str) -> None:
    """Skip a test whose part is absent on this machine; in CI that is a failure."""
    if not present:
        if CI and os.environ.get("TRIALKG_ALL_PARTS"):
            pytest.fail(f"CI must have {what}")
        pytest.skip(f"needs {what}, which this machine does not have")


def program(name: str) -> str:
    """The path of a program that a test needs."""
    path = shutil.which(name)
    require(path is not None, f"the program {name}")
    return path or ""


@pytest.fixture(scope="session")
def index() -> MeshIndex:
    return builtin()


@pytest.fixture(scope="session")
def seeds() -> Path:
    require((SHARED / "seeds").is_dir(), "the five seed documents")
    return SHARED / "seeds"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    require((SHARED / "data").is_dir(), "the shared data")
    return SHARED / "data"


def _graph(path: Path, out: Path) -> Path:
    report = build([path], out)
    assert not report.set_aside, [f.line() for f in report.set_aside]
    return out


@pytest.fixture(scope="session")
def examples_ttl(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _graph(EXAMPLES, tmp_path_factory.mktemp("examples") / "examples.ttl")


@pytest.fixture(scope="session")
def seeds_ttl(seeds: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _graph(seeds, tmp_path_factory.mktemp("seeds") / "trials.ttl")


@pytest.fixture(scope="session")
def examples(examples_ttl: Path) -> OxigraphGraph:
    return OxigraphGraph.of_files([examples_ttl])


@pytest.fixture(scope="session")
def seed_graph(seeds_ttl: Path) -> OxigraphGraph:
    return OxigraphGraph.of_files([seeds_ttl])


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, examples_ttl: Path) -> Iterator[TestClient]:
    folder = tmp_path_factory.mktemp("served") / "store"
    yield from client_of(store_with(folder, (examples_ttl, ox.RdfFormat.TURTLE, "")))


@pytest.fixture
def writable(tmp_path: Path) -> Iterator[TestClient]:
    yield from client_of(store_with(tmp_path / "store"), token=TOKEN)
