"""`chipcast panel` on public panels beside the forecasts that other libraries made of them.

    python3 benches/peers/univariate.py SHARED [BINARY]

SHARED holds `data/bench/set_{Q,M,Y}.parquet` and `data/bench/forecasts`; needed are numpy, pandas and
pyarrow, and statsforecast for the ratio of CPU time. Scores are those of the M4 competition: OWA against
Naive2 of the same set, MSIS and coverage of the 95% interval. Forecasts are made of the training parts
alone; the test part is read for scoring.
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

ROOT = Path(__file__).resolve().parent.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
SETS = {"Q": (4, 8), "M": (12, 18), "Y": (1, 6)}
N_SAMPLED = 20  # series on which statsforecast's four models are timed


def score(x, y, season, yhat, lo=None, hi=None):
    """sMAPE, MASE and MSIS of one series, as the M4 organisers define them."""
    scale = np.mean(np.abs(x[season:] - x[:-season]))
    size = np.abs(y) + np.abs(yhat)
    smape = np.mean(np.where(size == 0, 0, 200 * np.abs(y - yhat) / np.where(size == 0, 1, size)))
    if lo is None:
        return smape, np.mean(np.abs(y - yhat)) / scale, np.nan
    width = (hi - lo) + 40 * (lo - y) * (y < lo) + 40 * (y - hi) * (y > hi)
    return smape, np.mean(np.abs(y - yhat)) / scale, np.mean(width) / scale


def table(data, forecasts, naive2, season):
    """One line of scores, and coverage by horizon."""
    rows, hits, base = [], [], []
    for uid, part in forecasts.groupby("unique_id"):
        x, y = data[uid]
        if np.mean(np.abs(x[season:] - x[:-season])) == 0 or not np.isfinite(part.yhat).all():
            continue
        yhat, lo, hi = (part[c].to_numpy()[: len(y)] for c in ("yhat", "lo95", "hi95"))
        rows.append(score(x, y, season, yhat, lo, hi))
        base.append(score(x, y, season, naive2[uid][: len(y)]))
        hits.append((y >= lo) & (y <= hi))
    (smape, mase, msis), against = np.mean(rows, axis=0), np.mean(base, axis=0)
    owa = 0.5 * (smape / against[0] + mase / against[1])
    cover = np.mean(hits, axis=0)
    return dict(n=len(rows), smape=smape, mase=mase, owa=owa, msis=msis, coverage=cover.mean(),
                least=cover.min(), most=cover.max()), cover


def ours(binary, train, season, horizon, folder):
    """Our forecasts and the CPU seconds of the whole process."""
    source, out = folder / "train.csv", folder / "out.parquet"
    train.rename(columns={"t": "ds"})[["unique_id", "ds", "y"]].to_csv(source, index=False)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = ["panel", source, "--horizon", horizon, "--season", season, "--out", out]
    subprocess.run([binary, "-q", *map(str, command)], check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    made = pd.read_parquet(out).rename(columns={"lo": "lo95", "hi": "hi95"})
    return made.sort_values(["unique_id", "step"]), cpu, source


def statsforecast_cpu(train, season, horizon):
    """CPU seconds a series of statsforecast's AutoARIMA, AutoETS, AutoCES and DOT, on a sample."""
    from statsforecast import StatsForecast
    from statsforecast import models

    ids = sorted(train.unique_id.unique())
    ids = ids[:: max(1, len(ids) // N_SAMPLED)][:N_SAMPLED]
    names = ["AutoARIMA", "AutoETS", "AutoCES", "DynamicOptimizedTheta"]
    engine = StatsForecast(models=[getattr(models, n)(season_length=season) for n in names],
                           freq=1, n_jobs=1)
    sample = train[train.unique_id.isin(ids)].rename(columns={"t": "ds"})
    engine.forecast(df=sample[sample.unique_id == ids[0]][["unique_id", "ds", "y"]], h=horizon)
    start = time.process_time()
    engine.forecast(df=sample[["unique_id", "ds", "y"]], h=horizon, level=[95])
    return (time.process_time() - start) / len(ids)


def run(shared, binary):
    """Prints a table a set, and ratios of CPU time."""
    bench = Path(shared) / "data" / "bench"
    for name, (season, horizon) in SETS.items():
        whole = pd.read_parquet(bench / f"set_{name}.parquet").sort_values(["unique_id", "t"])
        train = whole[~whole.is_test]
        data = {uid: (part.y[~part.is_test].to_numpy(), part.y[part.is_test].to_numpy())
                for uid, part in whole.groupby("unique_id")}
        stored = {path.stem[: -len(f"_{name}")]: pd.read_parquet(path)
                  for path in sorted((bench / "forecasts").glob(f"*_{name}.parquet"))}
        naive2 = {uid: part.sort_values("step").yhat.to_numpy()
                  for uid, part in stored["Naive2"].groupby("unique_id")}
        with tempfile.TemporaryDirectory() as folder:
            made, cpu, source = ours(binary, train, season, horizon, Path(folder))
            lines, cover = {}, None
            lines["chipcast panel"], cover = table(data, made, naive2, season)
            for model, forecasts in stored.items():
                lines[model] = table(data, forecasts.sort_values(["unique_id", "step"]), naive2,
                                     season)[0]
            print(f"\n## set {name}, {len(data)} series\n")
            print(pd.DataFrame(lines).T.sort_values("owa").round(4).to_string())
            print("coverage by horizon:", np.round(cover, 3))
            each = cpu / len(data)
            print(f"CPU: {1e3 * each:.2f} ms a series, process and reading in")
            speed = TARGET / "release" / "examples" / "univariate_speed"
            if speed.exists():
                subprocess.run([speed, source, str(season), str(horizon)], check=True)
        try:
            theirs = statsforecast_cpu(train, season, horizon)
            print(f"statsforecast's four models: {theirs / each:.0f} x our CPU time")
        except ImportError:
            print("statsforecast is not here: no ratio")


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else TARGET / "release" / "chipcast")
