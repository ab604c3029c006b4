"""Small helpers that test modules import."""

from __future__ import annotations

from pathlib import Path

from kg.document import Quote

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"


def quote(text: str) -> Quote:
    return Quote(0, len(text), text)


def archive_page(day: str, status: str, condition: str) -> bytes:
    """A page in the manner of the registry's archive."""
    rows = {
        "ClinicalTrials Identifier:": "NCT09400001",
        "Updated:": day,
        "Brief title": "Warm Water for Cold Feet in Winter",
        "Study type": "Interventional",
        "Primary outcome": "Measure: Warmth of the toes<br>Time Frame: 2 weeks<br>Safety Issue? No",
        "Condition": condition,
        "Intervention": "Procedure/Surgery: Warm foot bath",
        "Status": status,
        "Sponsor": "Winter Clinic",
    }
    table = "".join(f"<tr><th>{name}</th><td>{value}</td></tr>" for name, value in rows.items())
    return f"<html><body><h1>View of NCT09400001 on {day}</h1><table>{table}</table></body></html>".encode()
