"""The command line's own answer, for comparison: the binary is named by `CHIPCAST_BINARY`."""

import datetime
import json
import os
import pathlib
import subprocess
import tempfile

import pytest

AS_OF = "2026-09-01"


def binary():
    named = os.environ.get("CHIPCAST_BINARY")
    if not named:
        pytest.skip("CHIPCAST_BINARY names no command line to compare with")
    return named


def run(*arguments, as_of=AS_OF, codes=(0,)):
    """What the command line prints, in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        command = [binary(), *map(str, arguments), "--quiet", "--data", str(pathlib.Path(folder) / "data")]
        if as_of is not None:
            command += ["--as-of", as_of]
        done = subprocess.run(command, capture_output=True, cwd=folder, text=True)
        assert done.returncode in codes, done.stderr
        return done.stdout


def document(*arguments, **more):
    """One JSON document of the command line."""
    return json.loads(run(*arguments, "--format", "json", **more))


def columns(*arguments, **more):
    """The names of the columns in their order."""
    return run(*arguments, "--format", "csv", **more).partition("\n")[0].split(",")


def rows(frame):
    """The rows of a frame, in the types of JSON."""

    def plain(value):
        return value.isoformat() if isinstance(value, datetime.date) else value

    if isinstance(frame, dict):
        names = list(frame)
        return [dict(zip(names, map(plain, row))) for row in zip(*frame.values())]
    found = frame.to_dicts() if hasattr(frame, "to_dicts") else frame.to_pylist()
    return [{name: plain(value) for name, value in row.items()} for row in found]


def same(frame, wanted):
    """The same rows to the last bit; a frame holds the mixed column of ids as text."""
    found = rows(frame)
    assert len(found) == len(wanted) > 0
    for ours, theirs in zip(found, wanted):
        assert ours.keys() == theirs.keys()
        for name, value in theirs.items():
            if name == "output_type_id" and value is not None and not isinstance(value, str):
                value = json.dumps(value)
            assert ours[name] == value, (name, ours[name], value)
