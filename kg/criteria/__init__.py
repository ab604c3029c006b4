"""Eligibility text as data: criteria in a tree, and the constraints that they mean."""

from kg.criteria.split import heading_kind, split
from kg.criteria.text import meant

__all__ = ["heading_kind", "meant", "split"]
