"""Processes that answer queries over one store, ended when their time is over.

Each query has a process for itself while it runs (:mod:`kg.serve.worker`). A store that was built anew, or changed, is opened again by
processes as they become free: who asks sees the old store or the new one.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import select
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from pathlib import Path
from typing import NamedTuple

import msgspec

from kg.errors import TrialKGError, UsageError
from kg.serve.worker import Reply, Request

#: Seconds after which a query goes on at lower priority, so that quick ones stay quick.
_PATIENCE = 1.0
_START = 30.0


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What one query may take: seconds, bytes of memory, rows (0: all) and bytes of its answer; and how many run at once."""

    seconds: float = 10.0
    memory: int = 2 << 30
    rows: int = 0
    size: int = 64 << 20
    workers: int = 4
    waiting: int = 200


class Ended(TrialKGError):
    """A query that was ended: its time was over, it took too much memory, or somebody stopped it. ``status`` says so in HTTP."""

    def __init__(self, message: str, status: int = 503) -> None:
        super().__init__(message)
        self.status = status


class Running(NamedTuple):
    """A query that runs: its number, for how many seconds, its text."""

    number: int
    seconds: float
    text: str


class _Worker:
    def __init__(self, folder: Path, memory: int, *, network: bool, write: bool) -> None:
        flags = [name for name, wanted in (("network", network), ("write", write)) if wanted]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "kg.serve.worker", str(folder), str(memory), *flags],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self.seen = generation(folder)
        self.slowed = False
        self._poll = select.poll()
        assert self._process.stdout is not None
        self._poll.register(self._process.stdout, select.POLLIN | select.POLLHUP)
        self._is_ready = False

    def _line(self, until: float) -> bytes | None:
        """The next line that it says; b"" when it died, None when the time is over."""
        assert self._process.stdout is not None
        left = until - time.monotonic()
        if left <= 0 or not self._poll.poll(left * 1000):
            return None
        return self._process.stdout.readline()

    def ask(self, request: Request, seconds: float) -> Reply:
        """Put a request to the process. Raises Ended when it has to be ended, or died of it."""
        if not self._is_ready:
            if self._line(time.monotonic() + _START) != b"ready\n":
                raise Ended("the store cannot be opened just now; try again")
            self._is_ready = True
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(msgspec.json.encode(request) + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Ended("the query was stopped") from None
        begun = time.monotonic()
        said = self._line(begun + min(_PATIENCE, seconds))
        if said is None and seconds > _PATIENCE:
            self.slowed = True
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, self._process.pid, 10)
            said = self._line(begun + seconds)
        if said is None:
            raise Ended(f"the query took longer than {seconds:g} seconds and was stopped; narrow it")
        if not said:
            raise Ended("the query took too much memory, or was stopped; narrow it")
        return msgspec.json.decode(said, type=Reply)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()

    def interrupt(self) -> None:
        """End the process from another thread; whoever waits for it is told."""
        self._process.kill()


def generation(folder: Path) -> tuple[int, ...]:
    """What changes when a store is built anew or updated."""
    try:
        with os.scandir(folder) as entries:
            changed = max((e.stat().st_mtime_ns for e in entries if not e.name.startswith("LOG")), default=0)
        return folder.stat().st_ino, changed
    except OSError:
        return ()


class Pool:
    """Processes over the store in ``folder``. Safe to be used from many threads; close it at the end."""

    def __init__(self, folder: Path, limits: Limits | None = None, *, network: bool = False) -> None:
        if not (folder / "CURRENT").exists():
            raise UsageError(f"{folder}: is not a store; make one with: trialkg build PATH... -o {folder}/")
        self.folder = folder
        self.limits = limits or Limits()
        self._network = network
        self._idle: deque[_Worker] = deque()
        self._free = threading.Semaphore(self.limits.workers)
        self._lock = threading.Lock()
        self._numbers = itertools.count(1)
        self._running: dict[int, tuple[float, str, _Worker]] = {}
        self._waiting = 0
        self._closed = False
        self._writer: _Worker | None = None
        self._writing = threading.Lock()
        self._seen = generation(folder)
        self._looked = time.monotonic()
        self.answers = Path(tempfile.mkdtemp(prefix="trialkg-"))
        self._idle.extend(self._new() for _ in range(self.limits.workers))

    def _new(self) -> _Worker:
        return _Worker(self.folder, self.limits.memory, network=self._network, write=False)

    def _limit(self, seconds: float | None) -> float:
        """The time of a request that asks for so many seconds: it may only shorten it."""
        return min(seconds or self.limits.seconds, self.limits.seconds)

    def generation(self) -> tuple[int, ...]:
        """What is different after the store was changed; looked up once a second."""
        now = time.monotonic()
        if now - self._looked > 1:
            self._looked = now
            self._seen = generation(self.folder) or self._seen
        return self._seen

    def run(self, request: Request, seconds: float | None = None) -> tuple[Reply, Path]:
        """Answer a query; ``seconds`` may only shorten its time. The answer is in the file, which the caller removes.

        Raises Ended when the query took too much, or too many wait.
        """
        limit = self._limit(seconds)
        with self._lock:
            if self._closed:
                raise Ended("the server is stopping")
            if self._waiting >= self.limits.waiting:
                raise Ended("too many queries are waiting; try again soon", 429)
            self._waiting += 1
        try:
            if not self._free.acquire(timeout=self.limits.seconds * 3):
                raise Ended("all workers were busy for too long; try again soon")
        finally:
            with self._lock:
                self._waiting -= 1
        try:
            return self._run(request, limit)
        finally:
            self._free.release()

    def _run(self, request: Request, limit: float) -> tuple[Reply, Path]:
        number = next(self._numbers)
        out = self.answers / str(number)
        with self._lock:
            worker = self._idle.popleft()
        now = self.generation()
        request = msgspec.structs.replace(request, out=str(out), reopen=worker.seen != now)
        with self._lock:
            self._running[number] = (time.monotonic(), request.text, worker)
        try:
            reply = worker.ask(request, limit)
            worker.seen = () if reply.stale else now
        except Ended:
            worker.kill()
            worker = self._new()
            out.unlink(missing_ok=True)
            raise
        finally:
            with self._lock:
                del self._running[number]
            if worker.slowed:
                worker.kill()
                worker = self._new()
            with self._lock:
                self._idle.append(worker)
        return reply, out

    def update(self, request: Request, seconds: float | None = None) -> Reply:
        """Carry out an update: all of it or nothing, one at a time. Raises Ended."""
        with self._writing:
            if self._writer is None:
                self._writer = _Worker(self.folder, self.limits.memory, network=False, write=True)
            try:
                reply = self._writer.ask(msgspec.structs.replace(request, update=True), self._limit(seconds))
            except Ended:
                self._writer.kill()
                self._writer = None
                raise
            self._looked = 0.0
            return reply

    def running(self) -> list[Running]:
        """The queries that run just now."""
        now = time.monotonic()
        with self._lock:
            return [Running(n, round(now - begun, 3), text) for n, (begun, text, _) in sorted(self._running.items())]

    def stop(self, number: int) -> bool:
        """End a query that runs; whether there was one of that number."""
        with self._lock:
            found = self._running.get(number)
        if found:
            found[2].interrupt()
        return found is not None

    def close(self) -> None:
        """End all processes and take the answers away."""
        with self._lock:
            self._closed = True
            workers = [*self._idle, *(w for _, _, w in self._running.values())]
        for worker in [*workers, *([self._writer] if self._writer else [])]:
            worker.kill()
        shutil.rmtree(self.answers, ignore_errors=True)
