"""Building a graph: documents in, one validated graph out, nothing lost on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from kg import manifest, output, sources, store, vocabulary
from kg.errors import UsageError
from kg.lock import locked
from kg.mesh import MeshIndex
from kg.pipeline import Reading, mesh_of, settled
from kg.report import BuildReport, of_outcome
from kg.sources import Source

Progress = Callable[[int, int], None]


def build(
    paths: Iterable[str | Path],
    out: str | Path,
    *,
    index: MeshIndex | None = None,
    mesh_path: Path | None = None,
    jobs: int = 1,
    with_mesh: bool = True,
    results: bool = False,
    progress: Progress | None = None,
) -> BuildReport:
    """Read documents (files, folders, zips) and write the graph to ``out``, whose suffix gives the form.

    A document that cannot be used is set aside with its reason, in the report, and the rest goes on. ``with_mesh`` adds
    the MeSH concepts in use, with what lies above them; ``results`` what the trials reported. MeSH is the ``index``, or the
    file ``mesh_path`` (which further processes open too), or the built-in slice. ``progress`` is called with documents
    done and in all. The output takes its place only when it is whole; a store is loaded while documents are read. What it was made
    of and with is told beside it, in ``NAME.manifest.json`` (:mod:`kg.manifest`).
    Raises UsageError when a path or the form of ``out`` is wrong, or another process is making it.
    """
    out_text = str(out)
    form = output.form_of(out_text)
    found = sources.find([Path(p) for p in paths])
    if not found:
        raise UsageError("there are no documents under the given paths")
    reading = Reading(index or mesh_of(mesh_path), mesh_path, results, jobs)
    report = BuildReport(out=out_text, mesh=reading.mesh.version)
    chunks = _written(found, reading, output.Writer(form), report, with_mesh, progress)
    path = Path(out_text)
    with locked(path):
        store.sweep(path)
        if form == "store":
            store.create(path, chunks, store.Made(reading.mesh.version, results, with_mesh))
        else:
            with output.beside(path) as file:
                for chunk in chunks:
                    file.write(chunk)
        choices = {"results": results, "with_mesh": with_mesh}
        files = [path] if form != "store" else []
        manifest.write(manifest.of_build(report, choices=choices, files=files), path)
    return report


def _written(
    found: Sequence[Source],
    reading: Reading,
    writer: output.Writer,
    report: BuildReport,
    with_mesh: bool,
    progress: Progress | None,
) -> Iterator[bytes]:
    """The bytes of the graph, as they come; the report fills on the way."""
    concepts: set[str] = set()
    yield writer.begin()
    for done, outcome in enumerate(settled(found, reading), 1):
        report.add(of_outcome(outcome))
        if outcome.finding is None:
            yield writer.add(outcome)
            concepts.update(outcome.concepts)
        if progress:
            progress(done, len(found))
    yield from writer.end(vocabulary.statements(concepts, reading.mesh) if with_mesh else [])
    report.statements = writer.statements
