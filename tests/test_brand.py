"""The images that Home Assistant shows for this integration."""

from http import HTTPStatus
from pathlib import Path
import struct
import zlib

import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components import heart_rate_relay
from custom_components.heart_rate_relay.const import DOMAIN
from homeassistant.components.brands.const import ALLOWED_IMAGES
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component

BRAND = Path(heart_rate_relay.__file__).parent / "brand"

RGB_WITH_ALPHA = 6
"""The colour type of a PNG."""


@pytest.mark.parametrize("name", sorted(ALLOWED_IMAGES))
async def test_home_assistant_shows_our_image(
    hass: HomeAssistant, hass_client: ClientSessionGenerator, name: str
) -> None:
    """Whatever Home Assistant asks for, it has an image made for that."""
    assert await async_setup_component(hass, "brands", {})
    client = await hass_client()

    response = await client.get(f"/api/brands/integration/{DOMAIN}/{name}")

    assert response.status == HTTPStatus.OK
    assert await response.read() == (BRAND / name).read_bytes()


def test_every_image_can_be_asked_for() -> None:
    """No image has a name that Home Assistant does not know."""
    assert {path.name for path in BRAND.iterdir()} == ALLOWED_IMAGES


@pytest.mark.parametrize("name", sorted(ALLOWED_IMAGES))
def test_image_fits(name: str) -> None:
    """Each is as large as it should be, transparent around the drawing, and a small file."""
    image = (BRAND / name).read_bytes()
    width, height, depth, colour = struct.unpack_from(">8x4x4xIIBB", image)
    scale = 2 if "@2x" in name else 1

    if "icon" in name:
        assert (width, height) == (256 * scale, 256 * scale)
    else:
        assert height == 128 * scale
        assert width > 2 * height
    assert (depth, colour) == (8, RGB_WITH_ALPHA)
    assert alpha_of_first_pixel(image) == 0
    assert len(image) < 30_000


def alpha_of_first_pixel(image: bytes) -> int:
    """Return the opacity in the upper left corner of a PNG with 8-bit RGBA, from 0 to 255."""
    data = image[image.index(b"IDAT") + 4 :]
    # The row's filter comes before the pixel, which as the first of all is not filtered.
    return zlib.decompressobj().decompress(data, 5)[4]
