"""Eligibility text as data: criteria in a tree, and the constraints that they mean."""

from kg.criteria.constraints import constraints
from kg.criteria.split import split

__all__ = ["constraints", "split"]
