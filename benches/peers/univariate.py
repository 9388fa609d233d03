"""`chipcast panel` on public panels beside the forecasts that other libraries made of them.

The folder of public data holds `data/bench/set_{Q,M,Y}.parquet` and `data/bench/forecasts`. Scores are those of the M4 competition: OWA against
Naive2 of the same set, MSIS and coverage of the 95% interval. Forecasts are made of the training parts
alone; the test part is read for scoring.
"""

import re
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from common import Check

SETS = {"Q": (4, 8), "M": (12, 18), "Y": (1, 6)}
BOUNDS = {"Q": (0.861, 12.95), "M": (0.817, 6.10), "Y": (0.776, 28.88)}  # OWA, MSIS
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


def microseconds(command) -> float:
    """The first number of the line that says "us a series"."""
    printed = subprocess.run([str(word) for word in command], check=True, capture_output=True,
                             text=True).stdout
    print(printed, end="")
    return float(re.search(r"([0-9.]+) us a series", printed).group(1))


def anofox(target: Path) -> Path:
    """anofox-forecast's theta as a program of its own."""
    manifest = Path(__file__).resolve().parent.parent / "anofox" / "Cargo.toml"
    subprocess.run(["cargo", "build", "-q", "--release", "--manifest-path", str(manifest),
                    "--target-dir", str(target / "anofox")], check=True)
    return target / "anofox" / "release" / "anofox-speed"


def of_set(name, release, bench, theirs_theta) -> list[Check]:
    season, horizon = SETS[name]
    whole = pd.read_parquet(bench / f"set_{name}.parquet").sort_values(["unique_id", "t"])
    train = whole[~whole.is_test]
    data = {uid: (part.y[~part.is_test].to_numpy(), part.y[part.is_test].to_numpy())
            for uid, part in whole.groupby("unique_id")}
    stored = {path.stem[: -len(f"_{name}")]: pd.read_parquet(path)
              for path in sorted((bench / "forecasts").glob(f"*_{name}.parquet"))}
    naive2 = {uid: part.sort_values("step").yhat.to_numpy()
              for uid, part in stored["Naive2"].groupby("unique_id")}
    with tempfile.TemporaryDirectory() as folder:
        made, cpu, source = ours(release / "chipcast", train, season, horizon, Path(folder))
        lines = {}
        lines["chipcast panel"], cover = table(data, made, naive2, season)
        for model, forecasts in stored.items():
            lines[model] = table(data, forecasts.sort_values(["unique_id", "step"]), naive2,
                                 season)[0]
        print(f"\nset {name}, {len(data)} series")
        print(pd.DataFrame(lines).T.sort_values("owa").round(4).to_string())
        print("coverage by horizon:", np.round(cover, 3))
        timed = [source, season, horizon]
        theta = microseconds([release / "examples" / "univariate_speed", *timed])
        theta_ratio = theta / microseconds([theirs_theta, *timed])
    each = cpu / len(data)
    ratio = each / statsforecast_cpu(train, season, horizon)
    print(f"CPU: {1e3 * each:.2f} ms a series, process and reading in; "
          f"statsforecast's four models {1 / ratio:.0f} times that")
    got, (owa, msis) = lines["chipcast panel"], BOUNDS[name]
    inside = 0.935 <= got["coverage"] <= 0.965
    by_horizon = 0.92 <= got["least"] and got["most"] <= 0.975
    return [
        Check.at_most(f"panel {name}: OWA", got["owa"], owa, 3),
        Check.at_most(f"panel {name}: MSIS", got["msis"], msis, 2),
        Check(f"panel {name}: coverage of the 95% interval", f"{got['coverage']:.3f}",
              "0.935 to 0.965", bool(inside)),
        Check(f"panel {name}: coverage by horizon", f"{got['least']:.3f} to {got['most']:.3f}",
              "0.92 to 0.975", bool(by_horizon)),
        Check.at_most(f"panel {name}: CPU time, ratio to statsforecast's four models", ratio, 0.1),
        Check.at_most(f"panel {name}: theta's time, ratio to anofox-forecast's", theta_ratio, 1.0, 2),
    ]


def run(release: Path, shared: Path) -> list[Check]:
    """A table a set, and ratios of CPU time; `release` holds the binary and the examples."""
    theirs_theta = anofox(release.parent)
    bench = shared / "data" / "bench"
    return [check for name in SETS for check in of_set(name, release, bench, theirs_theta)]
