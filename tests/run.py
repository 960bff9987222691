"""Run the tests. What needs a system package that is not there is left out and named; with CI=true nothing may be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from system import missing_parts


def main() -> int:
    missing = missing_parts()
    in_ci = os.environ.get("CI") == "true"
    if missing and in_ci:
        print("Missing system parts, and CI may leave nothing out:", *missing.values(), sep="\n  ")
        return 1
    deselect = ["-m", " and ".join(f"not {mark}" for mark in missing)] if missing else []
    workers = ["-n", str(min(4, os.cpu_count() or 1)), "--dist", "loadfile"]
    code = subprocess.run([sys.executable, "-m", "pytest", *workers, *deselect, *sys.argv[1:]], check=False).returncode
    for mark, reason in missing.items():
        print(f"left out: tests marked '{mark}' — {reason}")
    return code


if __name__ == "__main__":
    sys.exit(main())
