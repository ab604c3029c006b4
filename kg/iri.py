"""The one place where IRIs are made.

Text becomes an IRI segment by :func:`segment`, which is injective: distinct texts give distinct segments.
"""

from __future__ import annotations

import re
from urllib.parse import quote

BASE = "https://w3id.org/trialkg/"
TK = BASE + "ontology#"
MESH = "http://id.nlm.nih.gov/mesh/"

_TRIAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,63}")


def segment(text: str) -> str:
    """``text`` as one IRI path segment: spaces become underscores, all but unreserved characters are escaped.

    >>> segment("Gastrointestinal Stromal Tumors"), segment("a_b"), segment("5 mg/mL")
    ('Gastrointestinal_Stromal_Tumors', 'a%5Fb', '5_mg%2FmL')
    """
    escaped = quote(text.encode("utf-8", errors="replace"), safe=" ~-.").replace("_", "%5F").replace(" ", "_")
    return {".": "%2E", "..": "%2E%2E", "": "%00"}.get(escaped, escaped)


def is_trial_identifier(text: str) -> bool:
    """Whether ``text`` can end a trial's IRI as it is."""
    return _TRIAL_ID.fullmatch(text) is not None


def trial(identifier: str) -> str:
    """The trial with this registry identifier, relative to :data:`BASE`. Raises ValueError when it is none."""
    if not is_trial_identifier(identifier):
        raise ValueError(f"not a trial identifier: {identifier!r}")
    return f"trial/{identifier}"


def version(trial_iri: str, name: str) -> str:
    """An earlier description of a trial, named by its day."""
    return f"{trial_iri}/version/{segment(name)}"


def shared(kind: str, name: str) -> str:
    """A node that trials share: ``kind`` is ``intervention``, ``condition`` or ``organization``."""
    return f"{kind}/{segment(name)}"


def document(key: str) -> str:
    """The source document with this key (see :attr:`kg.document.Document.key`)."""
    return f"document/{key}"


def passage(document_key: str, start: int, end: int) -> str:
    """A span of a document, named by an RFC 5147 character range."""
    return f"document/{document_key}#char={start},{end}"


def graph(trial_iri: str, document_key: str) -> str:
    """The named graph that holds what one document says of one trial."""
    return f"graph/{trial_iri.removeprefix('trial/')}/{document_key}"


#: The named graph of what trials share: concepts with their hierarchy, drugs, conditions, organizations.
SHARED_GRAPH = BASE + "graph/shared"

#: The named graph of what a store says of itself.
DATASET_GRAPH = BASE + "graph/dataset"


def absolute(relative: str) -> str:
    """``relative`` resolved against :data:`BASE`."""
    return BASE + relative


def local(iri: str) -> str:
    """An IRI of this project without its base or namespace; any other unchanged."""
    return iri.removeprefix(TK).removeprefix(BASE)
