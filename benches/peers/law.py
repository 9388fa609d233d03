"""`scale law --fit` against scipy: the same objective, the same runs, 4,000 refits.

The reference is `scipy.optimize.minimize` (BFGS) on a numpy objective, each refit from the optimum, in two
variants: with scipy's numerical gradient, and with an analytic one. Of its 4,000 refits 100 are run and their
time is multiplied by 40. As a program: `law.py FILE N_SAMPLED` times it.
"""

import io
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

N_BOOTSTRAPS, N_SAMPLED, N_DROPPED = 4000, 100, 5
NEEDED = 20.0
DELTA = 1e-3
# Starts of the reference's own fit; the best end counts.
STARTS = [(6.0, 6.0, 0.5, 0.34, 0.28), (5.0, 5.0, 0.5, 0.5, 0.5), (10.0, 10.0, 0.0, 0.5, 0.5)]
# The limit's estimate: a refit looks at every run some 25 times, each for three exponentials and a logarithm
# of 20 operations, and 40 more.
FLOP_A_REFIT_AND_RUN = 25 * (4 * 20 + 40)
LARGEST_DEVIATION = 1e-3


def made_up() -> pd.DataFrame:
    """Runs on a law near the published ones, with noise, where no public table lies beside the project."""
    random = np.random.default_rng(0)
    n, d = 10 ** random.uniform(8, 10.2, 245), 10 ** random.uniform(9, 11.2, 245)
    loss = (1.8 + 482 / n**0.35 + 2085 / d**0.37) * np.exp(0.003 * random.normal(size=245))
    return pd.DataFrame({"Model Size": n, "Training FLOP": 6 * n * d, "loss": loss})


def terms(theta, ln_n, ln_d):
    a, b, e, alpha, beta = theta
    stacked = np.stack([a - alpha * ln_n, b - beta * ln_d, np.full_like(ln_n, e)])
    highest = stacked.max(axis=0)
    shares = np.exp(stacked - highest)
    total = shares.sum(axis=0)
    return highest + np.log(total), shares / total


def objective(theta, ln_n, ln_d, ln_l):
    residual = ln_l - terms(theta, ln_n, ln_d)[0]
    size = np.abs(residual)
    return np.where(size <= DELTA, 0.5 * residual**2, DELTA * (size - 0.5 * DELTA)).sum()


def gradient(theta, ln_n, ln_d, ln_l):
    fitted, (of_n, of_d, rest) = terms(theta, ln_n, ln_d)
    psi = np.clip(ln_l - fitted, -DELTA, DELTA)
    return -np.array([psi @ of_n, psi @ of_d, psi @ rest, -psi @ (of_n * ln_n), -psi @ (of_d * ln_d)])


def time_reference(file: str, n_sampled: int) -> None:
    """Runs in a process of its own: the optimum, and by variant CPU seconds and standard errors."""
    from scipy.optimize import minimize

    before = time.process_time()
    runs = pd.read_csv(file).sort_values("loss")[:-N_DROPPED]
    n, flop = runs["Model Size"].to_numpy(), runs["Training FLOP"].to_numpy()
    data = np.log(n), np.log(flop / (6 * n)), np.log(runs["loss"].to_numpy())

    def natural(theta):
        return np.concatenate([np.exp(theta[..., :3]), theta[..., 3:]], axis=-1)

    ends = [minimize(objective, s, args=data, jac=gradient, method="BFGS", options={"gtol": 1e-10})
            for s in STARTS]
    best = min(ends, key=lambda end: end.fun)
    outside = time.process_time() - before
    picked = np.random.default_rng(0).integers(0, len(runs), size=(n_sampled, len(runs)))
    variants, all_runs = {}, 0.0
    for name, jac in (("numerical gradient", None), ("analytic gradient", gradient)):
        start = time.process_time()
        thetas = [minimize(objective, best.x, args=tuple(column[p] for column in data), jac=jac,
                           method="BFGS").x for p in picked]
        seconds = time.process_time() - start
        all_runs += seconds
        variants[name] = {"seconds": seconds * N_BOOTSTRAPS / n_sampled,
                          "errors": natural(np.array(thetas)).std(axis=0, ddof=1).tolist()}
    print(json.dumps({"optimum": natural(best.x).tolist(), "variants": variants, "all_runs": all_runs,
                      "fit": outside}))


def rows(shared: Path | None, folder: Path, quick: bool) -> list[Row]:
    if shared is None:
        file = folder / "runs.csv"
        made_up().to_csv(file, index=False)
    else:
        file = shared / "data/raw/scaling/chinchilla_svg_extracted_data.csv"
    command = [RELEASE / "chipcast", "--format", "csv", "scale", "law", "--fit", file, "--law", "chinchilla",
               "--drop-highest-losses", N_DROPPED, "--bootstraps"]
    whole = used([*command, N_BOOTSTRAPS], n_runs=N_WHOLE)
    # The refits alone: what 4,000 of them take more than two.
    few = used([*command, 2], n_runs=N_WHOLE)
    ours = (whole.cpu, whole.cpu - few.cpu)
    peer = used([sys.executable, __file__, file, 10 if quick else N_SAMPLED])
    reference = json.loads(peer.printed.splitlines()[-1])
    fitted = pd.read_csv(io.StringIO(whole.printed))
    found = []
    n_runs = len(pd.read_csv(file)) - N_DROPPED
    for name, variant in reference["variants"].items():
        theirs = (peer.cpu - reference["all_runs"] + variant["seconds"], variant["seconds"])
        what = f"Chinchilla's law, {N_BOOTSTRAPS} refits"
        found.append(Row(what, what, f"scipy, {name}", ours, theirs, NEEDED,
                         n_flop=N_BOOTSTRAPS * n_runs * FLOP_A_REFIT_AND_RUN))
    print(agreement(fitted, reference))
    return found


def agreement(fitted: pd.DataFrame, reference: dict) -> str:
    lines = ["Chinchilla: constant, scipy's and ours; standard errors of scipy's variants and ours"]
    for (_, row), optimum, *errors in zip(fitted.iterrows(), reference["optimum"], *(
            variant["errors"] for variant in reference["variants"].values())):
        if abs(row.estimate / optimum - 1) > LARGEST_DEVIATION:
            raise SystemExit(f"Chinchilla: {row.parameter} is {row.estimate}, scipy's {optimum}")
        told = " ".join(f"{error:.4f}" for error in errors)
        lines.append(f"  {row.parameter:<6} {optimum:.5f} {row.estimate:.5f}; {told} {row.standard_error:.4f}")
    return "\n".join(lines)


if __name__ == "__main__":
    time_reference(sys.argv[1], int(sys.argv[2]))
