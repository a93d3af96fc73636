"""What a page shows that it should not: raw keys, unfilled texts, errors of its scripts."""

from collections.abc import Iterable
import re

from playwright.async_api import ConsoleMessage, Error, Page

from dev.relays import DOMAIN

NAMES = (DOMAIN, "Heart Rate Relay")

RAW = (
    re.compile(rf"component\.{DOMAIN}"),
    re.compile(r"^[a-z0-9]+(_[a-z0-9]+)+$"),
    re.compile(r"\{\w+\}"),
    re.compile(r"^(None|undefined|\[object Object\])$"),
)
"""What no text for people looks like: a key, a name of the code, a text not filled in."""

# The code editor shows code. Fields that no text names show their own name.
VISIBLE = """() => {
  const texts = [];
  const walk = (node) => {
    if (node.nodeType === Node.TEXT_NODE) {
      const text = node.textContent.trim();
      if (text) texts.push(text);
      return;
    }
    if (node.nodeType === Node.ELEMENT_NODE) {
      if (["STYLE", "SCRIPT", "HA-CODE-EDITOR"].includes(node.tagName)) return;
      if (!node.checkVisibility()) return;
      if (node.tagName === "HA-FORM" && node.computeLabel)
        for (const field of node.schema ?? [])
          if (field.name && node.computeLabel(field, node.data) === field.name)
            texts.push(`{${field.name}}`);
    }
    const root = node.shadowRoot;
    if (root) root.childNodes.forEach(walk);
    if (node.tagName === "SLOT")
      node.assignedNodes().forEach(walk);
    else if (!root) node.childNodes.forEach(walk);
  };
  walk(document.body);
  return texts;
}"""


class Complaints:
    """Collects what is wrong with a page."""

    def __init__(self, page: Page) -> None:
        """Listen to a page from now on."""
        self.found: list[str] = []
        self._page = page
        page.on("console", self._on_console)
        page.on("pageerror", self._on_error)

    async def look(self) -> None:
        """Look at all that is to be seen now."""
        for text in raw_texts(await self._page.evaluate(VISIBLE)):
            self._add(f"Not for people, at {self._page.url}: {text}")

    def _on_console(self, message: ConsoleMessage) -> None:
        text = f"{message.text} {message.location}"
        if message.type == "error" and any(name in text for name in NAMES):
            self._add(f"In the browser's console: {text}")

    def _on_error(self, error: Error) -> None:
        if any(name in (error.stack or error.message) for name in NAMES):
            self._add(f"A script of the page failed: {error.message}")

    def _add(self, complaint: str) -> None:
        """Remember a complaint, once."""
        if complaint not in self.found:
            self.found.append(complaint)


def raw_texts(texts: Iterable[str]) -> list[str]:
    """Return those of the texts of a page that are not for people."""
    return [text for text in texts if any(raw.search(text) for raw in RAW)]
