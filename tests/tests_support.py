"""Small helpers that test modules import."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyoxigraph as ox
from starlette.testclient import TestClient

from kg.build import build
from kg.document import Quote
from kg.eligibility import Eligibility
from kg.graphs import open_graph
from kg.mesh import builtin
from kg.patient import read
from kg.serve.app import application
from kg.serve.pool import Limits, Pool
from kg.serve.state import Settings

ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = ROOT / "examples"
TOKEN = "a token for tests"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


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


def client_of(folder: Path, *, limits: Limits | None = None, **settings: Any) -> Iterator[TestClient]:
    """A server over a store, until the generator is closed."""
    chosen = limits or Limits(workers=2, seconds=20)
    pool = Pool(folder, chosen, network=bool(settings.get("services")))
    try:
        with TestClient(application(pool, settings=Settings(limits=chosen, **settings))) as client:
            client.pool = pool  # type: ignore[attr-defined]
            yield client
    finally:
        pool.close()


def yes(client: TestClient, query: str) -> bool:
    """The answer to an ASK. Where a machine is so busy that a process for it comes too late (503), it is asked again, as clients do."""
    for _ in range(5):
        got = client.get("/sparql", params={"query": query})
        if got.status_code != 503:
            break
    return bool(got.json()["boolean"])


def store_with(folder: Path, *files: tuple[Path, ox.RdfFormat, str]) -> Path:
    store = ox.Store(str(folder))
    for path, form, graph in files:
        store.load(path=str(path), format=form, to_graph=ox.NamedNode(graph) if graph else None)
    store.flush()
    return folder


def free_port() -> int:
    """A port that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running(*sources: Path, options: tuple[str, ...] = ()) -> Iterator[str]:
    """The address of `trialkg serve` over files, as a user starts it."""
    port = free_port()
    command = [sys.executable, "-m", "kg", "serve", *map(str, sources), "--port", str(port), *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        address = f"http://127.0.0.1:{port}"
        for _ in range(200):
            try:
                urllib.request.urlopen(f"{address}/health", timeout=5).close()
                break
            except OSError:
                time.sleep(0.1)
        yield address
        process.terminate()
        _, said = process.communicate(timeout=20)
        assert "Traceback" not in said, said


def held(text: str, patient: dict[str, object], tmp_path: Path) -> str:
    """The verdict on a trial whose eligibility is one criterion."""
    (verdict,) = all_held(text, patient, tmp_path)
    return verdict


def all_held(text: str, patient: dict[str, object], tmp_path: Path, sex: str = "ALL") -> list[str]:
    """The verdicts on the criteria of a trial for this sex whose eligibility is ``text``."""
    study = {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT09400041", "briefTitle": "Warm socks"},
            "conditionsModule": {"conditions": ["Gastrointestinal Stromal Tumors"]},
            "eligibilityModule": {"eligibilityCriteria": text, "sex": sex},
        }
    }
    (tmp_path / "study.json").write_text(json.dumps(study))
    build([tmp_path / "study.json"], tmp_path / "out.nq")
    found = Eligibility(open_graph([tmp_path / "out.nq"]), builtin()).match(read({"date": "2026-03-01", **patient}))
    return [v.verdict for v in found[0].criteria if v.kind != "field"]
