"""What a frame of ten million rows costs in memory on its way in and out of the Python package.

    python benches/python_memory.py [rows]

Run it with a Python that has the wheel, polars, pyarrow and pandas: `make python` leaves one in
`target/tools/python/tools`. Each library has a process of its own; what is told is how far the peak of the
resident memory rises over what was resident before, for the way in (`Frame(table)`) and for in and out again.
Linux alone: the peak is read from /proc.
"""

import subprocess
import sys

LIBRARIES = ("polars", "pyarrow", "pandas")
KINDS = ("numbers", "with a text")


def table(library: str, kind: str, n: int):
    """Whole numbers and floats; with a text, names of 12 and more letters as well."""
    import numpy as np
    import polars as pl

    at = pl.int_range(n, eager=True)
    columns = {"ds": at, "y": pl.Series(np.random.default_rng(0).normal(size=n))}
    if kind == "with a text":
        columns["unique_id"] = pl.select("a series of the panel " + (at // 100).cast(pl.String)).to_series()
    frame = pl.DataFrame(columns)
    if library == "polars":
        return frame
    held = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
    return held if library == "pyarrow" else held.to_pandas()


def memory(key: str) -> int:
    """A line of /proc/self/status in bytes."""
    with open("/proc/self/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith(key)) * 1024


def measure(library: str, kind: str, n: int) -> None:
    import gc

    from chipcast import Frame
    from chipcast.frames import like

    held = table(library, kind, n)
    like(Frame(held[:10]), held)  # What is loaded once is no cost of the rows.
    gc.collect()
    size = n * 8 * 2 + (n * 30 if kind == "with a text" else 0)
    costs = []
    for out in (False, True):
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")
        before = memory("VmRSS:")
        frame = Frame(held)
        back = like(frame, held) if out else None
        costs.append(memory("VmHWM:") - before)
        del frame, back
        gc.collect()
    told = " ".join(f"{cost / 1e6:9.0f} MB" for cost in costs)
    print(f"{library:<8} {kind:<12} {size / 1e6:9.0f} MB {told}", flush=True)


if __name__ == "__main__":
    if len(sys.argv) == 4:
        measure(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    else:
        rows = sys.argv[1] if len(sys.argv) > 1 else "10000000"
        print(f"{'library':<8} {rows + ' rows':<12} {'values':>12} {'in':>12} {'in and out':>12}")
        for library in LIBRARIES:
            for kind in KINDS:
                subprocess.run([sys.executable, __file__, library, kind, rows], check=True)
