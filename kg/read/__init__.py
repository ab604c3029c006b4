"""Readers: from a document to the record of the trial that it describes. A reader knows its format, nothing of RDF."""

from __future__ import annotations

from collections.abc import Callable

from kg.document import Document
from kg.errors import DocumentError
from kg.mesh import MeshIndex
from kg.read import centerwatch, cruk, ctgov, ctgov_xml, medpath
from kg.read.page import Page, cut, recognise
from kg.record import TrialRecord

Reader = Callable[[Document, Page, MeshIndex], TrialRecord]

#: The reader of each layout of ``kg/facts/layouts.toml``.
READERS: dict[str, Reader] = {
    "ctgov": ctgov.read,
    "medpath": medpath.read,
    "cruk": cruk.read,
    "centerwatch": centerwatch.read,
}


def read(document: Document, index: MeshIndex) -> tuple[TrialRecord, Document]:
    """The record of the trial that a document describes, and the document as read, which evidence points into.

    That is the document itself for a page, and a rendering of it for a structured record. Raises DocumentError when the
    document shows no known layout, was cut off, or names no trial.
    """
    if ctgov_xml.is_record(document.text):
        return _checked(*ctgov_xml.read(document))
    layout = recognise(document)
    if layout is None:
        raise DocumentError("unknown-layout", "is no trial page in a layout that is known here")
    page = cut(document, layout)
    if missing := page.missing():
        raise DocumentError(
            "cut-off", f"looks like a page of {layout.title} that was cut off: no {missing[0]}; save it again"
        )
    return _checked(READERS[layout.name](document, page, index), document)


def _checked(record: TrialRecord, document: Document) -> tuple[TrialRecord, Document]:
    if not record.identifier:
        raise DocumentError("no-identifier", "names no trial: no registry identifier was found")
    if not record.title:
        raise DocumentError("no-title", "has no title where a title stands on such pages")
    return record, document
