"""Few variables on FRED-QD: 26 targets, horizons 1, 2, 4 and 8, origins from 1990 on.

The example `few_variables` makes every forecast; the shared reference's results for the same origins are
laid beside its rows of least squares and of the plain mean of the 20 best. The rule of the engine's own
choice (`models/few_variables.toml`) was fixed before the first run on these origins.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from common import Check

HORIZONS = (1, 2, 4, 8)
VARIABLES = ("1", "2", "3", "5", "8", "12")
# Targets on which the reference's loop is timed.
N_TIMED = 1


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ours(release: Path, parquet: Path, folder: Path) -> tuple[pd.DataFrame, float]:
    """The example's rows, and its CPU seconds."""
    before = cpu_seconds()
    run = subprocess.run([release / "examples" / "few_variables", parquet, "--csv", folder / "rows.csv"],
                         capture_output=True, text=True)
    used = cpu_seconds() - before
    if run.returncode:
        raise SystemExit(f"few_variables: {run.stderr}")
    print(run.stdout)
    return pd.read_csv(folder / "rows.csv", dtype={"way": str}), used


def reference_seconds(shared: Path, parquet: Path, folder: Path) -> float:
    """CPU seconds of the reference's loop, timed on its first targets and scaled to all of them."""
    script = (shared / "peers" / "fred_few_vars.py").read_text()
    script = script.replace("for tg in targets:", f"for tg in targets[:{N_TIMED}]:")
    (folder / "fred_qd.parquet").symlink_to(parquet)
    (folder / "loop.py").write_text(script)
    environment = os.environ | {"BENCH": str(folder), "OMP_NUM_THREADS": "1",
                                "OPENBLAS_NUM_THREADS": "1"}
    before, start = cpu_seconds(), time.perf_counter()
    run = subprocess.run([sys.executable, folder / "loop.py"], env=environment, capture_output=True,
                         text=True)
    if run.returncode:
        raise SystemExit(f"fred_few_vars.py: {run.stderr}")
    print(f"reference, {N_TIMED} of 26 targets: {time.perf_counter() - start:.0f} s")
    return (cpu_seconds() - before) * 26 / N_TIMED


def geometric(rows: pd.DataFrame, column: str = "relative_rmse") -> float:
    return float(np.exp(np.log(rows[column]).mean()))


def agreement(rows: pd.DataFrame, reference: pd.DataFrame) -> list[Check]:
    """Our rows beside the reference's: the largest relative deviation of the RMSE."""
    names = {"ar": "0", "mean_of_best": "comb_top20"}
    mine = rows[rows.era == "all"].assign(k=lambda r: r.way.replace(names))
    both = mine.merge(reference, left_on=["target", "horizon", "k"], right_on=["target", "h", "k"],
                      suffixes=("", "_reference"))
    both["deviation"] = (both.rmse / both.rmse_reference - 1).abs()
    checks = [Check("rows compared with the reference", str(len(both)), "832", len(both) == 832)]
    for k, of_k in both.groupby("k", sort=False):
        worst = of_k.deviation.max()
        checks.append(Check(f"deviation of RMSE from the reference, {k}", f"{worst:.0e}",
                            "at most 1e-9", bool(worst <= 1e-9)))
    return checks


def claim(rows: pd.DataFrame) -> list[Check]:
    """Adding k correlation-picked variables by least squares raises RMSE by 5 to 18%."""
    everything = rows[rows.era == "all"]
    raised = [geometric(everything[(everything.way == k) & (everything.horizon == h)]) - 1
              for k in VARIABLES for h in HORIZONS]
    return [Check("k variables raise RMSE, least over k and h", f"{min(raised):.4f}", "5 to 18%, rounded",
                  0.045 <= min(raised)),
            Check("k variables raise RMSE, most over k and h", f"{max(raised):.4f}", "5 to 18%, rounded",
                  max(raised) <= 0.185)]


def engine(rows: pd.DataFrame) -> list[Check]:
    everything = rows[rows.era == "all"]
    checks = []
    for way in ("mean_of_best", "ar_in_range", "combination", "engine"):
        of_way = everything[everything.way == way]
        lowered = {h: 1 - geometric(of_way[of_way.horizon == h]) for h in HORIZONS}
        mean = float(np.mean(list(lowered.values())))
        told = " / ".join(f"{100 * v:.1f}" for v in lowered.values()) + f"%, mean {100 * mean:.2f}%"
        checks.append(Check(f"{way}: RMSE lowered at h=1/2/4/8", told))
        if way == "engine":
            checks.append(Check.at_least("engine: RMSE lowered, mean over horizons", mean, 0.010))
            checks.append(Check.at_least("engine: RMSE lowered, worst horizon", min(lowered.values()),
                                         0.0))
            kept = everything[everything.way == "ar_in_range"].set_index(["target", "horizon"])
            both = everything[everything.way == "combination"].set_index(["target", "horizon"])
            alone = np.log(both.relative_rmse / kept.relative_rmse).groupby("horizon").mean()
            told = " / ".join(f"{100 * (1 - np.exp(alone[h])):.1f}" for h in HORIZONS)
            checks.append(Check("of that by the variables: combination against ar_in_range", told + "%"))
            better = (of_way.p_better < 0.05).sum()
            worse = (of_way.p_better > 0.95).sum()
            checks.append(Check("engine: targets x horizons better / worse at 5% (DM-HLN)",
                                f"{better} / {worse} of {len(of_way)}"))
    return checks


def eras_and_groups(rows: pd.DataFrame) -> list[Check]:
    of_engine = rows[rows.way == "engine"]
    checks = []
    for era, of_era in of_engine.groupby("era", sort=False):
        told = " / ".join(f"{100 * (1 - geometric(of_era[of_era.horizon == h])):+.1f}"
                          for h in HORIZONS)
        checks.append(Check(f"engine, quarters {era}: RMSE lowered at h=1/2/4/8", told + "%"))
    for group, of_group in of_engine[of_engine.era == "all"].groupby("group", sort=False):
        told = " / ".join(f"{100 * (1 - geometric(of_group[of_group.horizon == h])):+.1f}"
                          for h in HORIZONS)
        checks.append(Check(f"engine, {group}: RMSE lowered at h=1/2/4/8", told + "%"))
    return checks


def run(release: Path, shared: Path) -> list[Check]:
    """All claims about few variables; `release` holds the examples."""
    bench = shared / "data" / "bench"
    parquet = (bench / "fred_qd.parquet").resolve()
    with tempfile.TemporaryDirectory() as folder:
        rows, used = ours(release, parquet, Path(folder))
        loop = reference_seconds(shared, parquet, Path(folder))
    reference = pd.read_csv(bench / "fred_qd_few_vars.csv", dtype={"k": str})
    return [*agreement(rows, reference), *claim(rows), *engine(rows), *eras_and_groups(rows),
            Check("CPU seconds, ours / the reference's loop (with its PCA and ridge)", f"{used:.1f} / {loop:.0f}",
                  "at most a tenth", used <= loop / 10)]
