"""The pages of a live feed: what shows the heart rate, and what shows how it may look."""

import asyncio
from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files

from aiohttp import web

STYLE, SCRIPT = "/*style*/", "/*script*/"
"""Where a page has its style and its script, which are files of their own here."""

POLICY = (
    "default-src 'none'; script-src 'sha256-{script}'; style-src 'unsafe-inline'; "
    "connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'"
)
"""Nothing comes from elsewhere, and nothing goes there.

Styles are open, since OBS puts those that its user wrote into each page. They can load nothing.
"""

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""Of all answers: the address is a secret, and what is there is of this moment."""


async def page(name: str) -> web.Response:
    """Return a page by its name."""
    text, policy = await asyncio.to_thread(_read, name)
    return web.Response(
        text=text,
        content_type="text/html",
        headers={**HEADERS, "Content-Security-Policy": policy},
    )


@cache
def _read(name: str) -> tuple[str, str]:
    """Return a page with all that belongs to it, and what it may do."""
    folder = files(__package__) / "pages"
    html, css, script = (
        (folder / f"{name}.{kind}").read_text("utf-8") for kind in ("html", "css", "js")
    )
    digest = b64encode(sha256(script.encode()).digest()).decode()
    text = html.replace(STYLE, css).replace(SCRIPT, script)
    return text, POLICY.format(script=digest)
