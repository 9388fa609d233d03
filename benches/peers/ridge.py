"""Rolling ridge: 1,000 series x 40 origins x 4 horizons, one lag and four columns, refitted at every origin.

The peer is the loop that one writes with scikit-learn: `Ridge(alpha=1).fit` a series and origin, then four
recursive `predict`. Both give the same numbers, which is checked. mlforecast's `cross_validation` is reported
beside: it fits one ridge for all series, which is another model. As a program: `ridge.py scikit-learn|mlforecast
CSV N_SERIES OUT`.
"""

import json
import sys
import time
from pathlib import Path

BENCHES = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(BENCHES))

import numpy as np
import pandas as pd

from environment import RELEASE
from speed import N_WHOLE, Row, used

N_ORIGINS, HORIZON, N_COLUMNS, N_VALUES = 40, 4, 4, 144
NEEDED = 100.0
# Series on which scikit-learn is timed; its time is multiplied up to all of them.
N_SAMPLED = 50
LARGEST_DEVIATION = 1e-9


def made_up(n_series: int, n_columns: int = N_COLUMNS, n_values: int = N_VALUES) -> pd.DataFrame:
    random = np.random.default_rng(7)
    x = random.normal(size=(n_series, n_values, n_columns))
    weights = random.normal(size=(n_series, 1, n_columns))
    noise = random.normal(size=(n_series, n_values)) + (x * weights).sum(axis=2)
    y = np.zeros((n_series, n_values))
    for at in range(1, n_values):
        y[:, at] = 0.6 * y[:, at - 1] + noise[:, at]
    columns = {f"x{k + 1}": x[:, :, k].ravel() for k in range(n_columns)}
    return pd.DataFrame({"unique_id": np.repeat([f"s{i:05}" for i in range(n_series)], n_values),
                         "ds": np.tile(np.arange(n_values), n_series), "y": y.ravel() + 100, **columns})


def flop(n_series: int, n_origins: int = N_ORIGINS, n_variables: int = N_COLUMNS + 1) -> float:
    """The least: each row enters the normal equations once, each origin solves them and predicts."""
    k = n_variables + 1
    enter = k * (k + 1)
    solve = k**3 / 3 + 2 * k**2 + HORIZON * 2 * k
    return n_series * ((N_VALUES - 1) * enter + n_origins * solve)


def rows(folder: Path, quick: bool) -> list[Row]:
    n_series, n_sampled = (20, 4) if quick else (1000, N_SAMPLED)
    source, out = folder / "ridge.csv", folder / "ridge.out.csv"
    frame = made_up(n_series)
    frame.to_csv(source, index=False)
    program = RELEASE / "examples" / "rolling_ridge"
    whole = used([program, source, N_ORIGINS, HORIZON, 1, out], n_runs=N_WHOLE)
    inside = float(used([program, source, N_ORIGINS, HORIZON, 5]).printed.split()[1]) * 1e-6
    ours = (whole.cpu, inside * n_series * N_ORIGINS)
    found = []
    for peer, n_timed, needed in (("scikit-learn", n_sampled, NEEDED), ("mlforecast", n_series, None)):
        theirs_out = folder / f"{peer}.csv"
        process = used([sys.executable, __file__, peer, source, n_timed, theirs_out])
        timed = json.loads(process.printed.splitlines()[-1])
        scaled = timed["seconds"] * n_series / n_timed
        note = f"{n_timed} of {n_series} series timed" if n_timed < n_series else ""
        claim = "rolling ridge" if needed else "rolling ridge (there one model for all series)"
        found.append(Row(claim, claim, peer, ours,
                         (process.cpu - timed["all_runs"] + scaled, scaled), needed,
                         8 * len(frame) * (N_COLUMNS + 1), flop(n_series), note))
        if needed:
            print(agreement(out, theirs_out))
    return found


def agreement(ours: Path, theirs: Path) -> str:
    """The same loop has to give the same numbers, or its time says nothing."""
    keys = ["unique_id", "cutoff", "step"]
    both = pd.read_csv(ours).merge(pd.read_csv(theirs), on=keys, suffixes=("", "_theirs"), how="right")
    deviation = ((both.yhat - both.yhat_theirs).abs() / both.yhat_theirs.abs()).max()
    if not deviation <= LARGEST_DEVIATION or set(both.model_used) != {"Ridge"}:
        raise SystemExit(f"rolling ridge: forecasts deviate by {deviation:.1e} from scikit-learn's")
    return f"rolling ridge: {len(both)} forecasts deviate from scikit-learn's by {deviation:.0e} at most"


def scikit_learn(frame) -> pd.DataFrame:
    from sklearn.linear_model import Ridge

    names = [name for name in frame.columns if name.startswith("x")]
    said = []
    for uid, part in frame.groupby("unique_id", sort=False):
        y, x = part.y.to_numpy(), part[names].to_numpy()
        design = np.column_stack([y[:-1], x[1:]])
        for origin in range(len(y) - HORIZON - N_ORIGINS + 1, len(y) - HORIZON + 1):
            model = Ridge(alpha=1.0).fit(design[: origin - 1], y[1:origin])
            last = y[origin - 1]
            for step in range(HORIZON):
                last = model.predict(np.concatenate([[last], x[origin + step]])[None, :])[0]
                said.append((uid, origin - 1, step + 1, last))
    return pd.DataFrame(said, columns=["unique_id", "cutoff", "step", "yhat"])


def mlforecast(frame) -> pd.DataFrame:
    from mlforecast import MLForecast
    from sklearn.linear_model import Ridge

    engine = MLForecast(models=[Ridge(alpha=1.0)], freq=1, lags=[1], num_threads=1)
    return engine.cross_validation(frame, n_windows=N_ORIGINS, h=HORIZON, step_size=1, static_features=[])


def time_peer(peer: str, source: str, n_series: int, out: str) -> None:
    """Runs in a process of its own."""
    frame = pd.read_csv(source)
    run = {"scikit-learn": scikit_learn, "mlforecast": mlforecast}[peer]
    ids = sorted(frame.unique_id.unique())
    before = time.process_time()
    run(frame[frame.unique_id == ids[0]])
    start = time.process_time()
    found = run(frame[frame.unique_id.isin(ids[:n_series])])
    end = time.process_time()
    found.to_csv(out, index=False)
    print(json.dumps({"seconds": end - start, "all_runs": end - before}))


if __name__ == "__main__":
    time_peer(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
