"""Makes statsforecast_calls.json: columns and values of statsforecast 2.1.1 for the calls in test_panel.py.

    python statsforecast_calls.py > statsforecast_calls.json     (statsforecast==2.1.1, pandas 2)
"""

import json
import sys

import numpy as np
import pandas as pd
from statsforecast import StatsForecast, models

NAMES = "AutoETS AutoCES Naive SeasonalNaive RandomWalkWithDrift HistoricAverage Theta OptimizedTheta DynamicTheta DynamicOptimizedTheta Holt"
PLAIN = ("Naive", "HistoricAverage", "RandomWalkWithDrift")


def table() -> pd.DataFrame:
    n = np.arange(40)
    wave = np.tile([0.0, 6, 2, -5], 10)
    y = np.concatenate([100 + 1.5 * n + wave + 3 * np.sin(n * n), 60 - 0.2 * n + wave + 2 * np.cos(n * n)])
    ds = pd.date_range("2015-03-31", periods=40, freq="QE")
    return pd.DataFrame({"unique_id": ["b"] * 40 + ["a"] * 40, "ds": [*ds, *ds], "y": y})


def rows(frame: pd.DataFrame) -> dict:
    columns = {name: frame[name].tolist() for name in frame}
    for name in ("ds", "cutoff"):
        if name in columns:
            columns[name] = [str(at.date()) for at in frame[name]]
    return columns


made = {"table": rows(table()), "forecast": {}, "cross_validation": {}}
for name in NAMES.split():
    model = getattr(models, name)(**({} if name in PLAIN else {"season_length": 4}))
    forecaster = StatsForecast([model], freq="QE")
    for level in ([80, 95], [95, 80], [99.5]):
        made["forecast"][f"{name} {level}"] = rows(forecaster.forecast(df=table(), h=5, level=level))
    made["cross_validation"][name] = rows(forecaster.cross_validation(df=table(), h=3, n_windows=3, step_size=2))
json.dump(made, sys.stdout, indent=0)
