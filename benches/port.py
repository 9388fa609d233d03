"""One script of statsforecast, run with its own import and with chipcast's: scores and CPU seconds side by side.

    python3 benches/port.py ../shared WHEEL [series of each set, 200 by default]

The sets are the M4 series of `data/bench/set_{Q,M,Y}.parquet`, forecast from their training parts alone. Both
run in the environment of `forecasting.py`, one process a package and model, one thread, after a call on one series
that pays for what is compiled or loaded once. MASE and coverage of the 95% interval as the M4 organisers
define them. Prints a table of `python/README.md`.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from environment import TARGET, environment

SETS = {"Q": (4, 8), "M": (12, 18), "Y": (1, 6)}
MODELS = ("AutoETS", "AutoCES", "Theta", "OptimizedTheta", "DynamicTheta", "DynamicOptimizedTheta", "Holt",
          "SeasonalNaive", "RandomWalkWithDrift", "HistoricAverage", "Naive")
PLAIN = ("Naive", "HistoricAverage", "RandomWalkWithDrift")
# What a user has: one script, in which the import alone is another.
SCRIPT = """
from {package} import StatsForecast
from {package}.models import {model}

forecaster = StatsForecast(models=[{model}({season})], freq=1, n_jobs=1)
forecasts = forecaster.forecast(df=train, h=horizon, level=[95])
"""


def rows(shared: Path, key: str, n: int):
    """Training rows and test rows of the first so many M4 series of a set."""
    import pandas as pd

    table = pd.read_parquet(shared / "data" / "bench" / f"set_{key}.parquet").rename(columns={"t": "ds"})
    table = table[table.src.str.startswith("M4")]
    table = table[table.unique_id.isin(sorted(table.unique_id.unique())[:n])]
    names = ["unique_id", "ds", "y"]
    return table.loc[~table.is_test, names], table.loc[table.is_test, names]


def run(package: str, model: str, key: str, shared: Path, n: int) -> None:
    """In a process of its own: prints MASE, coverage and CPU seconds."""
    import numpy as np

    season, horizon = SETS[key]
    train, test = rows(shared, key, n)
    words = "" if model in PLAIN else f"season_length={season}"
    script = compile(SCRIPT.format(package=package, model=model, season=words), "script", "exec")
    first = train[train.unique_id == train.unique_id.iloc[0]]
    exec(script, {"train": first, "horizon": horizon})
    held = {"train": train, "horizon": horizon}
    start = time.process_time()
    exec(script, held)
    cpu = time.process_time() - start
    found = held["forecasts"].merge(test, on=["unique_id", "ds"], validate="one_to_one")
    assert len(found) == len(test), "every period of the test part is forecast"
    name = next(column for column in held["forecasts"] if column not in ("unique_id", "ds"))
    scale = train.groupby("unique_id").y.apply(lambda y: np.abs(y.diff(season)).mean())
    error = (found.y - found[name]).abs() / found.unique_id.map(scale)
    inside = (found.y >= found[f"{name}-lo-95"]) & (found.y <= found[f"{name}-hi-95"])
    mase = error.groupby(found.unique_id).mean().replace(np.inf, np.nan).mean()
    print(json.dumps({"n": train.unique_id.nunique(), "mase": mase, "coverage": inside.mean(), "cpu": cpu}))


def main(shared: Path, wheel: Path, n: int) -> None:
    beside = TARGET / "port"
    command = [environment(), "-m", "pip", "install", "-q", "--no-deps", "--upgrade", "--target", beside, wheel]
    subprocess.run(command, check=True)
    print("| set | series | model | MASE | theirs | coverage | theirs | CPU, s | theirs |\n" + "|---" * 9 + "|")
    for key in SETS:
        for model in MODELS:
            both = []
            for package in ("chipcast", "statsforecast"):
                words = ["--one", package, model, key, shared, n]
                done = subprocess.run([environment(), __file__, *map(str, words)], capture_output=True, text=True,
                                      check=True, env={"PYTHONPATH": str(beside), "PATH": "/usr/bin:/bin"})
                both.append(json.loads(done.stdout.splitlines()[-1]))
            cells = [f"{one[measure]:.3g}" if measure == "cpu" else f"{one[measure]:.3f}"
                     for measure in ("mase", "coverage", "cpu") for one in both]
            print(f"| {key} | {both[0]['n']:,} | {model} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        run(*sys.argv[2:5], Path(sys.argv[5]), int(sys.argv[6]))
    elif len(sys.argv) in (3, 4):
        shared, wheel = (Path(word).resolve() for word in sys.argv[1:3])
        main(shared, wheel, int(sys.argv[3]) if len(sys.argv) == 4 else 200)
    else:
        sys.exit(__doc__)
