"""Fetching studies, from a server on this machine that plays the registry's API, faults included."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

import kg.fetch
from kg.build import build
from kg.cli import main
from kg.errors import TrialKGError, UsageError
from kg.fetch import Fetched, fetch, fetch_file

NUMBERS = [f"NCT094001{n:02d}" for n in range(23)]


def study(number: str) -> dict[str, Any]:
    module = {"nctId": number, "briefTitle": f"Warm socks, number {number}"}
    return {"protocolSection": {"identificationModule": module, "conditionsModule": {"conditions": ["Chilblains"]}}}


class Registry:
    """What the server knows, was asked, and does wrong: ``faults`` are used up one a request."""

    def __init__(self) -> None:
        self.asked: list[dict[str, str]] = []
        self.faults: list[str] = []
        self.stale = False
        self.address = ""

    def answer(self, asked: dict[str, str]) -> tuple[int, dict[str, str], bytes]:
        self.asked.append(asked)
        fault = self.faults.pop(0) if self.faults else ""
        if fault.startswith("HTTP"):
            return int(fault.split()[1]), {"Retry-After": "0"}, b"try later"
        if asked.get("query.term") == "((":
            return 400, {}, b"query.term has mismatched\nbrackets"
        if self.stale and "pageToken" in asked:
            return 400, {}, b"pageToken has expired"
        numbers = [n for n in NUMBERS if n in asked["filter.ids"]] if "filter.ids" in asked else NUMBERS
        start, size = int(asked.get("pageToken", "p0")[1:]), int(asked["pageSize"])
        page: dict[str, Any] = {"studies": [study(n) for n in numbers[start : start + size]]}
        if start == 0:
            page["totalCount"] = len(numbers)
        if start + size < len(numbers):
            page["nextPageToken"] = f"p{start if fault == 'same token' else start + size}"
        data = json.dumps(page).encode()
        return 200, {}, data[: len(data) // 2] if fault == "half" else b"<html>busy</html>" if fault == "html" else data


@pytest.fixture
def registry() -> Iterator[Registry]:
    known = Registry()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            if known.faults and known.faults[0] == "hang up":
                known.faults.pop(0)
                known.asked.append({})
                self.close_connection = True
                return
            status, headers, data = known.answer({k: v[0] for k, v in parse_qs(parts.query).items()})
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    known.address = f"http://127.0.0.1:{server.server_port}/api/v2"
    yield known
    server.shutdown()
    thread.join()
    server.server_close()


def get(registry: Registry, folder: Path, *asked: str) -> Fetched:
    return fetch(asked or ["warm", "socks"], folder, base=registry.address, page_size=5, pause=0.0, timeout=5)


def test_all_pages_of_a_search_become_files_that_build(registry: Registry, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    fetched = fetch(
        ["warm", "socks"], tmp_path, base=registry.address, page_size=5, pause=0.0,
        progress=lambda done, of: steps.append((done, of)),
    )  # fmt: skip
    assert fetched == Fetched(23, [f"studies-{n:05d}.json" for n in range(1, 6)], [])
    assert [a["query.term"] for a in registry.asked] == ["warm socks"] * 5
    assert steps == [(5, 23), (10, 23), (15, 23), (20, 23), (23, 23)]
    report = build([tmp_path], tmp_path / "out.nq")
    assert report.trials == 23 and not report.set_aside


def test_numbers_are_fetched_by_number_and_missing_ones_told(registry: Registry, tmp_path: Path) -> None:
    fetched = get(registry, tmp_path, NUMBERS[3], f"{NUMBERS[7]},NCT99999999")
    assert (fetched.studies, fetched.missing) == (2, ["NCT99999999"])
    assert registry.asked[0]["filter.ids"] == f"{NUMBERS[3]},{NUMBERS[7]},NCT99999999"


@pytest.mark.parametrize("fault", ["HTTP 429", "HTTP 500", "HTTP 503", "half", "html", "hang up"])
def test_what_passes_is_tried_again(registry: Registry, tmp_path: Path, fault: str) -> None:
    registry.faults = ["", fault, fault, ""]
    assert get(registry, tmp_path).studies == 23
    assert len(registry.asked) == 7


def test_what_was_broken_off_goes_on(registry: Registry, tmp_path: Path) -> None:
    registry.faults = ["", "", *["HTTP 503"] * 6]
    with pytest.raises(TrialKGError, match=r"6 tries.*HTTP 503.*goes on from there"):
        get(registry, tmp_path)
    assert sorted(p.name for p in tmp_path.glob("s*")) == ["studies-00001.json", "studies-00002.json"]
    registry.asked.clear()
    assert get(registry, tmp_path).studies == 23
    assert [a["pageToken"] for a in registry.asked] == ["p10", "p15", "p20"]


def test_a_token_that_has_expired_begins_the_search_again(registry: Registry, tmp_path: Path) -> None:
    registry.faults = ["", "", *["HTTP 503"] * 6]
    with pytest.raises(TrialKGError):
        get(registry, tmp_path)
    registry.stale = True
    with pytest.raises(UsageError, match="expired"):
        get(registry, tmp_path)  # once, not for ever
    registry.stale = False
    assert get(registry, tmp_path).studies == 23


def test_a_new_download_takes_the_place_of_a_finished_one(registry: Registry, tmp_path: Path) -> None:
    get(registry, tmp_path)
    fetched = get(registry, tmp_path, NUMBERS[0])
    assert [p.name for p in sorted(tmp_path.glob("studies*"))] == fetched.files == ["studies-00001.json"]


def test_the_same_page_for_ever_is_noticed(registry: Registry, tmp_path: Path) -> None:
    registry.faults = ["", "same token"]
    with pytest.raises(TrialKGError, match="again and again"):
        get(registry, tmp_path)


def test_wrong_searches(registry: Registry, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UsageError, match=r"HTTP 400\): query.term has mismatched brackets"):
        get(registry, tmp_path, "((")
    with pytest.raises(UsageError, match="1 to 1000"):
        fetch(["x"], tmp_path, page_size=0)
    with pytest.raises(UsageError, match="say what"):
        fetch([" "], tmp_path)
    with pytest.raises(UsageError, match="http://"):
        fetch(["x"], tmp_path, base="ftp://example.org")
    with pytest.raises(SystemExit, match="2"):
        main(["fetch", "((", "-o", str(tmp_path), "--base", registry.address])
    assert capfd.readouterr().err.count("\n") == 1


def test_on_the_command_line(registry: Registry, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="1"):
        main(["fetch", NUMBERS[0], "NCT99999999", "-o", str(tmp_path), "--base", registry.address, "--pause", "0"])
    told = capfd.readouterr()
    assert (
        told.out == ""
        and "NCT99999999: the registry has no such study" in told.err
        and "1 studies in 1 files" in told.err
    )


def test_a_file_takes_its_place_when_it_is_whole(registry: Registry, tmp_path: Path) -> None:
    address = f"{registry.address}/studies?pageSize=2&pageToken=p0"
    size = fetch_file(address, tmp_path / "mesh.nt.gz")
    assert (tmp_path / "mesh.nt.gz").stat().st_size == size > 100
    registry.faults = ["HTTP 404"]
    with pytest.raises(TrialKGError, match="HTTP 404"):
        fetch_file(address, tmp_path / "other.gz")
    with pytest.raises(UsageError, match="http://"):
        fetch_file("file:///etc/passwd", tmp_path / "other.gz")
    assert [p.name for p in tmp_path.iterdir()] == ["mesh.nt.gz"]


def test_requests_keep_their_distance(registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(kg.fetch.time, "sleep", slept.append)
    monkeypatch.setattr(kg.fetch.time, "monotonic", lambda: 100.0)
    registry.faults = ["", "HTTP 500"]
    fetch(["x"], tmp_path, base=registry.address, page_size=10, pause=3.0)
    assert slept == [3.0, 3.0, 3.0, 3.0]  # before each request after the first, and once after a failure
