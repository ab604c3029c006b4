"""Studies from the API of ClinicalTrials.gov (https://clinicaltrials.gov/data-api/api): by a search, or by their numbers.

Each page of studies becomes one file, written beside and renamed. A download that was broken off goes on where it was; one that
was finished is made anew. The registry states no limit of requests; its robots.txt asks for one second between them.
"""

from __future__ import annotations

import contextlib
import re
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
import orjson

from kg import __version__
from kg.errors import TrialKGError, UsageError
from kg.graphs import web_address
from kg.output import beside

BASE = "https://clinicaltrials.gov/api/v2"
#: NLM's own file of MeSH in RDF (https://id.nlm.nih.gov/mesh/).
MESH_NT = "https://nlmpubs.nlm.nih.gov/projects/mesh/rdf/mesh.nt.gz"
_NUMBER = re.compile(r"NCT\d{8}")
_TRIES = 6
_LONGEST_WAIT = 120.0
_MAX_BYTES = 500_000_000
_NUMBERS_A_PAGE = 100
_STATE = ".fetch.json"


class State(msgspec.Struct, omit_defaults=True):
    """How far a download has come. ``asked``: the parameters of each search, ``part`` the one that is under way."""

    asked: list[dict[str, str]]
    part: int = 0
    token: str = ""
    pages: int = 0
    studies: int = 0
    total: int = 0
    done: bool = False


class Fetched(msgspec.Struct):
    """What was downloaded: studies, files, and numbers that were asked for and that the registry does not have."""

    studies: int
    files: list[str]
    missing: list[str]


def fetch(
    asked: Iterable[str],
    folder: str | Path,
    *,
    base: str = BASE,
    page_size: int = 500,
    pause: float = 1.0,
    timeout: float = 60.0,
    progress: Callable[[int, int], None] | None = None,
) -> Fetched:
    """Download studies into ``folder``: those with the given NCT numbers, or those that a search for the words finds.

    ``pause`` seconds lie between requests. Requests that fail for a reason that passes (no connection, HTTP 429 and 5xx, an answer that
    breaks off) are made again, at growing intervals or when the server says. Raises UsageError when the search itself is wrong, and
    TrialKGError when the server does not answer; what was downloaded stays, and the same call goes on from there.
    """
    words = [one for text in asked for one in text.split(",")] if _are_numbers(asked := list(asked)) else asked
    if not words or not any(word.strip() for word in words):
        raise UsageError("say what to fetch: NCT numbers, or words to search for")
    if not 1 <= page_size <= 1000:
        raise UsageError("a page has 1 to 1000 studies")
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    state = _state(target, _searches(words, page_size))
    with _Api(base, pause, timeout) as api:
        restarted = False
        while not state.done:
            try:
                _page(api, state, target, page_size)
            except UsageError:
                if not state.token or restarted:
                    raise
                # A token does not live for ever: the search begins again, its pages take the place of those before.
                state, restarted = State(asked=state.asked), True
                continue
            _keep(state, target)
            if progress:
                progress(state.studies, max(state.total, state.studies))
    files = [_name(number) for number in range(1, state.pages + 1)]
    for left in target.glob("studies-*.json"):
        if left.name not in files:  # of an earlier, longer download
            left.unlink()
    return Fetched(state.studies, files, _missing(words, target, files))


def _are_numbers(asked: Iterable[str]) -> bool:
    words = [one.strip() for text in asked for one in text.split(",")]
    return bool(words) and all(_NUMBER.fullmatch(word) for word in words)


def _searches(words: list[str], page_size: int) -> list[dict[str, str]]:
    if not _are_numbers(words):
        return [{"query.term": " ".join(words)}]
    numbers = list(dict.fromkeys(word.strip() for word in words))
    size = min(_NUMBERS_A_PAGE, page_size)
    return [{"filter.ids": ",".join(numbers[n : n + size])} for n in range(0, len(numbers), size)]


def _name(page: int) -> str:
    return f"studies-{page:05d}.json"


def _state(folder: Path, searches: list[dict[str, str]]) -> State:
    """The state of a download of the same studies that was broken off, or that of a new one."""
    with contextlib.suppress(OSError, msgspec.DecodeError):
        found = msgspec.json.decode((folder / _STATE).read_bytes(), type=State)
        there = all((folder / _name(n)).exists() for n in range(1, found.pages + 1))
        if found.asked == searches and not found.done and there:
            return found
    return State(asked=searches)


def _keep(state: State, folder: Path) -> None:
    with beside(folder / _STATE) as file:
        file.write(msgspec.json.encode(state))


def _page(api: _Api, state: State, folder: Path, page_size: int) -> None:
    parameters = {**state.asked[state.part], "format": "json", "pageSize": str(page_size), "countTotal": "true"}
    if state.token:
        parameters["pageToken"] = state.token
    data, page = api.studies(parameters)
    if page["studies"]:
        state.pages += 1
        with beside(folder / _name(state.pages)) as file:
            file.write(data)
    state.studies += len(page["studies"])
    if not state.token:
        state.total += int(page.get("totalCount") or 0)
    token = str(page.get("nextPageToken") or "")
    if token and token == state.token:
        raise TrialKGError(f"{api.base}: gives the same page again and again; nothing is lost, try again later")
    state.token = token
    if not token:
        state.part += 1
        state.done = state.part == len(state.asked)


def _missing(words: list[str], folder: Path, files: list[str]) -> list[str]:
    if not _are_numbers(words):
        return []
    found = set()
    for name in files:
        for study in orjson.loads((folder / name).read_bytes())["studies"]:
            module = study.get("protocolSection", {}).get("identificationModule", {})
            found.update([module.get("nctId"), *(module.get("nctIdAliases") or [])])
    return sorted({word.strip() for word in words} - found)


class _Api:
    """The server: one request at a time, with pauses and second tries."""

    def __init__(self, base: str, pause: float, timeout: float) -> None:
        import httpx

        self.base = web_address(base).rstrip("/")
        self._pause = pause
        self._last = 0.0
        self._errors = (httpx.TransportError, httpx.DecodingError)
        self._client = httpx.Client(
            timeout=timeout, follow_redirects=False, headers={"User-Agent": f"trialkg/{__version__}"}
        )

    def __enter__(self) -> _Api:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def studies(self, parameters: dict[str, str]) -> tuple[bytes, dict[str, Any]]:
        """A page of studies, as bytes and read. Raises UsageError when the server finds the search wrong, or TrialKGError."""
        reason = ""
        for attempt in range(_TRIES):
            self._wait()
            asked_to_wait = 0.0
            try:
                status, headers, data = self._get(parameters)
            except self._errors as error:
                reason = str(error) or type(error).__name__
            else:
                if status == 200:
                    with contextlib.suppress(orjson.JSONDecodeError):
                        page = orjson.loads(data)
                        if isinstance(page, dict) and isinstance(page.get("studies"), list):
                            return data, page
                    reason = "its answer is no page of studies, or broke off"
                elif status in (429, 500, 502, 503, 504):
                    reason = f"it answered with HTTP {status}"
                    asked_to_wait = _seconds(headers.get("retry-after", ""))
                else:
                    said = " ".join(data[:300].decode(errors="replace").split())
                    raise UsageError(f"{self.base}: did not accept the search (HTTP {status}): {said}")
            if attempt + 1 < _TRIES:
                time.sleep(min(_LONGEST_WAIT, max(asked_to_wait, self._pause * 2**attempt)))
        raise TrialKGError(
            f"{self.base}: gave no answer in {_TRIES} tries: {reason}; what came is kept, the same command goes on from there"
        )

    def _get(self, parameters: dict[str, str]) -> tuple[int, Any, bytes]:
        parts: list[bytes] = []
        length = 0
        with self._client.stream("GET", f"{self.base}/studies", params=parameters) as response:
            for part in response.iter_bytes(1 << 16):
                parts.append(part)
                length += len(part)
                if length > _MAX_BYTES:
                    raise TrialKGError(
                        f"{self.base}: sends more than {_MAX_BYTES // 10**6} MB for one page; ask for fewer"
                    )
            return response.status_code, response.headers, b"".join(parts)

    def _wait(self) -> None:
        left = self._last + self._pause - time.monotonic()
        if left > 0:
            time.sleep(left)
        self._last = time.monotonic()


def _seconds(text: str) -> float:
    """How long a Retry-After header asks to wait; 0 for a date, which is left to our own intervals."""
    return min(_LONGEST_WAIT, float(text)) if re.fullmatch(r"\d{1,6}", text.strip()) else 0.0


def fetch_file(
    address: str, out: Path, *, timeout: float = 60.0, progress: Callable[[int, int], None] | None = None
) -> int:
    """Download one file, which takes its place when it is whole; its size in bytes.

    Raises UsageError for a wrong address, TrialKGError when the server does not give the whole of it.
    """
    import httpx

    web_address(address)
    size = 0
    try:
        with httpx.stream("GET", address, timeout=timeout, follow_redirects=False) as response:
            if response.status_code != 200:
                raise TrialKGError(f"{address}: answered with HTTP {response.status_code}")
            wanted = int(response.headers.get("content-length") or 0)
            with beside(out, pack=False) as file:
                for part in response.iter_raw(1 << 18):
                    file.write(part)
                    size += len(part)
                    if progress:
                        progress(size, max(wanted, size))
                if wanted and size != wanted:
                    raise TrialKGError(f"{address}: broke off after {size} of {wanted} bytes; try again")
    except (httpx.TransportError, httpx.DecodingError) as error:
        raise TrialKGError(f"{address}: did not answer: {error or type(error).__name__}") from error
    return size
