"""What README and docs say: links and pictures that are there, and no message left out."""

from collections.abc import Iterator
import json
from pathlib import Path
import re
from typing import Any

import pytest

from custom_components import heart_rate_relay

ROOT = Path(__file__).parent.parent
PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").glob("*.md"))]
IMAGES = ROOT / "docs" / "images"

STRINGS: dict[str, Any] = json.loads(
    (Path(heart_rate_relay.__file__).parent / "translations/en.json").read_text("utf-8")
)

LINK = re.compile(r'\]\(([^)\s]+)\)|(?:src|srcset|href)="([^"]+)"')
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)

TROUBLE = (ROOT / "docs" / "troubleshooting.md").read_text("utf-8")


def local_links(page: Path) -> Iterator[tuple[Path, str]]:
    """Yield the files that a page leads to, with the heading in them."""
    for match in LINK.finditer(page.read_text("utf-8")):
        link = match[1] or match[2]
        if not link.startswith(("http://", "https://", "mailto:")):
            file, _, heading = link.partition("#")
            yield (page.parent / file).resolve() if file else page, heading


def anchors(page: Path) -> set[str]:
    """Return what the headings of a page are reached by at GitHub."""
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in HEADING.findall(page.read_text("utf-8"))
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links(page: Path) -> None:
    """Each leads to a file, and to a heading in it."""
    for file, heading in local_links(page):
        assert file.exists(), file
        assert not heading or heading in anchors(file), heading


def test_pictures() -> None:
    """Each is to be seen somewhere."""
    shown = {file for page in PAGES for file, _ in local_links(page)}
    assert set(IMAGES.glob("*")) <= shown


def first_words(text: str) -> str:
    """Return how a text begins, up to what is filled in, a comma or a full stop."""
    text = re.sub(r"^(\{\w+\}:? )+", "", text)
    return re.split(r"\{|[,.:](?: |$)", text)[0].strip()


MESSAGES = {
    **STRINGS["config"]["error"],
    **STRINGS["config"]["abort"],
    **STRINGS["options"]["error"],
    **{key: text["message"] for key, text in STRINGS["exceptions"].items()},
    **{key: text["title"] for key, text in STRINGS["issues"].items()},
    **STRINGS["entity"]["sensor"]["status"]["state"],
}
"""What a person may read when something is not as it should be."""

SELF_EXPLANATORY = frozenset({"monitor_recognised", "not_a_monitor"})


@pytest.mark.parametrize("key", sorted(MESSAGES.keys() - SELF_EXPLANATORY))
def test_troubleshooting(key: str) -> None:
    """Each message can be looked up by how it begins."""
    words = first_words(MESSAGES[key])
    assert words
    assert words in TROUBLE
