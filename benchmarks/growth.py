"""How time and memory of a build into a store grow with the number of records, and what the store then answers how fast.

usage: growth.py ARCHIVE.zip [NUMBER ...] [--jobs N] [--keep FOLDER]

The records of the archive (XML of ClinicalTrials.gov) are repeated under new numbers until there are as many as asked for. Peak
memory is that of the largest process; time is that of the clock. Beside it, in the same run, stands the time in which the bare
bytes are read.
"""

from __future__ import annotations

import argparse
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

_ID = re.compile(rb"NCT\d{8}")


def repeated(archive: Path, count: int, out: Path) -> None:
    """An archive of ``count`` records made of those of another, each under a number of its own."""
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        names = sorted(n for n in source.namelist() if n.endswith(".xml"))
        every = max(1, len(names) // 1000)
        records = [source.read(name) for name in names[::every]]
        for number in range(count):
            own = b"NCT%08d" % (80_000_000 + number)
            target.writestr(f"{number // 10_000:04d}/{own.decode()}.xml", _ID.sub(own, records[number % len(records)]))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("archive", type=Path)
    parser.add_argument("numbers", type=int, nargs="*", default=[1_000, 10_000])
    parser.add_argument("--jobs", default="1")
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    trialkg = Path(sys.executable).with_name("trialkg")
    for count in options.numbers:
        with tempfile.TemporaryDirectory(dir=options.keep) as folder:
            records, store = Path(folder) / "records.zip", Path(folder) / "store"
            repeated(options.archive, count, records)
            start = time.perf_counter()
            with zipfile.ZipFile(records) as archive:
                for name in archive.namelist():
                    archive.read(name)
            floor = time.perf_counter() - start
            start = time.perf_counter()
            command = [str(trialkg), "build", str(records), "-o", f"{store}/", "--jobs", options.jobs]
            made = subprocess.run(command, capture_output=True, text=True, check=False)
            spent = time.perf_counter() - start
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            size = sum(f.stat().st_size for f in store.rglob("*") if f.is_file()) / 2**30
            print(made.stderr.strip().splitlines()[-1])
            print(
                f"{count:>8} records: {spent:.0f} s, {count / spent:.0f} records/s (bare bytes {floor:.1f} s), peak {peak:.0f} MB, store {size:.2f} GB"
            )
            for name, parameters in (
                ("combine", ["--a", "imatinib", "--b", "surgery"]),
                ("condition", ["--condition", "sarcoma"]),
                ("drug", ["--drug", "gleevec"]),
                ("summary", []),
            ):
                code = (
                    "import sys, time; from kg.graphs import open_graph; from kg.questions import ask; "
                    "g = open_graph(store=sys.argv[1]); t = time.perf_counter(); "
                    "a = ask(sys.argv[2], g, **dict(zip(*[iter(x.removeprefix('--') for x in sys.argv[3:])] * 2))); "
                    "print(f'{time.perf_counter() - t:8.3f} s  {sys.argv[2]}: {len(a.rows)} rows')"
                )
                subprocess.run([sys.executable, "-c", code, str(store), name, *parameters], check=False)
            if options.keep:
                shutil.copytree(store, options.keep / f"store-{count}", dirs_exist_ok=True)


if __name__ == "__main__":
    main()
