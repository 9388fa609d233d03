"""The command line, from Python: `chipcast` or `python -m chipcast`."""

from __future__ import annotations

import sys


def main() -> int:
    """Runs the command line on the arguments of the process and gives its exit code."""
    from chipcast._core import run_command_line

    return run_command_line(["chipcast", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
