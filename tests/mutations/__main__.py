"""Take each guard out in a copy of the tree, run the tests that defend it, and report.

    python -m tests.mutations            all of them
    python -m tests.mutations batch roll those whose name contains one of these words

Ends with an error if a guard could be taken out and no test noticed.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.mutations.guards import GUARDS, Guard

ROOT = Path(__file__).resolve().parent.parent.parent
AT_ONCE = 2
TIMEOUT_SECONDS = 600
LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv", "var", "__pycache__", ".pytest_cache", ".mypy_cache", ".ruff_cache"
)


def main(words: list[str]) -> int:
    chosen = [guard for guard in GUARDS if not words or any(word in guard.name for word in words)]
    if not chosen:
        print("No guard has such a name.")
        return 2
    with ThreadPoolExecutor(AT_ONCE) as pool:
        survivors = [
            guard
            for guard, line in zip(chosen, pool.map(try_without, chosen), strict=True)
            if report(guard, line)
        ]
    print(f"\n{len(chosen) - len(survivors)} of {len(chosen)} guards are defended by a test.")
    return 1 if survivors else 0


def report(guard: Guard, caught_by: str) -> bool:
    """Print what happened; return whether the guard's absence went unnoticed."""
    print(f"{'caught' if caught_by else 'NOT CAUGHT':<11} {guard.name}")
    print(f"            {caught_by or guard.file}", flush=True)
    return not caught_by


def try_without(guard: Guard) -> str:
    """The first test that fails without the guard, or nothing."""
    with tempfile.TemporaryDirectory(prefix="undersigned-mutation-") as folder:
        copy = Path(folder) / "tree"
        shutil.copytree(ROOT, copy, ignore=LEFT_OUT)
        file = copy / guard.file
        file.write_text(guard.applied_to(file.read_text(encoding="utf-8")), encoding="utf-8")
        return first_failure(copy, guard.tests)


def first_failure(tree: Path, tests: list[str]) -> str:
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
        cwd=tree,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )
    if run.returncode == 0:
        return ""
    failed = re.search(r"^(?:FAILED|ERROR) (\S+)", run.stdout, re.MULTILINE)
    if failed is None:
        raise RuntimeError(f"The tests did not run:\n{run.stdout[-3000:]}{run.stderr[-1000:]}")
    return failed[1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
