"""The package as it is installed: its errors, its types, its examples, its weight."""

from __future__ import annotations

import doctest
import importlib
import os
import pickle
import pkgutil
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import chipcast
from chipcast import errors

KINDS = {
    errors.FetchError: errors.ChipcastError,
    errors.NotFoundError: KeyError,
    errors.ParseError: ValueError,
    errors.InvalidError: ValueError,
    errors.InsufficientError: ValueError,
    errors.StoreError: OSError,
    errors.InternalError: RuntimeError,
}
PACKAGE = Path(chipcast.__file__).parent


@pytest.mark.parametrize("kind", KINDS)
def test_errors_are_caught_as_pythons_own_and_keep_their_hint(kind: type[errors.ChipcastError]) -> None:
    error = kind("`a` is gone", "look elsewhere")
    assert isinstance(error, (KINDS[kind])) and isinstance(error, errors.ChipcastError)
    again = pickle.loads(pickle.dumps(error))
    assert (str(again), again.hint, type(again)) == ("`a` is gone", "look elsewhere", kind)
    assert error.__notes__ == ["hint: look elsewhere"]
    assert kind("alone").hint is None


def test_versions_are_one() -> None:
    assert chipcast.__version__ == metadata.version("chipcast")


def modules() -> list[str]:
    found = [module.name for module in pkgutil.iter_modules([str(PACKAGE)], "chipcast.")]
    # Those of the heavy libraries have tests of their own; the command line runs.
    return ["chipcast", *(name for name in found if name.split(".")[1] not in ("__main__", "ray", "spark"))]


def examples_of(module: str) -> list[doctest.DocTest]:
    """The examples of a module; the compiled one has no source, so its classes are walked by hand."""
    held = importlib.import_module(module)
    # What the package only hands on is walked where it is made.
    finder = doctest.DocTestFinder(recurse=module != "chipcast")
    if module != "chipcast._core":
        return [test for test in finder.find(held, module) if test.examples]
    found: list[doctest.DocTest] = []
    parser = doctest.DocTestParser()
    for name, part in vars(held).items():
        inner = vars(part).items() if isinstance(part, type) else ()
        for label, what in [(name, part), *((f"{name}.{key}", value) for key, value in inner)]:
            text = getattr(what, "__doc__", None)
            if isinstance(text, str) and ">>>" in text:
                found.append(parser.get_doctest(text, {}, f"{module}.{label}", None, None))
    return found


@pytest.mark.parametrize("module", modules())
def test_examples_run(module: str) -> None:
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS)
    for test in examples_of(module):
        told: list[str] = []
        runner.run(test, out=told.append)
        assert not runner.failures, "".join(told)


def test_there_are_examples_to_run() -> None:
    assert sum(len(examples_of(module)) for module in modules()) >= 20


def test_types_are_strict(tmp_path: Path) -> None:
    script = (
        "import chipcast, chipcast.polars\n"
        "from chipcast.models import AutoETS\n"
        "frame: chipcast.Frame = chipcast.Frame({})\n"
        "rows: tuple[int, int] = frame.shape\n"
        "model: AutoETS = AutoETS(season_length=4)\n"
        "chipcast.StatsForecast([model], freq='QE').fit(frame).predict(h=2)\n"
    )
    command = [sys.executable, "-m", "mypy", "--strict"]
    told = subprocess.run([*command, "-c", script], capture_output=True, text=True, cwd=tmp_path)
    assert told.returncode == 0, told.stdout
    told = subprocess.run([*command, "-p", "chipcast"], capture_output=True, text=True, cwd=tmp_path)
    assert told.returncode == 0, told.stdout
    wrong = script.replace("season_length=4", "season_length='four'")
    told = subprocess.run([*command, "-c", wrong], capture_output=True, text=True, cwd=tmp_path)
    assert "arg-type" in told.stdout


def test_stubs_are_what_is_compiled(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mypy.stubtest", "chipcast._core", "--ignore-disjoint-bases"]
    told = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert told.returncode == 0, told.stdout


def test_the_import_is_light() -> None:
    script = (
        "import sys, time; t = time.perf_counter(); import chipcast; took = time.perf_counter() - t;"
        "print(took, sorted({'polars', 'pandas', 'pyarrow', 'numpy', 'duckdb'} & set(sys.modules)))"
    )
    runs = [
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, cwd="/").stdout
        for _ in range(3)
    ]
    took = min(float(run.split(" ", 1)[0]) for run in runs)
    print(f"import: {took:.3f} s")
    assert took < 0.2
    assert all(run.split(" ", 1)[1].strip() == "[]" for run in runs)


def test_the_command_line_is_the_programs() -> None:
    found = shutil.which("chipcast", path=str(Path(sys.executable).parent))
    assert found is not None
    told = subprocess.run([found, "--version"], capture_output=True, text=True)
    assert (told.returncode, told.stdout) == (0, f"chipcast {chipcast.__version__}\n")
    told = subprocess.run([found, "forecast", "no.such"], capture_output=True, text=True, cwd="/")
    assert told.returncode == 2 and told.stderr.startswith("error: ")
    binary = os.environ.get("CHIPCAST_BINARY")
    if binary:
        needed = subprocess.run([binary, "data", "list", "--format", "csv"], capture_output=True, cwd="/")
        own = subprocess.run([found, "data", "list", "--format", "csv"], capture_output=True, cwd="/")
        assert own.stdout == needed.stdout
