"""Eligibility text as data: criteria in a tree, and the constraints that they mean."""

from kg.criteria.constraints import constraints
from kg.criteria.split import heading_kind, split

__all__ = ["constraints", "heading_kind", "split"]
