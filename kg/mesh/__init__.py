"""MeSH: its terms, its trees, and the index that linking and queries look things up in."""

from kg.mesh.index import MeshIndex, Word, builtin, key, note_start, words

__all__ = ["MeshIndex", "Word", "builtin", "key", "note_start", "words"]
