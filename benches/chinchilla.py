"""`scale law --fit` against scipy: the same objective, the same runs, one thread each.

    python3 benches/chinchilla.py ../shared/data/raw/scaling/chinchilla_svg_extracted_data.csv

The reference is `scipy.optimize.minimize` (BFGS) on a numpy objective, each refit from the optimum, in
two variants: with scipy's numerical gradient, and with an analytic one. It makes its Python environment
below the target directory. Build first: `cargo build --release --locked`. Of the reference's 4,000
refits 100 are run and their time is multiplied by 40; the output says so. Exit code 1 if the target is
missed.
"""

import io
import os
import subprocess
import sys
import time
from pathlib import Path

from environment import ENVIRONMENT, TARGET, environment

N_BOOTSTRAPS = 4000
N_SAMPLED = 100
N_DROPPED = 5
N_RUNS_TIMED = 5
TARGET_RATIO = 20.0
DELTA = 1e-3
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "RAYON_NUM_THREADS": "1"}
# Starts of the reference's own fit; the best end counts.
STARTS = [(6.0, 6.0, 0.5, 0.34, 0.28), (5.0, 5.0, 0.5, 0.5, 0.5), (10.0, 10.0, 0.0, 0.5, 0.5)]


def terms(np, theta, ln_n, ln_d):
    a, b, e, alpha, beta = theta
    stacked = np.stack([a - alpha * ln_n, b - beta * ln_d, np.full_like(ln_n, e)])
    highest = stacked.max(axis=0)
    shares = np.exp(stacked - highest)
    total = shares.sum(axis=0)
    return highest + np.log(total), shares / total


def objective(theta, np, ln_n, ln_d, ln_l):
    residual = ln_l - terms(np, theta, ln_n, ln_d)[0]
    size = np.abs(residual)
    return np.where(size <= DELTA, 0.5 * residual**2, DELTA * (size - 0.5 * DELTA)).sum()


def gradient(theta, np, ln_n, ln_d, ln_l):
    fitted, (of_n, of_d, rest) = terms(np, theta, ln_n, ln_d)
    psi = np.clip(ln_l - fitted, -DELTA, DELTA)
    return -np.array([psi @ of_n, psi @ of_d, psi @ rest, -psi @ (of_n * ln_n), -psi @ (of_d * ln_d)])


def reference(file):
    """The optimum, and a row a variant: name, seconds for all refits, standard errors."""
    import numpy as np
    import pandas as pd
    from scipy.optimize import minimize

    runs = pd.read_csv(file).sort_values("loss")[:-N_DROPPED]
    n, flop = runs["Model Size"].to_numpy(), runs["Training FLOP"].to_numpy()
    data = np.log(n), np.log(flop / (6 * n)), np.log(runs["loss"].to_numpy())

    def natural(theta):
        return np.concatenate([np.exp(theta[..., :3]), theta[..., 3:]], axis=-1)

    ends = [minimize(objective, s, args=(np, *data), jac=gradient, method="BFGS",
                     options={"gtol": 1e-10}) for s in STARTS]
    best = min(ends, key=lambda end: end.fun)
    picked = np.random.default_rng(0).integers(0, len(runs), size=(N_SAMPLED, len(runs)))
    variants = []
    for name, jac in (("numerical gradient", None), ("analytic gradient", gradient)):
        start = time.perf_counter()
        thetas = [minimize(objective, best.x, args=(np, *(column[p] for column in data)), jac=jac,
                           method="BFGS").x for p in picked]
        seconds = (time.perf_counter() - start) * N_BOOTSTRAPS / N_SAMPLED
        variants.append((name, seconds, natural(np.array(thetas)).std(axis=0, ddof=1)))
    return natural(best.x), best.fun, variants


def chipcast(file):
    """Its rows, and the median time of whole processes."""
    import pandas as pd

    command = [str(TARGET / "release" / "chipcast"), "--format", "csv", "scale", "law", "--fit", file,
               "--law", "chinchilla", "--drop-highest-losses", str(N_DROPPED),
               "--bootstraps", str(N_BOOTSTRAPS)]
    seconds = []
    for _ in range(N_RUNS_TIMED):
        start = time.perf_counter()
        run = subprocess.run(command, check=True, capture_output=True, text=True)
        seconds.append(time.perf_counter() - start)
    return pd.read_csv(io.StringIO(run.stdout)), sorted(seconds)[N_RUNS_TIMED // 2]


def run(file):
    optimum, lowest, variants = reference(file)
    rows, ours = chipcast(file)
    print(f"{'':<8}{'scipy':>12}{'chipcast':>12}   standard errors: "
          + ", ".join(name for name, _, _ in variants) + f" ({N_SAMPLED} refits), chipcast ({N_BOOTSTRAPS})")
    for i, row in rows.iterrows():
        errors = "".join(f"{errors[i]:>12.4f}" for _, _, errors in variants)
        print(f"{row.parameter:<8}{optimum[i]:>12.5f}{row.estimate:>12.5f}   {errors}"
              f"{row.standard_error:>12.4f}")
    print(f"objective of scipy's best end {lowest:.9f}")
    print(f"chipcast, {N_BOOTSTRAPS} refits, the fit and the process: {ours:.3f} s (median of {N_RUNS_TIMED})")
    missed = False
    for name, seconds, _ in variants:
        ratio = seconds / ours
        missed |= ratio < TARGET_RATIO
        print(f"scipy, {name}: {seconds:.1f} s ({N_SAMPLED} refits x {N_BOOTSTRAPS // N_SAMPLED}); "
              f"ratio {ratio:.0f}, needed {TARGET_RATIO:.0f}: {'MISSED' if missed else 'holds'}")
    return 1 if missed else 0


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    if sys.prefix == str(ENVIRONMENT):
        return run(str(Path(sys.argv[1]).resolve()))
    command = [environment(), __file__, sys.argv[1]]
    return subprocess.run(command, env=os.environ | ONE_THREAD).returncode


if __name__ == "__main__":
    sys.exit(main())
