"""What is on a disk after the power was cut, at any moment of what a process did.

The process runs under strace, which writes down each of its calls to the operating system. What was
synced is on the disk; of what was not, anything may be: nothing, all, what came first, or any sectors.
Which files there are is on the disk in the order of what was done to them, as a file system with a
journal has it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
import re
import subprocess
import sys

CALLS = (
    "openat,pwrite64,write,fsync,fdatasync,ftruncate,"
    "unlink,unlinkat,rename,renameat,renameat2,mkdir"
)

LINE = re.compile(r"(\d+) +([\d.]+) (.*)")
CALL = re.compile(r"(\w+)\((?:(?:\d+|AT_FDCWD)<([^>]*)>)?(.*)\) += (-?\d+)")
STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')

SECTOR = 512


@dataclass(frozen=True)
class Call:
    """What a process asked the operating system for."""

    at: float
    """Seconds since the Unix epoch, UTC."""
    name: str
    path: str
    """Of the file that it is about."""
    strings: Sequence[bytes]
    numbers: Sequence[int]
    flags: str


def record(folder: Path, module: str, *arguments: str) -> list[Call]:
    """Run a module in a folder, and return the calls that succeeded, in their order."""
    log = folder / "calls"
    subprocess.run(
        [
            *("strace", "--seccomp-bpf", "-f", "-ttt", "-y", "-xx", "-s", "1000000"),
            *("-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(log)),
            *(sys.executable, "-m", module, str(folder), *arguments),
        ],
        check=True,
    )
    with log.open() as lines:
        return list(_calls(lines))


def _calls(lines: Iterator[str]) -> Iterator[Call]:
    """Yield the calls that strace wrote down, each when it had ended."""
    begun: dict[str, str] = {}
    for line in lines:
        if not (match := LINE.match(line)):
            continue
        pid, at, text = match.groups()
        if text.endswith("<unfinished ...>"):
            begun[pid] = text.removesuffix("<unfinished ...>")
            continue
        if text.startswith("<... "):
            text = begun.pop(pid) + text.partition("resumed>")[2]
        if (match := CALL.match(text)) and not match[4].startswith("-"):
            name, path, rest, _ = match.groups()
            strings = [_bytes(string) for string in STRING.findall(rest)]
            rest = STRING.sub("", rest)
            numbers = [int(number) for number in re.findall(r", (\d+)\b", rest)]
            yield Call(
                float(at), name, _bytes(path or "").decode(), strings, numbers, rest
            )


def _bytes(text: str) -> bytes:
    """Return what strace shows as text."""
    if not text.startswith("\\x"):
        return text.encode()
    return bytes.fromhex(text.replace("\\x", ""))


@dataclass
class File:
    """A file, whatever it is called."""

    synced: bytearray = field(default_factory=bytearray)
    pending: list[tuple[int, bytes | None]] = field(default_factory=list)
    """What was written where, or to which length it was cut, and is not synced."""

    def sync(self) -> None:
        """Have on the disk all that was done to it."""
        for offset, data in self.pending:
            _apply(self.synced, offset, data)
        self.pending.clear()

    def after_cut(self, random: Random) -> bytes:
        """Return what of it may be on the disk."""
        content = bytearray(self.synced)
        match random.choice(("nothing", "all", "first", "any")):
            case "all":
                for offset, data in self.pending:
                    _apply(content, offset, data)
            case "first" if self.pending:
                *whole, (offset, data) = self.pending[
                    : random.randrange(len(self.pending)) + 1
                ]
                for earlier in whole:
                    _apply(content, *earlier)
                if data:
                    _apply(content, offset, data[: random.randrange(len(data))])
            case "any":
                for offset, data in self.pending:
                    for part_offset, part in _sectors(offset, data):
                        if random.random() < 0.5:
                            _apply(content, part_offset, part)
        return bytes(content)


def _apply(content: bytearray, offset: int, data: bytes | None) -> None:
    """Do to a file's content what was done to the file."""
    if len(content) < offset:
        content.extend(bytes(offset - len(content)))
    if data is None:
        del content[offset:]
    else:
        content[offset : offset + len(data)] = data


def _sectors(offset: int, data: bytes | None) -> Iterator[tuple[int, bytes | None]]:
    """Part what is written into what of it is in each sector of a disk."""
    if data is None:
        yield offset, None
        return
    start = 0
    while start < len(data):
        end = start + SECTOR - (offset + start) % SECTOR
        yield offset + start, data[start:end]
        start = end


class Disk:
    """A folder on a disk, by the calls that were made so far."""

    def __init__(self, folder: Path) -> None:
        """Begin with an empty folder."""
        self._folder = f"{folder}/"
        self._files: dict[str, File] = {}
        self._synced: dict[str, File] = {}
        self._pending: list[dict[str, File]] = []

    def do(self, call: Call) -> bool:
        """Do what a call did, and say whether it changed anything here."""
        path = call.path
        if call.name in ("openat", "unlink", "unlinkat", "rename", "mkdir"):
            path = call.strings[0].decode()
        is_folder = f"{path}/" == self._folder
        if (not path.startswith(self._folder) and not is_folder) or path.endswith(
            "-shm"
        ):
            return False
        match call.name:
            case "openat" if "O_CREAT" in call.flags and path not in self._files:
                self._change({**self._files, path: File()})
            case "pwrite64":
                self._files[path].pending.append((call.numbers[-1], call.strings[0]))
            case "ftruncate":
                self._files[path].pending.append((call.numbers[-1], None))
            case "fsync" | "fdatasync" if is_folder:
                self._synced = self._files
                self._pending.clear()
            case "fsync" | "fdatasync":
                self._files[path].sync()
            case "unlink" | "unlinkat":
                self._change({p: f for p, f in self._files.items() if p != path})
            case "rename":
                file = self._files[path]
                others = {p: f for p, f in self._files.items() if p != path}
                self._change({**others, call.strings[1].decode(): file})
            case _:
                return False
        return True

    def _change(self, files: dict[str, File]) -> None:
        """Take note of which files there are."""
        self._files = files
        self._pending.append(files)

    def cut(self, random: Random, folder: Path) -> None:
        """Make a folder what this one may be after the power was cut now."""
        for path, file in random.choice([self._synced, *self._pending]).items():
            Path(folder, Path(path).name).write_bytes(file.after_cut(random))
