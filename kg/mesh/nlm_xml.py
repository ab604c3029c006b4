"""Reading MeSH as NLM publishes it in XML: ``desc2024.xml`` and ``supp2024.xml``, also as .gz.

The elements are those of https://www.nlm.nih.gov/mesh/xmlmesh.html. The DTD that the files name is not loaded.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lxml import etree

from kg.errors import UsageError
from kg.mesh.index import MeshIndex

_RECORDS = ("DescriptorRecord", "SupplementalRecord")


def _records(path: Path) -> Iterator[Any]:
    opener = gzip.open if path.suffix == ".gz" else Path.open
    with opener(path, "rb") as file:
        events = etree.iterparse(file, tag=_RECORDS, resolve_entities=False, no_network=True, load_dtd=False)
        for _, element in events:
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]


def _texts(element: Any, path: str) -> list[str]:
    return [found.text.strip() for found in element.iterfind(path) if found.text and found.text.strip()]


def read_xml(index: MeshIndex, path: Path) -> None:
    """Add the records of one of NLM's XML files to an index. Raises UsageError for a file that is none of them."""
    before = len(index.labels)
    try:
        for record in _records(path):
            _add(index, record)
    except (etree.XMLSyntaxError, OSError, EOFError) as error:
        raise UsageError(f"{path}: cannot be read: {error}") from error
    if len(index.labels) == before:
        raise UsageError(f"{path}: holds no MeSH records; NLM's files are called desc2024.xml and supp2024.xml")


def _add(index: MeshIndex, record: Any) -> None:
    kind = "Descriptor" if record.tag == "DescriptorRecord" else "SupplementalRecord"
    identifiers, labels = _texts(record, f"{kind}UI"), _texts(record, f"{kind}Name/String")
    if not identifiers or not labels:
        return
    identifier = identifiers[0]
    terms = _texts(record, "ConceptList/Concept/TermList/Term/String")
    index.add(identifier, labels[0], dict.fromkeys(terms), _texts(record, "TreeNumberList/TreeNumber"))
    actions = _texts(record, "PharmacologicalActionList/PharmacologicalAction/DescriptorReferredTo/DescriptorUI")
    if actions:
        index.actions[identifier] = sorted(set(actions))
    mapped = _texts(record, "HeadingMappedToList/HeadingMappedTo/DescriptorReferredTo/DescriptorUI")
    if mapped:
        index.mapped[identifier] = sorted({one.removeprefix("*") for one in mapped})
