"""Readers: from a document to the record of the trial that it describes. A reader knows its format, nothing of RDF."""

from __future__ import annotations

import re
from collections.abc import Callable

from kg import assets
from kg.document import Document
from kg.errors import DocumentError
from kg.mesh import MeshIndex
from kg.read import aact, centerwatch, cruk, ctgov, ctgov_xml, html, ictrp, labelled, medpath, register, sections, study
from kg.read.blocks import Block, of_quote
from kg.read.page import Layout, Page, cut, recognise
from kg.record import TrialRecord

Reader = Callable[[Document, Page, MeshIndex], TrialRecord]

#: The readers that layouts name in ``kg/facts/layouts.toml``.
READERS: dict[str, Reader] = {
    "ctgov": ctgov.read,
    "medpath": medpath.read,
    "cruk": cruk.read,
    "centerwatch": centerwatch.read,
    "labelled": labelled.read,
}
#: A page of a site that no layout describes.
GENERIC = Layout("generic", "page of another site", (), (), (), None)
_STRUCTURED = re.compile(r"\s*(?:\{|<|\[\s*[\[{\"\d])")
#: A page of an unknown site is a trial's when it has sections for at least three of these.
_TELLING = frozenset(
    "conditions interventions arms primaryOutcomes secondaryOutcomes eligibility inclusion exclusion phase status studyType "
    "enrollment sponsorName officialTitle summary design".split()
)


def read(document: Document, index: MeshIndex, *, results: bool = False) -> tuple[TrialRecord, Document]:
    """The record of the trial that a document describes, and the document as read, which evidence points into.

    That is the document itself for a page of plain text, and a rendering of it for HTML and structured records. ``results``: what
    the trial reported is read too, where the document has it. Raises DocumentError when the document is no page of a trial, was cut off, or names no trial.
    """
    if ctgov_xml.is_record(document.text):
        return _checked(*ctgov_xml.read(document, results=results))
    if study.is_study(document.text):
        return _checked(*study.read(document, study.parse(document), results=results))
    if document.text.lstrip()[:1] == "{":
        exported = study.load(document)
        if aact.is_record(exported):
            return _checked(*aact.read(document, exported))
        if ictrp.is_record(exported):
            return _checked(*ictrp.read(document, exported, index))
        if ctgov_xml.is_json_record(exported):
            return _checked(*ctgov_xml.read_json(document, exported, results=results))
        if register.is_record(exported):
            return _checked(*register.read(document, exported, index))
    is_html = html.is_html(document.text)
    if _STRUCTURED.match(document.text) and not is_html:
        raise DocumentError("unknown-form", "is JSON or XML of a kind that is not read here")
    blocks: list[Block] | None = None
    if is_html:
        document, blocks = html.read(document)
    layout = recognise(document)
    if layout and layout.labels:
        page = cut(document, layout)
        if missing := page.missing():
            raise DocumentError(
                "cut-off", f"looks like a page of {layout.title} that was cut off: no {missing[0]}; save it again"
            )
    else:
        page = sections.page(document, of_quote(document.all()) if blocks is None else blocks, layout or GENERIC)
        machines = assets.facts("chrome")["schema"]
        told = {machines.get(s.field.removeprefix("schema:"), s.field) for s in page.sections}
        if layout is None and len(_TELLING & told) < 3:
            raise DocumentError("unknown-layout", "is no trial page: it has no sections that such pages have")
    return _checked(READERS[page.layout.reader](document, page, index), document)


def _checked(record: TrialRecord, document: Document) -> tuple[TrialRecord, Document]:
    if not record.identifier:
        raise DocumentError("no-identifier", "names no trial: no registry identifier was found")
    if not record.title:
        raise DocumentError("no-title", "has no title where a title stands on such pages")
    return record, document
