"""Updating a store: as if it had been built anew, and of each trial the old or the new at any moment."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections import defaultdict
from pathlib import Path

import pyoxigraph as ox
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kg.build import build
from kg.cli import main
from kg.errors import UsageError
from kg.iri import BASE, DATASET_GRAPH
from kg.store import Made, Store, create
from kg.trial import Outcome
from kg.update import update
from tests_support import EXAMPLES, archive_page


def quads(folder: Path) -> set[str]:
    """What a store holds, but for what it says of itself."""
    store = ox.Store.read_only(str(folder))
    return {str(quad) for quad in store if str(quad.graph_name) != f"<{DATASET_GRAPH}>"}


def by_graph(folder: Path) -> dict[str, set[str]]:
    graphs: dict[str, set[str]] = defaultdict(set)
    for quad in ox.Store.read_only(str(folder)):
        if str(quad.graph_name) != f"<{DATASET_GRAPH}>":
            graphs[str(quad.graph_name)].add(str(quad.triple))
    return graphs


def changed(folder: Path) -> None:
    """One document changed, one gone, one new."""
    page = folder / "two-doses.txt"
    page.write_text(page.read_text().replace("400", "300"))
    (folder / "liver-metastases.txt").unlink()
    text = (EXAMPLES / "perioperative.txt").read_text().replace("NCT01267695", "NCT09400009")
    (folder / "zz-new.txt").write_text(text.replace("imatinib", "sunitinib").replace("Imatinib", "Sunitinib"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(EXAMPLES, tmp_path / "in")
    build([tmp_path / "in"], f"{tmp_path}/store/")
    return tmp_path / "in"


def test_an_updated_store_is_as_one_built_anew(folder: Path, tmp_path: Path) -> None:
    before = quads(tmp_path / "store")
    changed(folder)
    report = update([folder], tmp_path / "store", remove_gone=True)
    told = {d.document: d.change for d in report.documents if d.change != "unchanged"}
    assert told == {"two-doses.txt": "replaced", "liver-metastases.txt": "removed", "zz-new.txt": "added"}
    fresh = build([folder], f"{tmp_path}/fresh/")
    assert quads(tmp_path / "store") == quads(tmp_path / "fresh") != before
    assert (report.trials, report.set_aside) == (fresh.trials, [])


def test_the_same_documents_change_nothing(folder: Path, tmp_path: Path) -> None:
    before = quads(tmp_path / "store")
    report = update([folder], tmp_path / "store", remove_gone=True)
    assert {d.change for d in report.documents} == {"unchanged"} and report.counts == {}
    assert quads(tmp_path / "store") == before


def test_a_part_of_the_documents_leaves_the_rest(folder: Path, tmp_path: Path) -> None:
    changed(folder)
    report = update([folder / "two-doses.txt"], tmp_path / "store")
    assert [(d.document, d.change) for d in report.documents] == [("two-doses.txt", "replaced")]
    assert report.trials == 9
    assert len([g for g in by_graph(tmp_path / "store") if "/graph/" in g]) == 10  # nine trials and what they share


def test_a_registers_record_takes_the_place_of_its_former_one_under_any_name(tmp_path: Path) -> None:
    study = '{"protocolSection":{"identificationModule":{"nctId":"NCT094000%02d","briefTitle":"%s"}}}\n'
    (tmp_path / "one.jsonl").write_text("".join(study % (n, "Warm feet") for n in range(5)))
    build([tmp_path / "one.jsonl"], f"{tmp_path}/store/")
    (tmp_path / "two.jsonl").write_text(study % (3, "Very warm feet") + study % (7, "Cold feet"))
    report = update([tmp_path / "two.jsonl"], tmp_path / "store")
    assert [(d.trial, d.change) for d in report.documents] == [("NCT09400003", "replaced"), ("NCT09400007", "added")]
    titles = sorted(
        quad.object.value
        for quad in ox.Store.read_only(str(tmp_path / "store"))
        if quad.predicate.value == "http://purl.org/dc/terms/title" and "/trial/" in str(quad.subject)
    )
    assert titles == ["Cold feet", "Very warm feet", *["Warm feet"] * 4]
    assert report.trials == 6


def test_a_second_document_of_a_trial_keeps_its_parts_apart(folder: Path, tmp_path: Path) -> None:
    text = (EXAMPLES / "perioperative.txt").read_text()
    (folder / "zz-second.txt").write_text(text.replace("imatinib", "sunitinib"))
    update([folder], tmp_path / "store")
    build([folder], f"{tmp_path}/fresh/")
    assert quads(tmp_path / "store") == quads(tmp_path / "fresh")
    (folder / "perioperative.txt").unlink()
    report = update([folder], tmp_path / "store", remove_gone=True)
    assert report.trials == 9
    assert {d.document for d in report.documents if d.change == "removed"} == {"perioperative.txt"}


def test_pages_of_an_archive_are_updated_together(tmp_path: Path) -> None:
    days = {"a": ("2010_03_01", "Recruiting"), "b": ("2011_05_19", "Completed")}
    pages = tmp_path / "in"
    pages.mkdir()
    for name, (day, status) in days.items():
        (pages / f"{name}.html").write_bytes(archive_page(day, status, "Cold feet"))
    build([pages], f"{tmp_path}/store/")
    before = quads(tmp_path / "store")
    newest = pages / "c.html"
    newest.write_bytes(archive_page("2012_01_01", "Terminated", "Cold feet"))
    alone = update([newest], tmp_path / "store")
    assert [f.code for f in alone.set_aside] == ["archive-alone"] and quads(tmp_path / "store") == before
    update([pages], tmp_path / "store")
    build([pages], f"{tmp_path}/fresh/")
    assert quads(tmp_path / "store") == quads(tmp_path / "fresh")


def test_another_way_of_making_it_is_refused(folder: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for wrong in ({"results": True}, {"with_mesh": False}):
        with pytest.raises(UsageError, match="build it anew"):
            update([folder], tmp_path / "store", **wrong)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="is not a store"):
        update([folder], tmp_path / "nothing")
    held = ox.Store(str(tmp_path / "store"))
    with pytest.raises(UsageError, match="another process"):
        update([folder], tmp_path / "store")
    del held
    with pytest.raises(SystemExit, match="2"):
        main(["build", str(folder), "-o", f"{tmp_path}/store/", "--remove-gone"])
    assert "--update" in capfd.readouterr().err


def test_killed_at_any_moment_each_trial_is_old_or_new(folder: Path, tmp_path: Path) -> None:
    old = by_graph(tmp_path / "store")
    for page in folder.glob("*.txt"):  # every document changes
        page.write_text(page.read_text().replace("mg", "mg "))
    build([folder], f"{tmp_path}/fresh/")
    new = by_graph(tmp_path / "fresh")
    shared = f"<{BASE}graph/shared>"
    whole = {g: s for g, s in (*old.items(), *new.items()) if g != shared}
    trials = {g.split("/")[5] for g in whole}
    rng = random.Random(20261121)
    seen_between = 0
    for attempt in range(8):
        work = tmp_path / f"work{attempt}"
        shutil.copytree(tmp_path / "store", work)
        code = "import sys; from kg.update import update; update([sys.argv[1]], sys.argv[2])"
        process = subprocess.Popen([sys.executable, "-c", code, str(folder), str(work)])
        time.sleep(rng.uniform(0.7, 2.2))
        process.send_signal(signal.SIGKILL)
        process.wait()
        found = {g: s for g, s in by_graph(work).items() if g != shared}
        assert sorted(g.split("/")[5] for g in found) == sorted(trials)
        assert all(statements == whole[graph] for graph, statements in found.items())
        seen_between += 0 < len(found.keys() - old.keys()) < len(trials)
        update([folder], work)
        assert quads(work) == quads(tmp_path / "fresh")
    print(f"{seen_between} of 8 were killed between two trials")


def test_what_a_killed_build_left_is_taken_away(tmp_path: Path) -> None:
    gone = subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    (tmp_path / f".store.{gone.pid}.part").mkdir()
    kept = tmp_path / f".store.{os.getppid()}.part"
    kept.mkdir()
    create(tmp_path / f".store.{gone.pid}.old", [b""], Made("", False, True))
    Store(tmp_path / "store")  # killed between the two renames: the old store is put back
    assert sorted(p.name for p in tmp_path.iterdir() if p.is_dir()) == sorted([kept.name, "store"])


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=40))
def test_any_text_goes_in_unchanged(text: str) -> None:
    subject, predicate = ox.NamedNode(BASE + "trial/NCT09400001"), ox.NamedNode(BASE + "says")
    for value in (text, text + "\\u0022", "\\" + text, text + '" } } ; DROP ALL #'):
        line = f"{ox.Triple(subject, predicate, ox.Literal(value))} ."
        holder = Store.__new__(Store)
        holder._store = ox.Store()
        holder.change([BASE + "graph/other"], [Outcome(name="x", graph=BASE + "graph/g", own=[line])])
        assert [quad.object.value for quad in holder._store] == [value]
