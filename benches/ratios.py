"""Chipcast beside its peers, on the same inputs, on one thread: one table of ratios, from one command.

    python3 benches/ratios.py [--quick] [--only panels,ridge,law,facts] [--write] [FOLDER of public data]

`make peers` builds what is needed and calls it. It makes its Python environment below the target directory
(statsforecast, scikit-learn, mlforecast, edgartools and scipy from the package registry) and a small program of
the crates augurs and anofox-forecast. Without a folder the inputs are made up and no accuracy is printed.
`--write` puts the table into docs/speed.md and its summary into README.md. `--quick` is a trial of the script on a few series; its figures mean nothing.

The limit is what one thread of this machine needs at least to move the bytes of the input and to do the
operations, at rates measured in the same run; the operations are counted by hand and are an estimate.
Exit code 1 if a needed ratio is missed.
"""

import argparse
import importlib
import os
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from environment import ONE_THREAD, PACKAGES, RELEASE, ROOT, environment, inside, put

SECTIONS = ("facts", "law", "ridge", "panels")


def run(arguments) -> int:
    """Runs inside the environment."""
    sys.path.insert(0, str(ROOT / "benches" / "peers"))
    import speed

    rates = speed.Rates.measured()
    shared, quick = arguments.folder, arguments.quick
    found = []
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        accuracies = []
        if shared is not None and "panels" in arguments.only:
            panels = importlib.import_module("panels")
            accuracies = [panels.accuracy(shared, name, folder)
                          for name in (("Y",) if quick else panels.SETS)]
        for name in arguments.only.split(","):
            module = importlib.import_module(name)
            print(f"... {name}", file=sys.stderr, flush=True)
            found += module.rows(folder, quick) if name == "ridge" else module.rows(shared, folder, quick)
    missed = [row for row in found if row.holds is False] + [line for line in accuracies if "MISSED" in line]
    machine = (f"{date.today()}, {processor()}, one thread: {rates.bytes_per_second / 1e9:.1f} GB/s copied, "
               f"{rates.flop_per_second / 1e9:.1f} GFLOP/s")
    lines = [f"- {row.what}, {row.peer}: {row.note}" for row in found if row.note]
    lines += [f"- {line}" for line in accuracies]
    lines += ["", f"{len(missed)} needed figures are missed. Peers: {', '.join(PACKAGES)}; for the crates see "
              "`benches/crates/Cargo.lock`."]
    whole = "\n".join([machine, "", speed.table(found, rates), "", *lines])
    short = "\n".join([machine, "", speed.summary(found, rates), *(["", *(f"- {line}" for line in accuracies)]
                                                                 if accuracies else [])])
    print(f"\n{short}\n\n{whole}")
    if arguments.write:
        put(ROOT / "docs" / "speed.md", "benches/ratios.py", whole)
        put(ROOT / "README.md", "benches/ratios.py", short)
    return 1 if missed else 0


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return "unknown processor"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=lambda text: Path(text).resolve(), nargs="?")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--only", default=",".join(SECTIONS))
    arguments = parser.parse_args()
    if any(name not in SECTIONS for name in arguments.only.split(",")):
        parser.error(f"sections are {', '.join(SECTIONS)}")
    if not (RELEASE / "chipcast").exists():
        parser.error(f"`{RELEASE / 'chipcast'}` is missing; run `make peers`")
    if inside():
        return run(arguments)
    python = environment()
    return subprocess.run([python, __file__, *sys.argv[1:]], env=os.environ | ONE_THREAD).returncode


if __name__ == "__main__":
    sys.exit(main())
