"""Reading MeSH as NLM publishes it: ``mesh.nt`` or ``mesh.nt.gz`` (https://id.nlm.nih.gov/mesh/)."""

from __future__ import annotations

import gzip
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from kg.errors import UsageError
from kg.mesh.index import MeshIndex
from kg.mesh.nlm_xml import read_xml

_LINE = re.compile(
    rb"<http://id\.nlm\.nih\.gov/mesh/(?:\d{4}/)?([^>]+)> <[^>]*[#/]([A-Za-z]+)> "
    rb'(?:<[^>]*[#/]([^>#/]+)>|"((?:[^"\\]|\\.)*)"(?:@[a-z-]+|\^\^<[^>]*>)?) \.\s*'
)
_ESCAPE = re.compile(r'\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|([tnrbf"\'\\]))')
_ESCAPED = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f", '"': '"', "'": "'", "\\": "\\"}
_KEPT = frozenset(
    b"label prefLabel altLabel treeNumber preferredConcept concept preferredTerm term pharmacologicalAction "
    b"mappedTo preferredMappedTo".split()
)


def _text(raw: bytes) -> str:
    text = raw.decode("utf-8")
    if "\\" not in text:
        return text
    return _ESCAPE.sub(lambda m: _ESCAPED[m[3]] if m[3] else chr(int(m[1] or m[2], 16)), text)


def _triples(path: Path) -> Iterator[tuple[str, str, str]]:
    opener = gzip.open if path.suffix == ".gz" else Path.open
    with opener(path, "rb") as file:
        for line in file:
            match = _LINE.match(line)
            if match and match[2] in _KEPT:
                value = match[3].decode() if match[3] is not None else _text(match[4])
                yield match[1].decode(), match[2].decode(), value.removeprefix("*")


def read_nt(path: Path, version: str = "") -> MeshIndex:
    """The whole of MeSH from NLM's N-Triples. Raises UsageError when the file holds no MeSH descriptors."""
    many: dict[str, dict[str, list[str]]] = {p.decode(): defaultdict(list) for p in _KEPT}
    for subject, predicate, value in _triples(path):
        many[predicate][subject].append(value)
    index = MeshIndex(version=version or path.name)
    for identifier, labels in sorted(many["label"].items()):
        if not re.fullmatch(r"[DC]\d+", identifier):
            continue
        concepts = many["preferredConcept"][identifier] + many["concept"][identifier]
        terms = [t for c in concepts for t in many["preferredTerm"][c] + many["term"][c]]
        synonyms = [s for t in terms for s in many["prefLabel"][t] + many["altLabel"][t]]
        index.add(identifier, labels[0], dict.fromkeys(synonyms), many["treeNumber"][identifier])
        if actions := many["pharmacologicalAction"].get(identifier):
            index.actions[identifier] = sorted(set(actions))
        if mapped := many["mappedTo"].get(identifier, []) + many["preferredMappedTo"].get(identifier, []):
            index.mapped[identifier] = sorted({m.split("Q")[0] for m in mapped if m.startswith("D")})
    if not index.labels:
        raise UsageError(f"{path}: holds no MeSH descriptors; NLM's file is called mesh.nt.gz")
    return index


def read_files(paths: Iterable[Path]) -> MeshIndex:
    """An index of NLM's own files: ``mesh.nt``, or ``desc2024.xml`` and ``supp2024.xml``; all also as .gz.

    Raises UsageError for a file that is none of them.
    """
    files = list(paths)
    if any(path.name.removesuffix(".gz").endswith(".nt") for path in files):
        if len(files) > 1:
            raise UsageError(f"{files[0]}: mesh.nt is the whole of MeSH; give it alone")
        return read_nt(files[0])
    index = MeshIndex(version=", ".join(path.name for path in files))
    for path in files:
        read_xml(index, path)
    return index


#: The greatest numbers of six digits that NLM has given: identifiers since have nine.
_SIX_DIGITS = {"D": 66331, "C": 588418}


def canonical(identifier: str) -> str:
    """An identifier with as many digits as NLM writes it with; "" when it is none.

    ClinicalTrials.gov fills all up to nine: its D000003550 is NLM's D003550, while D000068877 is as it should be.

    >>> canonical("D000003550"), canonical("D000068877"), canonical("C072379"), canonical("M123")
    ('D003550', 'D000068877', 'C072379', '')
    """
    match = re.fullmatch(r"([DC])(\d{6}|\d{9})", identifier.strip())
    if not match:
        return ""
    number = int(match[2])
    return f"{match[1]}{number:06d}" if number <= _SIX_DIGITS[match[1]] else f"{match[1]}{number:09d}"
