"""The cues of eligibility language, as patterns from the facts."""

from __future__ import annotations

import re
from functools import cache

from kg import assets

#: A full stop that ends a sentence, as a pattern: not that of "e.g." or "vs."
STOP = r"(?<!\be\.g)(?<!\bi\.e)(?<!\bvs)(?<!\bapprox)(?:(?<!\betc)|(?=\.\s+(?-i:[A-Z])))\.\s"


@cache
def pattern(name: str) -> re.Pattern[str]:
    """A pattern of ``kg/facts/criteria.toml``, for either case."""
    return re.compile(assets.facts("criteria")[name], re.I)
