"""The repository itself: sizes, word lists, the wheel."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

from kg import assets
from tests_support import EXAMPLES, ROOT

MODULES = sorted((ROOT / "kg").rglob("*.py"))


@pytest.mark.parametrize("module", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_is_small_and_says_what_it_is(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 500
    assert text.startswith(('"""', "'''")), "a module begins with what it is about"


def test_every_word_list_is_read() -> None:
    code = "".join(m.read_text(encoding="utf-8") for m in MODULES)
    for file in (ROOT / "kg" / "facts").glob("*.toml"):
        assert f'facts("{file.stem}")' in code, file.name
        with file.open("rb") as opened:
            tomllib.load(opened)


def test_every_pattern_of_the_word_lists_compiles() -> None:
    for name in ("criteria", "regimen"):
        for value in assets.facts(name).values():
            if isinstance(value, str):
                re.compile(value)


def test_iris_are_made_in_one_place() -> None:
    for module in MODULES:
        if module.name == "iri.py":
            continue
        assert "w3id.org/trialkg/" not in module.read_text(encoding="utf-8").replace("w3id.org/trialkg/ontology", ""), (
            module
        )


def test_nothing_speaks_of_the_workplace() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False).stdout.split()
    for name in listed:
        path = ROOT / name
        if path.suffix in (".py", ".md", ".toml", ".ttl", ".rq") and path.is_file():
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(?:^|[^.\w])/(?:root|work|home)/", text), name


def test_docstring_examples() -> None:
    import doctest
    import importlib

    tried = 0
    for module in MODULES:
        name = ".".join(module.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        if name == "kg.__main__":
            continue
        failed, count = doctest.testmod(importlib.import_module(name))
        assert failed == 0, name
        tried += count
    assert tried > 15


def test_the_wheel_works_away_from_the_checkout(tmp_path: Path) -> None:
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "wheel",
            "--quiet",
            "--no-deps",
            "--no-build-isolation",
            "--wheel-dir",
            str(tmp_path),
            str(ROOT),
        ],
        check=True,
        capture_output=True,
    )
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        archive.extractall(tmp_path / "site")
    for wanted in (
        "kg/_data/ontology/context.jsonld",
        "kg/_data/shapes/trial.ttl",
        "kg/_data/queries/combine.rq",
        "kg/facts/layouts.toml",
        "kg/py.typed",
    ):
        assert wanted in names
    code = f"from kg.cli import main; main(['build', '-q', {str(EXAMPLES)!r}, '-o', 'x.nt'])"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(tmp_path / "site")},
        check=False,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.nt").stat().st_size > 100_000
