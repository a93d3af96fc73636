"""The address of a destination that is served from here, as a person is told it."""

from collections.abc import Mapping
from html import escape
from typing import TypedDict

from homeassistant.core import HomeAssistant, callback

from ..destinations.base import Destination
from ..destinations.hosted import Hosted
from ..web import async_address


class Told(TypedDict, total=False):
    """What a flow says when it has made a relay."""

    description: str
    description_placeholders: Mapping[str, str]


@callback
def told_address(hass: HomeAssistant, destination: Destination) -> Told:
    """Return what to say of a destination when there is a relay to it."""
    if not isinstance(destination, Hosted):
        return {}
    words = address_words(hass, destination)
    return {"description": "hosted", "description_placeholders": words}


@callback
def address_words(hass: HomeAssistant, destination: Destination) -> Mapping[str, str]:
    """Return what the text names that tells an address: links to it, and to its preview."""
    assert isinstance(destination, Hosted)
    address = async_address(hass, destination.path)
    preview = async_address(hass, destination.preview)
    return {"address": link(address, address), "looks": link(preview, "↗")}


def link(address: str, text: str) -> str:
    """Return a link that opens beside Home Assistant: the frontend believes to know all others."""
    return f'<a href="{escape(address)}" target="_blank">{escape(text)}</a>'
