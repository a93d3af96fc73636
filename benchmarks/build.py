"""Another build of the relay, out of the same repository, to be measured beside this one."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
import subprocess
from tempfile import TemporaryDirectory

from dev.home_assistant.config import ROOT

from .subject import RELAY

RELAY_FOLDER = RELAY.relative_to(ROOT)
"""Where the integration is among them."""


@contextmanager
def build_of(revision: str) -> Iterator[Path]:
    """Have all files as they were at a revision, for as long as they are needed.

    Raises subprocess.CalledProcessError where there is no such revision.
    """
    with TemporaryDirectory(prefix="benchmark-") as name:
        folder = Path(name) / "build"
        _git("worktree", "add", "--quiet", "--detach", str(folder), revision)
        try:
            yield folder
        finally:
            _git("worktree", "remove", "--force", str(folder))


def _git(*arguments: str) -> None:
    """Have git do something with the repository."""
    subprocess.run(("git", *arguments), cwd=ROOT, check=True)
