"""Writes files that are there as a whole or not at all, whatever happens meanwhile. Blocking."""

import os
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file in place of the one that is there, if one is. Raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # It may be there already, with files that others might read
    path.parent.chmod(0o700)
    other = path.with_name(f"{path.name}.new")
    with open(other, "wb", opener=_for_nobody_else) as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    other.replace(path)


def _for_nobody_else(path: str, flags: int) -> int:
    """Open a file that nobody else on the machine may read."""
    return os.open(path, flags, mode=0o600)
