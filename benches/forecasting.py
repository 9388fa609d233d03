"""Every claim about forecasts, measured again in one run, with its ratio to the peers.

Three sections: the industry's own series, few variables on FRED-QD, the univariate panels. It makes its
Python environment below the target directory (statsforecast and arch from the package registry) and
reads the public benchmark data that lie beside the project. Build first:
`cargo build --release --locked --bins --examples`.

    python3 benches/forecasting.py ../shared [industry|few_variables|univariate ...]

Prints the tables of each section, then one line a claim: what was measured, what is needed, whether it
holds. Exit code 1 if one does not hold.
"""

import subprocess
import sys
from pathlib import Path

from environment import ENVIRONMENT, ROOT, TARGET, environment

SECTIONS = ("industry", "few_variables", "univariate")


def run(shared: Path, names: list[str]) -> int:
    """Runs inside the environment."""
    import importlib

    sys.path.insert(0, str(ROOT / "benches" / "peers"))
    checks = []
    for name in names or SECTIONS:
        print(f"\n=== {name}", flush=True)
        checks += importlib.import_module(name).run(TARGET / "release", shared)
    print("\n=== claims")
    for check in checks:
        verdict = {True: "holds", False: "MISSED", None: ""}[check.holds]
        print(f"{check.name:<66} {check.measured:>34}  {check.needed:<18} {verdict}")
    missed = [check for check in checks if check.holds is False]
    print(f"\n{len(missed)} of {sum(c.holds is not None for c in checks)} claims do not hold")
    return 1 if missed else 0


def main() -> int:
    if len(sys.argv) < 2 or any(name not in SECTIONS for name in sys.argv[2:]):
        sys.exit(__doc__)
    if sys.prefix == str(ENVIRONMENT):
        return run(Path(sys.argv[1]).resolve(), sys.argv[2:])
    return subprocess.run([environment(), __file__, *sys.argv[1:]]).returncode


if __name__ == "__main__":
    sys.exit(main())
