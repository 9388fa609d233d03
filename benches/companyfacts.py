"""companyfacts JSON to values: Chipcast against `json.loads` and against edgartools' own facts path.

Makes its Python environment below the target directory (edgartools from the package registry), builds
nothing else: run `cargo build --release --example companyfacts_speed` first. All three read the same
bytes, in memory, on one core, in one run; the best of several.

    python3 benches/companyfacts.py FILE...
"""

import json
import os
import re
import subprocess
import sys
import time
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
EXAMPLE = TARGET / "release" / "examples" / "companyfacts_speed"
ENVIRONMENT = TARGET / "bench-python"
EDGARTOOLS = "edgartools==5.62.0"
N_RUNS = 5


def environment() -> Path:
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", EDGARTOOLS], check=True)
    return python


def best(function, argument) -> float:
    seconds = []
    for _ in range(N_RUNS):
        start = time.perf_counter()
        function(argument)
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def peers(name: str) -> None:
    """Runs inside the environment: prints the seconds of `json.loads` and of edgartools."""
    from edgar.entity.parser import EntityFactsParser

    text = Path(name).read_bytes()
    facts = EntityFactsParser.parse_company_facts(json.loads(text))
    print(json.dumps({
        "loads": best(json.loads, text),
        "edgartools": best(lambda t: EntityFactsParser.parse_company_facts(json.loads(t)), text),
        "n_facts": len(facts) if hasattr(facts, "__len__") else None,
    }))


def main() -> None:
    if sys.argv[1:2] == ["--peers"]:
        return peers(sys.argv[2])
    python = environment()
    print(f"{'file':<28} {'MB':>5} {'chipcast':>9} {'json.loads':>11} {'edgartools':>11}"
          f" {'x loads':>8} {'x edgartools':>13}")
    for name in sys.argv[1:]:
        megabytes = Path(name).stat().st_size / 1e6
        ours = subprocess.run([EXAMPLE, name], capture_output=True, text=True, check=True).stdout
        speed = float(re.match(r"([\d.]+) MB/s", ours).group(1))
        theirs = subprocess.run([python, __file__, "--peers", name], capture_output=True, text=True,
                                check=True, env=os.environ | {"EDGAR_IDENTITY": "a a@example.org"})
        seconds = json.loads(theirs.stdout.splitlines()[-1])
        loads, edgartools = (megabytes / seconds[key] for key in ("loads", "edgartools"))
        short = "/".join(Path(name).parts[-2:])[-28:]
        print(f"{short:<28} {megabytes:>5.1f} {speed:>9.0f} {loads:>11.0f} {edgartools:>11.1f}"
              f" {speed / loads:>8.1f} {speed / edgartools:>13.0f}")


if __name__ == "__main__":
    main()
