"""Eligibility text as data: criteria in a tree, and the constraints that they mean."""

from kg.criteria.constraints import constraints
from kg.criteria.split import above, heading_kind, split

__all__ = ["above", "constraints", "heading_kind", "split"]
