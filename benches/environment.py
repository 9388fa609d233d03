"""The one Python environment of the scripts that measure peers, made below the target directory."""

import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
RELEASE = TARGET / "release"
ENVIRONMENT = TARGET / "bench-forecasting"
PACKAGES = ["arch==8.0.0", "edgartools==5.62.0", "mlforecast==1.0.2", "pandas==2.3.3",
            "pyarrow==26.0.1", "scikit-learn==1.9.1", "scipy==1.17.1", "statsforecast==2.1.1"]
# What every process of a comparison runs with, ours and theirs.
ONE_THREAD = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS",
                                     "NUMBA_NUM_THREADS", "RAYON_NUM_THREADS", "POLARS_MAX_THREADS")}


def environment() -> Path:
    """Its interpreter; packages come from the package registry on the first call, and when they change."""
    python, stamp = ENVIRONMENT / "bin" / "python", ENVIRONMENT / "packages.txt"
    if not stamp.exists() or stamp.read_text().split() != PACKAGES:
        if not python.exists():
            venv.create(ENVIRONMENT, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
        stamp.write_text("\n".join(PACKAGES) + "\n")
    return python


def inside() -> bool:
    """Whether this process runs in the environment already."""
    return sys.prefix == str(ENVIRONMENT)


def put(page: Path, script: str, text: str) -> None:
    """Writes what a script measured between its marks in a page."""
    start, end = f"<!-- measured by {script} -->", f"<!-- end of {script} -->"
    before, rest = page.read_text().split(start)
    page.write_text(f"{before}{start}\n{text}\n{end}{rest.split(end)[1]}")
