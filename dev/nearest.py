"""Which tests are the nearest to what was changed: what scripts/test --quick runs.

Tests lie in rooms of the same names as what they test, and so a path is all that is looked at. Who
changes a contract that all rooms share runs all tests.
"""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatch
from pathlib import Path, PurePosixPath
import subprocess
import sys

from .home_assistant.config import ROOT

INTEGRATION = PurePosixPath("custom_components/heart_rate_relay")
TESTS = PurePosixPath("tests")

ALWAYS = ("tests/test_house.py", "tests/test_docs.py", "tests/test_translations.py")
"""What looks at all files alike, and in seconds."""

FRONT_DOOR = "tests/test_init.py"
"""What is run for whatever has no room."""

ELSEWHERE = {
    "custom_components/heart_rate_relay/translations/*": ("tests/test_strings.py",),
    "dev/stand_ins/**": ("tests/stand_ins/test_*.py",),
    "dev/virtual_proxy/**": ("tests/dev/test_virtual*.py", "tests/monitor/test_air.py"),
    "dev/**": ("tests/dev/test_{stem}*.py", "tests/dev/test_{room}*.py"),
    "benchmarks/**": ("tests/benchmarks/test_*.py",),
    "blueprints/**": ("tests/test_blueprints.py",),
}
"""Where else tests are than in a room of the same name; the first that fits counts."""


def main() -> int:
    """Print the tests that are the nearest to what differs from the branch main."""
    print(*nearest(changed(), every_test()), sep="\n")
    return 0


def changed() -> set[str]:
    """Return the files that differ from where this branch left main, committed or not."""
    since = _git("merge-base", "HEAD", "main") or ["HEAD"]
    new = _git("ls-files", "--others", "--exclude-standard")
    return {*_git("diff", "--name-only", since[0]), *new}


def every_test() -> list[str]:
    """Return the files with tests."""
    return sorted(
        path.relative_to(ROOT).as_posix() for path in (ROOT / TESTS).rglob("test_*.py")
    )


def nearest(paths: Iterable[str], tests: Iterable[str]) -> list[str]:
    """Return those of some files with tests that are the nearest to other files.

    What was changed itself comes first, and last what looks at all files.
    """
    tests = list(tests)
    paths = sorted(paths)
    found = [path for path in paths if path in tests]
    for path in paths:
        found += _of(path, tests)
    return list(dict.fromkeys([*found, *(test for test in ALWAYS if test in tests)]))


def _of(path: str, tests: Iterable[str]) -> list[str]:
    """Return the tests of a file: the first patterns that there are tests for."""
    for patterns in _patterns(PurePosixPath(path)):
        if found := [
            test for test in tests if any(fnmatch(test, each) for each in patterns)
        ]:
            return found
    return []


def _patterns(path: PurePosixPath) -> Iterator[Iterable[str]]:
    """Yield what the tests of a file may be called, the nearest first."""
    for pattern, patterns in ELSEWHERE.items():
        if path.full_match(pattern):
            named = {"stem": path.stem, "room": path.parent.name}
            yield [each.format_map(named) for each in patterns]
            return
    if path.suffix != ".py":
        return
    if path.is_relative_to(TESTS):
        # What the tests of a room share
        yield [f"{path.parent}/test_*.py"] if path.parent != TESTS else [FRONT_DOOR]
    elif path.is_relative_to(INTEGRATION):
        *rooms, _ = path.relative_to(INTEGRATION).parts
        room = TESTS.joinpath(*rooms[:1])
        for word in (path.stem, *reversed(rooms[1:])):
            yield [f"{room}/test_{word}*.py", f"{room}/{word}/test_*.py"]
        yield [f"{room}/test_*.py"] if rooms else [FRONT_DOOR]


def _git(*arguments: str) -> list[str]:
    """Return the lines that git prints, none where it fails."""
    done = subprocess.run(
        ("git", *arguments), cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.splitlines() if done.returncode == 0 else []


if __name__ == "__main__":
    sys.exit(main())
