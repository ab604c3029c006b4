"""Building: bad documents are set aside, the rest goes on; the same input gives the same bytes."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import tracemalloc
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pyoxigraph as ox
import pytest

from kg import build as build_room
from kg import manifest, pipeline
from kg.build import build
from kg.errors import UsageError
from kg.graphs import OxigraphGraph, open_graph
from kg.mesh import builtin
from kg.output import Form, Writer, beside
from kg.pipeline import Reading, outcomes
from kg.questions import ask
from kg.report import BuildReport
from kg.sources import Source, Sources, find
from kg.trial import Outcome
from tests_support import EXAMPLES, ROOT, archive_page


def bad_documents(folder: Path) -> dict[str, str]:
    """Bad documents beside good ones: the name of each, and words that its line must hold."""
    shutil.copytree(EXAMPLES, folder, dirs_exist_ok=True)
    page = (EXAMPLES / "perioperative.txt").read_bytes()
    (folder / "empty.txt").write_bytes(b"")
    (folder / "blank.txt").write_bytes(b" \n\n\t ")
    (folder / "binary.bin").write_bytes(bytes(range(256)) * 40)
    (folder / "recipe.html").write_text("<html><body><h1>Apple pie</h1><p>Six apples.</p></body></html>")
    (folder / "cut.txt").write_bytes(page[: len(page) // 2])
    (folder / "one-line.txt").write_bytes(b"x" * 50_000_000)
    (folder / "nameless.txt").write_bytes(page.replace(b"NCT01267695", b"(none)"))
    (folder / "broken.zip").write_bytes(b"PK\x03\x04 this is no archive")
    (folder / "broken.txt.gz").write_bytes(b"\x1f\x8b\x08\x00 nor this")
    with zipfile.ZipFile(folder / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("zeros.txt", b"0" * 12_000_000)
    (folder / "copy.txt").write_bytes((EXAMPLES / "charity-page.txt").read_bytes())
    return {
        "empty.txt": "is empty", "blank.txt": "is empty", "binary.bin": "binary", "recipe.html": "no trial page",
        "cut.txt": "cut off", "one-line.txt": "48 MB", "nameless.txt": "no registry identifier", "broken.zip": "no trial page|binary",
        "broken.txt.gz": "cannot be read", "bomb.zip/zeros.txt": "200 times", "copy.txt": "same as",
    }  # fmt: skip


def test_bad_documents_are_set_aside_and_the_rest_goes_on(tmp_path: Path) -> None:
    expected = bad_documents(tmp_path / "in")
    report = build([tmp_path / "in"], tmp_path / "out.nt")
    aside = {f.document: f.line() for f in report.set_aside}
    assert set(aside) == set(expected)
    for name, words in expected.items():
        assert any(w in aside[name] for w in words.split("|")), aside[name]
        assert "\n" not in aside[name] and aside[name].startswith(name)
    assert report.trials == 9
    good = build([EXAMPLES], tmp_path / "good.nt")
    assert good.trials == 9 and (tmp_path / "good.nt").read_bytes() == (tmp_path / "out.nt").read_bytes()


def test_the_command_line_says_so_in_one_line_each(tmp_path: Path) -> None:
    expected = bad_documents(tmp_path / "in")
    run = subprocess.run(
        [sys.executable, "-m", "kg", "build", str(tmp_path / "in"), "-o", str(tmp_path / "out.ttl")],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert run.returncode == 1 and run.stdout == "" and "Traceback" not in run.stderr
    lines = [line for line in run.stderr.splitlines() if line.startswith("set aside: ")]
    assert len(lines) == len(expected)


@pytest.mark.parametrize("form", ["ttl", "nt", "nq", "jsonld"])
def test_every_form_holds_the_same(tmp_path: Path, form: str, examples_ttl: Path) -> None:
    out = tmp_path / f"out.{form}"
    build([EXAMPLES], out)
    store, reference = ox.Store(), ox.Store()
    formats = {
        "ttl": ox.RdfFormat.TURTLE,
        "nt": ox.RdfFormat.N_TRIPLES,
        "nq": ox.RdfFormat.N_QUADS,
        "jsonld": ox.RdfFormat.JSON_LD,
    }
    store.bulk_load(path=str(out), format=formats[form])
    reference.bulk_load(path=str(examples_ttl), format=ox.RdfFormat.TURTLE)
    assert {q.triple for q in store} == {q.triple for q in reference}


def test_each_statement_is_written_once(tmp_path: Path) -> None:
    for form in ("nt", "nq"):
        build([EXAMPLES], tmp_path / f"out.{form}")
        lines = (tmp_path / f"out.{form}").read_text().splitlines()
        assert len(lines) == len(set(lines))


def test_a_gzipped_file_holds_the_same_bytes(tmp_path: Path, examples_ttl: Path) -> None:
    build([EXAMPLES], tmp_path / "out.ttl.gz")
    assert gzip.decompress((tmp_path / "out.ttl.gz").read_bytes()) == examples_ttl.read_bytes()


def test_a_store_answers_like_a_file(tmp_path: Path, examples: OxigraphGraph) -> None:
    build([EXAMPLES], f"{tmp_path}/store/")
    stored = open_graph(store=tmp_path / "store")
    for name, values in (("combine", {"a": "imatinib", "b": "surgery"}), ("summary", {})):
        assert ask(name, stored, **values) == ask(name, examples, **values)
    build([EXAMPLES / "two-doses.txt"], f"{tmp_path}/store/")  # a new build takes the place of the old one
    assert len(ask("drug", open_graph(store=tmp_path / "store"), drug="imatinib").rows) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["store", "store.manifest.json", "store.void.ttl"]


def test_every_trial_has_a_named_graph_of_its_own(tmp_path: Path) -> None:
    build([EXAMPLES], tmp_path / "out.nq")
    store = ox.Store()
    store.bulk_load(path=str(tmp_path / "out.nq"), format=ox.RdfFormat.N_QUADS)
    names = [
        g.value.removeprefix("https://w3id.org/trialkg/graph/")
        for g in store.named_graphs()
        if isinstance(g, ox.NamedNode)
    ]
    assert len(names) == 10 and sum(n.startswith("NCT") for n in names) == 8 and "shared" in names


def test_two_documents_of_one_trial_keep_their_parts_apart(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    shutil.copytree(EXAMPLES, folder)
    (folder / "zz-newer.txt").write_text(
        (folder / "two-doses.txt").read_text().replace("746 participants", "750 participants")
    )
    report = build([folder], tmp_path / "out.ttl")
    assert report.trials == 9 and not report.set_aside
    graph = OxigraphGraph.of_files([tmp_path / "out.ttl"])
    rows = graph.select(
        "PREFIX tk: <https://w3id.org/trialkg/ontology#> SELECT ?arm { <https://w3id.org/trialkg/trial/NCT00009906> tk:hasArm ?arm }"
    ).rows
    assert len(rows) == 4
    lines = (tmp_path / "out.ttl").read_bytes()
    build([folder], tmp_path / "out.nt")
    assert len(set((tmp_path / "out.nt").read_text().splitlines())) == len(
        (tmp_path / "out.nt").read_text().splitlines()
    )
    assert lines


@pytest.mark.parametrize("seed", ["0", "1", "7"])
def test_the_same_input_gives_the_same_bytes(tmp_path: Path, seed: str, examples_ttl: Path) -> None:
    files = sorted(EXAMPLES.glob("*.txt"), reverse=seed == "1")
    run = subprocess.run(
        [sys.executable, "-m", "kg", "build", "-q", *map(str, files), "-o", str(tmp_path / "out.ttl")],
        env={**os.environ, "PYTHONHASHSEED": seed, "LC_ALL": "C", "TZ": "Asia/Tokyo"},
        check=False,
        cwd=ROOT,
    )
    assert run.returncode == 0
    assert (tmp_path / "out.ttl").read_bytes() == examples_ttl.read_bytes()


def test_the_number_of_processes_does_not_matter(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for number in range(5):
        for file in EXAMPLES.glob("*.txt"):
            text = file.read_text().replace("NCT0", f"NCT{number + 1}").replace("62063", f"6206{number}")
            (folder / f"{number}-{file.name}").write_text(text)
    rows = [
        f"ISRCTN{n % 30:08},Imatinib of stage {n},Melanoma" for n in range(40)
    ]  # read again when all have been seen
    (folder / "platform.csv").write_text("\n".join(["TrialID,Public title,Condition", *rows]))
    reports = [build([folder], tmp_path / f"{jobs}.nq", jobs=jobs) for jobs in (1, 2, 4)]
    assert {r.trials for r in reports} == {45 + 30}
    assert len({(tmp_path / f"{jobs}.nq").read_bytes() for jobs in (1, 2, 4)}) == 1


class Counted(list[Source]):
    """Sources that count how many of them were asked for."""

    asked = 0

    def __iter__(self) -> Iterator[Source]:
        for one in super().__iter__():
            self.asked += 1
            yield one


def test_processes_do_not_run_far_ahead_of_who_takes_their_outcomes() -> None:
    found = Counted(list(find([EXAMPLES])) * 40)
    some = outcomes(found, Reading(builtin(), jobs=2))
    names = [next(some).name for _ in range(20)]
    some.close()  # type: ignore[attr-defined]
    asked = found.asked
    assert names == [source.name for source in found][:20]
    assert asked <= 8 * 16 < len(found)


@pytest.mark.parametrize("form", ["nt", "nq", "ttl"])
def test_what_is_held_does_not_grow_with_the_documents(form: Form, monkeypatch: pytest.MonkeyPatch) -> None:
    def made(count: int) -> Iterator[Outcome]:
        for n in range(count):
            trial, drug = f"trial/NCT{n:08d}", f"<https://w3id.org/trialkg/intervention/compound-{n}>"
            lines = [f'<https://w3id.org/trialkg/{trial}> <http://purl.org/dc/terms/title> "A trial of number {n}" .']
            shared = [f'{drug} <http://www.w3.org/2000/01/rdf-schema#label> "Compound {n}" .']
            yield Outcome(
                name=f"folder/{n}.xml",
                sha256=f"{n:064x}",
                layout="ctgov-xml",
                trial=trial,
                identifiers=[f"NCT{n:08d}", f"2010-{n:06d}-10"],
                graph=f"https://w3id.org/trialkg/graph/{n}",
                own=lines,
                common=shared,
                counts={"Trial": 1},
            )

    def held(count: int) -> int:
        monkeypatch.setattr(pipeline, "outcomes", lambda given, *_: made(count if isinstance(given, Sources) else 0))
        report = BuildReport("out")
        found = Sources(iter(()))
        tracemalloc.start()
        for _ in build_room._written(found, Reading(builtin()), Writer(form), report, False, None):
            pass
        told = manifest.of_build(report, choices={}, files=[])
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert (told.documents, report.trials, report.statements) == (count, count, 2 * count)
        return peak

    held(500)
    few, many = held(11_000), held(17_000)
    assert many < few + 6_000 * 20, (few, many)


def test_documents_of_one_name_in_two_folders(tmp_path: Path) -> None:
    for folder, example in (("a", "perioperative.txt"), ("b", "two-doses.txt")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "page.txt").write_bytes((EXAMPLES / example).read_bytes())
        (tmp_path / folder / f"{folder}.txt").write_bytes((EXAMPLES / example).read_bytes() + b"\n")
    places = [tmp_path / "a", tmp_path / "b"]
    assert [s.name for s in find(places)] == ["a.txt", "b.txt", *(f"{p.as_posix()}/page.txt" for p in places)]
    report = build(places, tmp_path / "out.nq")
    assert (report.trials, len(report.documents), report.aside) == (2, 4, 0)
    build(places[::-1], tmp_path / "turned.nq")
    assert (tmp_path / "turned.nq").read_bytes() == (tmp_path / "out.nq").read_bytes()


def test_file_names_that_are_no_text(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    for name, example in ((b"na\xefme.txt", "perioperative.txt"), ("nä\nme.txt".encode(), "two-doses.txt")):
        (folder / os.fsdecode(name)).write_bytes((EXAMPLES / example).read_bytes())
    (folder / os.fsdecode(b"bad\xff\n.txt")).write_bytes(b"")
    command = [sys.executable, "-m", "kg", "build", str(folder), "-o", str(tmp_path / "out.nt")]
    done = subprocess.run(
        [*command, "--json-report", str(tmp_path / "report.json")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1 and done.stderr.count("\n") == 2, done.stderr
    told = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert {d["document"] for d in told["documents"]} == {"na\\xefme.txt", "nä\nme.txt", "bad\\xff\n.txt"}


def test_a_zip_is_read_like_a_folder(tmp_path: Path, examples_ttl: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pages.zip", "w") as archive:
        for file in EXAMPLES.glob("*.txt"):
            archive.write(file, file.name)
    report = build([tmp_path / "pages.zip"], tmp_path / "out.ttl")
    assert report.trials == 9
    assert (tmp_path / "out.ttl").read_text().replace("pages.zip/", "") == examples_ttl.read_text()


def test_a_failed_build_leaves_the_old_file(tmp_path: Path) -> None:
    out = tmp_path / "out.ttl"
    out.write_text("the old one")
    with pytest.raises(RuntimeError), beside(out) as file:
        file.write(b"half")
        raise RuntimeError
    assert out.read_text() == "the old one" and list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("paths", "out", "words"),
    [
        (["nowhere"], "x.ttl", "no such file"),
        ([str(EXAMPLES)], "x.docx", "end the name with"),
        ([str(EXAMPLES)], "x", "end the name with"),
    ],
)
def test_wrong_calls(tmp_path: Path, paths: list[str], out: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build(paths, tmp_path / out)


def test_the_report_counts(tmp_path: Path) -> None:
    run = subprocess.run(
        [
            sys.executable,
            "-m",
            "kg",
            "build",
            str(EXAMPLES),
            "-o",
            str(tmp_path / "x.nt"),
            "--json-report",
            str(tmp_path / "r.json"),
        ],
        capture_output=True,
        check=True,
        cwd=ROOT,
    )
    assert run.stdout == b""
    report = json.loads((tmp_path / "r.json").read_text())
    assert (
        report["trials"] == 9
        and report["counts"]["Trial"] == 9
        and report["readers"] == {"centerwatch": 1, "cruk": 1, "ctgov": 5, "medpath": 2}
    )
    assert report["statements"] == len((tmp_path / "x.nt").read_text().splitlines())
    assert {d["document"] for d in report["documents"]} == {f.name for f in EXAMPLES.glob("*.txt")}


def test_without_mesh_the_vocabulary_stays_out(tmp_path: Path) -> None:
    build([EXAMPLES], tmp_path / "x.nt", with_mesh=False)
    assert "mesh/vocab#" not in (tmp_path / "x.nt").read_text()


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
def test_several_dates_of_one_trial_are_one_trial_with_its_versions(tmp_path: Path, order: tuple[int, ...]) -> None:
    pages = [
        archive_page("2010_03_01", "Recruiting", "Cold feet"),
        archive_page("2011_05_19", "Active, not recruiting", "Cold feet"),
        archive_page("2012_02_02", "Completed", "Raynaud Disease"),
    ]
    for place, number in enumerate(order):
        (tmp_path / f"{place}.html").write_bytes(pages[number])
    report = build([tmp_path], tmp_path / "out.nq")
    assert (report.trials, report.counts["Trial"], report.counts["TrialVersion"]) == (1, 1, 2)
    graph = open_graph(files=[tmp_path / "out.nq"])
    prefixes = "PREFIX tk: <https://w3id.org/trialkg/ontology#> PREFIX dcterms: <http://purl.org/dc/terms/> "
    prefixes += "PREFIX prov: <http://www.w3.org/ns/prov#> PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#> "
    now = graph.select(prefixes + "SELECT ?s { ?t a tk:Trial ; tk:overallStatus ?s }").rows
    assert [row[0].value.rsplit("#", 1)[-1] for row in now if row[0]] == ["Completed"]
    versions = graph.select(
        prefixes + "SELECT ?v ?d ?s { ?t dcterms:hasVersion ?v . ?v dcterms:isVersionOf ?t ; a tk:TrialVersion ; "
        "dcterms:issued ?d ; tk:overallStatus ?s ; rdfs:label ?title ; tk:hasOutcome/tk:timeFrame ?f } ORDER BY ?d"
    ).rows
    assert [[term.value.rsplit("/", 1)[-1].rsplit("#", 1)[-1] for term in row if term] for row in versions] == [
        ["2010-03-01", "2010-03-01", "Recruiting"],
        ["2011-05-19", "2011-05-19", "ActiveNotRecruiting"],
    ]
    chain = graph.select(prefixes + "SELECT ?a ?b { ?a prov:wasRevisionOf ?b }").rows
    assert len(chain) == 2
    named = "SELECT ?t { ?t <https://w3id.org/trialkg/ontology#hasCondition> ?c ; <http://purl.org/dc/terms/title> ?n }"
    assert len(graph.select(named).rows) == 1
