"""Models of one series: `chipcast panel` against statsforecast, and against augurs and anofox-forecast.

Against statsforecast both sides read the same CSV. With 95% intervals: theirs follow from a formula, ours from
the errors of forecasts at ten or more earlier origins, which the combination needs too. Points alone: our small
example, without them. The Rust crates are beside the same example. As a program: `panels.py CSV SEASON HORIZON N_SERIES
MODEL...` times statsforecast inside its environment.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

BENCHES = Path(__file__).resolve().parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(BENCHES))

import numpy as np
import pandas as pd

from environment import RELEASE, TARGET
from speed import N_WHOLE, Row, used

SETS = {"Q": (4, 8), "M": (12, 18), "Y": (1, 6)}
FOUR = ["AutoARIMA", "AutoETS", "AutoCES", "DynamicOptimizedTheta"]
THETA = ["Theta", "OptimizedTheta", "DynamicTheta", "DynamicOptimizedTheta"]
# Series on which the peer is timed, evenly by name; its time is multiplied up to all of them.
N_SAMPLED = {"four": 40, "slow": 100}
NEEDED_FOUR, NEEDED_THETA, NEEDED_CRATES = 10.0, 15.0, 1.0
CRATES = {"anofox-Theta": "Theta", "anofox-DynamicOptimizedTheta": "DynamicOptimizedTheta",
          "anofox-AutoETS": "AutoETS", "augurs-AutoETS": "AutoETS"}
# The limit's estimate: searches for parameters x passes over a series x operations a value, counted by hand.
PASSES_A_SEARCH, FLOP_A_VALUE = 50, 12
SEARCHES = {"AutoETS": 3, "AutoCES": 2, "Chipcast": 10}
# A 95% interval rests on forecasts from ten earlier origins.
N_ORIGINS_OF_INTERVAL = 11


def made_up(season: int, n_series: int = 1000, n_values: int = 60) -> pd.DataFrame:
    """Random walks with a season, where no public panel lies beside the project."""
    random = np.random.default_rng(season)
    steps = random.normal(0.002, 0.05, (n_series, n_values)).cumsum(axis=1)
    wave = random.normal(0, 0.1, (n_series, season))[:, np.arange(n_values) % season]
    return pd.DataFrame({"unique_id": np.repeat([f"s{i:05}" for i in range(n_series)], n_values),
                         "ds": np.tile(np.arange(n_values), n_series),
                         "y": (100 * np.exp(steps + wave * (season > 1))).ravel()})


def training_part(shared: Path | None, name: str) -> pd.DataFrame:
    if shared is None:
        return made_up(SETS[name][0])
    whole = pd.read_parquet(shared / "data" / "bench" / f"set_{name}.parquet")
    train = whole[~whole.is_test].rename(columns={"t": "ds"})[["unique_id", "ds", "y"]]
    return train.sort_values(["unique_id", "ds"])


def warm(program, source, season, horizon, names, n_runs=5) -> dict[str, float]:
    """Seconds a series by model, as one of the two small programs prints them."""
    if program.name == "univariate_speed":
        printed = used([program, source, season, horizon, n_runs, *names]).printed
    else:
        printed = "".join(used([program, source, season, horizon, name, n_runs]).printed for name in names)
    lines = [line.split() for line in printed.splitlines()]
    return {line[0]: float(line[1]) * 1e-6 for line in lines}


def crate_speed() -> Path:
    """augurs and anofox-forecast as a program of their own, built on the first call."""
    subprocess.run(["cargo", "build", "-q", "--release", "--locked", "--manifest-path",
                    str(BENCHES / "crates" / "Cargo.toml"), "--target-dir", str(TARGET / "crates")], check=True)
    return TARGET / "crates" / "release" / "crate-speed"


def flop(n_values: int, model: str, n_origins: int = 1) -> float:
    return n_values * SEARCHES.get(model, 1) * PASSES_A_SEARCH * FLOP_A_VALUE * n_origins


def against_statsforecast(name, source, n_series, n_values, quick) -> list[Row]:
    season, horizon = SETS[name]
    command = [RELEASE / "chipcast", "-q", "panel", source, "--horizon", horizon, "--season", season, "--out",
               Path(source).with_suffix(".parquet"), "--model"]
    speed = RELEASE / "examples" / "univariate_speed"
    asked = [("Chipcast", FOUR, "four-model mean", NEEDED_FOUR, N_SAMPLED["four"])]
    asked += [(model, [model], model, NEEDED_THETA, n_series) for model in THETA]
    asked += [(model, [model], model, None, N_SAMPLED["slow"]) for model in ("AutoETS", "AutoCES")]
    models = [model for model, *_ in asked]
    inside = warm(speed, source, season, horizon, models + [f"{model}/0.95" for model in models],
                  n_runs=1 if quick else 3)
    rows = []
    for model, theirs, what, needed, n_sampled in asked:
        n_sampled = min(n_sampled, 3 if quick else n_sampled, n_series)
        peer = used([sys.executable, __file__, source, season, horizon, n_sampled, *theirs])
        timed = json.loads(peer.printed.splitlines()[-1])
        note = f"{timed['n_series']} of {n_series} series timed" if n_sampled < n_series else ""
        kinds = [("95% intervals", "/0.95", [*command, model], N_ORIGINS_OF_INTERVAL)]
        if model in THETA:
            kinds.append(("points", "", [speed, source, season, horizon, 1, model], 1))
        for kind, suffix, ours, n_origins in kinds:
            whole = used(ours, n_runs=N_WHOLE)
            scaled = timed[kind] * n_series / timed["n_series"]
            claim = f"theta family, {kind}" if model in THETA else f"{what}, {kind}"
            rows.append(Row(
                claim, f"{what}, {kind}, set {name}", "statsforecast",
                (whole.cpu, inside[model + suffix] * n_series), (peer.cpu - timed["all_runs"] + scaled, scaled),
                needed, Path(source).stat().st_size, flop(n_values, model, n_origins), note))
    return rows


def against_crates(name, source, n_series, n_values, quick) -> list[Row]:
    season, horizon = SETS[name]
    program, speed = crate_speed(), RELEASE / "examples" / "univariate_speed"
    # augurs has no season in its own smoothing: the same method runs on yearly data alone.
    pairs = {theirs: mine for theirs, mine in CRATES.items() if season == 1 or "augurs" not in theirs}
    n_runs = 1 if quick else 3
    inside = warm(speed, source, season, horizon, sorted(set(pairs.values())), n_runs)
    rows = []
    for theirs, mine in pairs.items():
        whole = used([speed, source, season, horizon, 1, mine], n_runs=N_WHOLE)
        peer = used([program, source, season, horizon, theirs, 1], n_runs=N_WHOLE)
        peer_inside = warm(program, source, season, horizon, [theirs], n_runs)[theirs]
        rows.append(Row("the same method, points", f"{mine}, points, set {name}", theirs.split("-")[0],
                        (whole.cpu, inside[mine] * n_series), (peer.cpu, peer_inside * n_series), NEEDED_CRATES,
                        Path(source).stat().st_size, flop(n_values, mine)))
    return rows


def accuracy(shared: Path, name: str, folder: Path) -> str:
    """OWA of our combination and of statsforecast's four-model mean, on the series that have all four."""
    import univariate

    season, horizon = SETS[name]
    whole = pd.read_parquet(shared / "data/bench" / f"set_{name}.parquet").sort_values(["unique_id", "t"])
    data = {uid: (part.y[~part.is_test].to_numpy(), part.y[part.is_test].to_numpy())
            for uid, part in whole.groupby("unique_id")}
    stored = shared / "data/bench/forecasts"
    four = [forecasts_of(model, name, shared) for model in FOUR]
    mean = pd.concat(four).groupby(["unique_id", "step"])[["yhat", "lo95", "hi95"]].agg(["mean", "size"])
    complete = mean[mean[("yhat", "size")] == len(FOUR)].xs("mean", axis=1, level=1).reset_index()
    naive2 = pd.read_parquet(stored / f"Naive2_{name}.parquet").sort_values("step")
    naive2 = {uid: part.yhat.to_numpy() for uid, part in naive2.groupby("unique_id")}
    made = univariate.ours(RELEASE / "chipcast", whole[~whole.is_test], season, horizon, folder)
    made = made[made.unique_id.isin(set(complete.unique_id))]
    owa = [univariate.table(data, forecasts, naive2, season)[0] for forecasts in (made, complete)]
    verdict = "holds" if owa[0]["owa"] <= owa[1]["owa"] else "MISSED"
    return (f"set {name}, {owa[0]['n']} series: OWA {owa[0]['owa']:.4f}, statsforecast's four-model mean"
            f" {owa[1]['owa']:.4f}: {verdict}")


def forecasts_of(model: str, name: str, shared: Path) -> pd.DataFrame:
    """statsforecast's forecasts of a set: the stored ones, or made here once and kept beside the environment.

    A series on which the model fails has no rows.
    """
    stored, made = (folder / f"{model}_{name}.parquet"
                    for folder in (shared / "data/bench/forecasts", TARGET / "peer-forecasts"))
    for file in (stored, made):
        if file.exists():
            return pd.read_parquet(file)
    from statsforecast import models

    season, horizon = SETS[name]
    engine, parts = getattr(models, model)(season_length=season), []
    for uid, part in training_part(shared, name).groupby("unique_id"):
        try:
            said = engine.forecast(y=part.y.to_numpy(), h=horizon, level=[95])
        except Exception as error:  # theirs may raise anything
            print(f"{model} of {uid}: {error}", file=sys.stderr)
            continue
        parts.append(pd.DataFrame({"unique_id": uid, "step": range(1, horizon + 1), "yhat": said["mean"],
                                   "lo95": said["lo-95"], "hi95": said["hi-95"]}))
    forecasts = pd.concat(parts)
    made.parent.mkdir(parents=True, exist_ok=True)
    forecasts.to_parquet(made, index=False)
    return forecasts


def rows(shared: Path | None, folder: Path, quick: bool) -> list[Row]:
    found = []
    for name in ("Q",) if quick else SETS:
        train = training_part(shared, name)
        if quick:
            train = train[train.unique_id.isin(sorted(train.unique_id.unique())[:40])]
        source = folder / f"{name}.csv"
        train.to_csv(source, index=False)
        asked = (name, source, train.unique_id.nunique(), len(train), quick)
        found += against_statsforecast(*asked) + against_crates(*asked)
    return found


def time_statsforecast(source, season, horizon, n_sampled, names) -> None:
    """Runs in a process of its own: CPU seconds of a second, warm forecast of the sampled series."""
    from statsforecast import StatsForecast, models

    frame = pd.read_csv(source)
    ids = sorted(frame.unique_id.unique())
    ids = ids[:: max(1, len(ids) // n_sampled)][:n_sampled]
    sample = frame[frame.unique_id.isin(ids)]
    engine = StatsForecast(models=[getattr(models, name)(season_length=season) for name in names], freq=1,
                           n_jobs=1)
    before = time.process_time()
    engine.forecast(df=sample[sample.unique_id == ids[0]], h=horizon, level=[95])
    seconds = {}
    for kind, asked in (("95% intervals", {"level": [95]}), ("points", {})):
        start = time.process_time()
        engine.forecast(df=sample, h=horizon, **asked)
        seconds[kind] = time.process_time() - start
    print(json.dumps(seconds | {"all_runs": time.process_time() - before, "n_series": len(ids)}))


if __name__ == "__main__":
    csv, season, horizon, n_sampled, *names = sys.argv[1:]
    time_statsforecast(csv, int(season), int(horizon), int(n_sampled), names)
