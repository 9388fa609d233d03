"""The Python environment of the scripts that measure peers, made below the target directory."""

import os
import subprocess
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
ENVIRONMENT = TARGET / "bench-forecasting"
PACKAGES = ["statsforecast==2.1.1", "arch==8.0.0", "pandas==2.3.3", "pyarrow==26.0.1", "scipy"]


def environment() -> Path:
    """Its interpreter; packages come from the package registry on the first call."""
    python = ENVIRONMENT / "bin" / "python"
    if not python.exists():
        venv.create(ENVIRONMENT, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True)
    return python
