"""Real pages of the registry's archive against the registry's own uploads of the same day."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests_support import ROOT


def test_archive_pages_agree_with_the_uploads(shared_data: Path) -> None:
    script = ROOT / "benchmarks" / "archive.py"
    done = subprocess.run(
        [sys.executable, str(script), str(shared_data / "archive-pages.zip")],
        capture_output=True,
        text=True,
        check=True,
    )
    agree = {m[1].strip(): float(m[2]) for m in re.finditer(r"^(.{15}) agree ([\d.]+)", done.stdout, re.M)}
    assert len(agree) == 11
    assert {field: value for field, value in agree.items() if value < 0.98} == {}
