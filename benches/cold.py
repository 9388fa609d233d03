#!/usr/bin/env python3
"""Times whole cold processes of the release binary against the budgets of DESIGN.md.

Needs Python alone. Builds nothing: run `cargo build --release` first. Prints the median of the runs;
single figures of a busy machine mean little, so read the ratio to the budget.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUDGETS = [
    ("forecast of one series, no archive", ["-q", "forecast", "nvda.revenue"], 0.2),
    ("run: the whole industry", ["-q", "run", "--out", "reports"], 5.0),
]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    parser.add_argument("--binary", type=Path, default=target / "release" / "chipcast")
    parser.add_argument("--runs", type=int, default=7)
    arguments = parser.parse_args()
    if not arguments.binary.exists():
        print(f"error: `{arguments.binary}` is missing; run `cargo build --release`", file=sys.stderr)
        return 2
    for name, command, budget in BUDGETS:
        seconds = []
        for _ in range(arguments.runs + 1):
            with tempfile.TemporaryDirectory() as folder:
                start = time.perf_counter()
                subprocess.run(
                    [arguments.binary.resolve(), *command], cwd=folder, check=True, capture_output=True
                )
                seconds.append(time.perf_counter() - start)
        median = statistics.median(seconds[1:])
        print(f"{name}: median {median:.3f} s, budget {budget} s, ratio {median / budget:.2f}")
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(f"peak memory of the largest process: {peak:.0f} MB, budget 500 MB")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
