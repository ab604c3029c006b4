"""How the memory of a build grows with the number of documents: small records, each with a condition and a drug that no other has.

usage: memory.py [NUMBER ...] [--form .nt] [--jobs N]

Peak memory is that of the largest process, as the system counts it. The form "/" is a store.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

_RECORD = """<clinical_study><id_info><org_study_id>T-{n}</org_study_id><secondary_id>2011-{n:06d}-{m:02d}</secondary_id>
<nct_id>NCT{n:08d}</nct_id></id_info><brief_title>Compound and excision, number {n}</brief_title>
<overall_status>Completed</overall_status><phase>Phase 2</phase><study_type>Interventional</study_type>
<condition>Condition {n}</condition><condition>Gastrointestinal Stromal Tumor</condition>
<intervention><intervention_type>Drug</intervention_type><intervention_name>Compound X-{n}</intervention_name></intervention>
<primary_outcome><measure>Progression-free survival</measure><time_frame>2 years</time_frame></primary_outcome>
<eligibility><criteria><textblock>Inclusion Criteria:
- Platelets above {p}/mm3
</textblock></criteria><gender>All</gender><minimum_age>18 Years</minimum_age><maximum_age>N/A</maximum_age></eligibility>
</clinical_study>"""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("numbers", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--form", default=".nt")
    parser.add_argument("--jobs", default="2")
    options = parser.parse_args()
    trialkg = Path(sys.executable).with_name("trialkg")
    for count in sorted(options.numbers):
        with tempfile.TemporaryDirectory() as folder:
            records = Path(folder) / "records.zip"
            with zipfile.ZipFile(records, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                for n in range(count):
                    text = _RECORD.format(n=n, m=n % 90 + 10, p=50_000 + n % 1_000)
                    archive.writestr(f"{n // 1_000}/NCT{n:08d}.xml", text)
            start = time.perf_counter()
            command = [str(trialkg), "build", str(records), "-o", f"{folder}/out{options.form}", "--jobs", options.jobs]
            made = subprocess.run(command, capture_output=True, text=True, check=True)
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024  # of the largest so far
            print(made.stderr.strip().splitlines()[-1])
            print(f"{count:>8} documents: {time.perf_counter() - start:.0f} s, peak {peak} MB", flush=True)


if __name__ == "__main__":
    main()
