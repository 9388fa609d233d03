"""`chipcast panel` on public panels beside the forecasts that other libraries made of them.

The folder of public data holds `data/bench/set_{Q,M,Y}.parquet` and `data/bench/forecasts`. Scores are those of the M4 competition: OWA against
Naive2 of the same set, MSIS and coverage of the 95% interval. Forecasts are made of the training parts
alone; the test part is read for scoring.
"""

import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

from common import Check

SETS = {"Q": (4, 8), "M": (12, 18), "Y": (1, 6)}
BOUNDS = {"Q": (0.861, 12.95), "M": (0.817, 6.10), "Y": (0.776, 28.88)}  # OWA, MSIS


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
    """Our forecasts, as the command writes them."""
    source, out = folder / "train.csv", folder / "out.parquet"
    train.rename(columns={"t": "ds"})[["unique_id", "ds", "y"]].to_csv(source, index=False)
    command = ["panel", source, "--horizon", horizon, "--season", season, "--out", out]
    subprocess.run([binary, "-q", *map(str, command)], check=True)
    made = pd.read_parquet(out).rename(columns={"lo": "lo95", "hi": "hi95"})
    return made.sort_values(["unique_id", "step"])


def of_set(name, release, bench) -> list[Check]:
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
        made = ours(release / "chipcast", train, season, horizon, Path(folder))
        lines = {}
        lines["chipcast panel"], cover = table(data, made, naive2, season)
        for model, forecasts in stored.items():
            lines[model] = table(data, forecasts.sort_values(["unique_id", "step"]), naive2,
                                 season)[0]
        print(f"\nset {name}, {len(data)} series")
        print(pd.DataFrame(lines).T.sort_values("owa").round(4).to_string())
        print("coverage by horizon:", np.round(cover, 3))
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
    ]


def run(release: Path, shared: Path) -> list[Check]:
    """A table a set; `release` holds the binary. `ratios.py` tells what it costs beside the others."""
    bench = shared / "data" / "bench"
    return [check for name in SETS for check in of_set(name, release, bench)]
