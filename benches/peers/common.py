"""What the sections of `forecasting.py` share: the binary, checks, resampling by blocks of origins."""

import io
import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd


@dataclass
class Check:
    """One line of the summary: what was measured beside what is needed; `holds` is None for a figure."""

    name: str
    measured: str
    needed: str = ""
    holds: bool | None = None

    @classmethod
    def at_most(cls, name, value, bound, digits=4):
        return cls(name, f"{value:.{digits}f}", f"at most {bound:.{digits}f}", bool(value <= bound))

    @classmethod
    def at_least(cls, name, value, bound, digits=4):
        return cls(name, f"{value:.{digits}f}", f"at least {bound:.{digits}f}", bool(value >= bound))


class Chipcast:
    """The release binary; every call is one process, as a scheduled job would make it."""

    def __init__(self, binary: Path, data: Path | None = None):
        self.command = [str(binary), "--format", "csv"]
        if data:
            self.command += ["--data", str(data)]

    def table(self, *arguments) -> pd.DataFrame:
        run = subprocess.run([*self.command, *map(str, arguments)], capture_output=True, text=True)
        if run.returncode not in (0, 1, 3):
            raise SystemExit(f"{' '.join(map(str, arguments))}: {run.stderr}")
        return pd.read_csv(io.StringIO(run.stdout))

    def backtest(self, series, models, start) -> pd.DataFrame:
        """Resolved rows by origin, with the absolute log error `e` and the quarter of the origin."""
        rows = self.table("backtest", *series, "--models", ",".join(models), "--from", start,
                          "--by", "origin").dropna(subset=["actual"]).copy()
        rows["e"] = (np.log(rows["median"]) - np.log(rows.actual)).abs()
        rows["quarter"] = pd.PeriodIndex(rows.origin_date, freq="Q")
        return rows

    def known(self, series, day) -> np.ndarray:
        """The longest gap-free tail of a series as it was known on a day."""
        rows = self.table("--as-of", day, "data", "show", series).sort_values("period_end")
        middle = pd.to_datetime(rows.period_end) - pd.Timedelta(days=45)
        number = (middle.dt.year * 4 + middle.dt.quarter).to_numpy()
        gaps = np.flatnonzero(np.diff(number) > 1)
        return rows.value.to_numpy()[(gaps[-1] + 1 if len(gaps) else 0):]


def blocks(n: int, length: int, n_resamples: int, seed: int = 0) -> np.ndarray:
    """Indices of circular block resamples, shape (n_resamples, n)."""
    random = np.random.default_rng(seed)
    length = min(length, n)
    starts = random.integers(0, n, size=(n_resamples, -(-n // length)))
    indices = (starts[:, :, None] + np.arange(length)) % n
    return indices.reshape(n_resamples, -1)[:, :n]


def interval_of_ratio(rows, numerator, denominator, length, coverage=0.90, n_resamples=4000):
    """Block-bootstrap interval of mean(numerator)/mean(denominator) over quarters of origins."""
    sums = rows.groupby("quarter")[[numerator, denominator]].sum().to_numpy()
    picked = sums[blocks(len(sums), length, n_resamples)].sum(axis=1)
    ratios = picked[:, 0] / picked[:, 1]
    return np.quantile(ratios, [(1 - coverage) / 2, (1 + coverage) / 2])


def interval_of_mean(rows, column, length, coverage=0.99, n_resamples=4000):
    """Block-bootstrap interval of a mean over quarters of origins."""
    grouped = rows.groupby("quarter")[column].agg(["sum", "size"]).to_numpy()
    picked = grouped[blocks(len(grouped), length, n_resamples)].sum(axis=1)
    means = picked[:, 0] / picked[:, 1]
    return np.quantile(means, [(1 - coverage) / 2, (1 + coverage) / 2])


def geometric_mean_ratio(errors: pd.DataFrame, model: str, reference: str) -> float:
    """Geometric mean over horizons of the ratio of mean errors."""
    by_horizon = errors.groupby("horizon")
    return float(np.exp(np.log(by_horizon[model].mean() / by_horizon[reference].mean()).mean()))
