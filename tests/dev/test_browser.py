"""What the walk with a browser holds against a page, and what it needs."""

from pathlib import Path

import pytest

from dev.browser.chromium import open_browser
from dev.browser.complaints import raw_texts
from dev.browser.pictures import Pictures
from dev.home_assistant.process import HomeAssistantError


@pytest.mark.parametrize(
    "text",
    [
        "component.heart_rate_relay.config.step.user.title",
        "reauth_confirm",
        "not_authorised",
        "Add {name}?",
        "{sources}",
        "undefined",
        "[object Object]",
    ],
)
def test_raw_text(text: str) -> None:
    """Keys, names of the code, and texts that were not filled in are seen."""
    assert raw_texts(["Pulsoid", text]) == [text]


@pytest.mark.parametrize(
    "text",
    [
        "Readings delivered",
        "sensor.chest_strap_heart_rate",
        "72",
        "data:heart_rate:write",
    ],
)
def test_text(text: str) -> None:
    """What people read is left alone."""
    assert raw_texts([text]) == []


async def test_no_chromium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no browser it says how to get one."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(HomeAssistantError, match="apt-get install chromium"):
        async with open_browser():
            pass


def test_no_optimiser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where pictures cannot be made small it says what is missing, if any are wanted."""
    monkeypatch.setenv("PATH", str(tmp_path))
    Pictures(wanted=False)
    with pytest.raises(HomeAssistantError, match="apt-get install pngquant optipng"):
        Pictures(wanted=True)
