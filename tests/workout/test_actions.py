"""What can be done with workouts: actions, files, triggers."""

from base64 import b64decode
from http import HTTPStatus
from importlib.metadata import version
from typing import Any
from unittest.mock import patch
from xml.etree import ElementTree as ET

import pytest
from pytest_homeassistant_custom_component.common import async_mock_service
from pytest_homeassistant_custom_component.typing import (
    ClientSessionGenerator,
    WebSocketGenerator,
)

from custom_components.heart_rate_relay.const import DOMAIN
from custom_components.heart_rate_relay.workout import export
from custom_components.heart_rate_relay.workout.export import FIT_LIBRARY
from homeassistant.components.recorder.core import Recorder
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.recorder import get_instance
from homeassistant.requirements import RequirementsNotFound
from homeassistant.setup import async_setup_component

from ..automation import automate
from ..common import pulsoid_data, relay_entry, set_up
from .gym import Gym, workout_entry
from .test_fit import read
from .test_tcx import check


async def act(gym: Gym, action: str, **data: Any) -> Any:
    """Perform an action on the only workouts that there are, or on others."""
    entries = gym.hass.config_entries.async_entries(DOMAIN)
    data = {"config_entry_id": entries[0].entry_id, **data}
    returns = action in ("export_workout", "find_workouts")
    answer = await gym.hass.services.async_call(
        DOMAIN, action, data, blocking=True, return_response=returns
    )
    await gym.wait(0)
    return answer


async def test_begin_and_end(gym: Gym) -> None:
    """Actions begin and end a workout, and say what it is."""
    await gym.open(workout_entry(begins_by="hand", sport="rowing"))
    await act(gym, "start_workout", sport="yoga")
    await gym.train(120, 90)
    assert gym.state("binary_sensor.anna_workout") == "on"
    await act(gym, "start_workout", sport="hiit")
    await act(gym, "end_workout")
    await gym.wait(80)
    assert gym.finished()["sport"] == "hiit"
    with pytest.raises(ServiceValidationError) as raised:
        await act(gym, "end_workout")
    assert raised.value.translation_key == "no_workout"
    await act(gym, "start_workout")
    await gym.train(60, 90)
    await act(gym, "end_workout")
    await gym.wait(80)
    assert gym.finished()["sport"] == "rowing"


async def test_kind_of_one_that_goes_on(gym: Gym) -> None:
    """To say what it is changes nothing of when it ends."""
    await gym.open(workout_entry(begins_by="bound", bound=100))
    await gym.train(600, 130)
    await act(gym, "start_workout", sport="yoga")
    await gym.train(300, 130)
    # The watch is worn on
    await gym.train(900, 80)
    assert gym.state("binary_sensor.anna_workout") == "off"
    assert gym.finished()["sport"] == "yoga"
    assert gym.finished()["duration"] == pytest.approx(895, abs=6)


async def test_export(gym: Gym) -> None:
    """The last workout is returned as a file, or another one that is kept."""
    await gym.open(workout_entry(keep_workouts=2))
    for _ in range(3):
        await gym.train(300, 130)
        await gym.wait(600)
    exported = await act(gym, "export_workout")
    assert exported["kept"] == ["20260601T083005Z", "20260601T081505Z"]
    assert exported["file_name"] == "20260601T083005Z.tcx"
    assert exported["summary"]["duration"] == 295
    root = ET.fromstring(exported["tcx"])  # noqa: S314 - it is our own
    check(root)
    other = await act(gym, "export_workout", workout="20260601T081505Z")
    assert other["workout"] == "20260601T081505Z"
    for gone in ("20260601T080005Z", "../../secrets"):
        with pytest.raises(ServiceValidationError) as raised:
            await act(gym, "export_workout", workout=gone)
        assert raised.value.translation_key == "workout_not_kept"


async def test_export_fit(gym: Gym) -> None:
    """It is returned as a FIT file as well, by what a clock on the wall shows."""
    await gym.hass.config.async_set_time_zone("Asia/Kathmandu")
    await gym.open(workout_entry())
    await gym.train(300, 130)
    await gym.wait(600)
    exported = await act(gym, "export_workout", format="fit")
    assert exported["file_name"] == "20260601T080005Z.fit"
    assert "tcx" not in exported
    messages = read(b64decode(exported["fit"]))
    assert len(messages["record"]) == 60
    (activity,) = messages["activity"]
    assert f"{activity['local_timestamp']:%d %H:%M:%S}" == "01 13:50:00"
    with pytest.raises(ServiceValidationError) as raised:
        await act(gym, "export_workout", format="fit", workout="20260601T080000Z")
    assert raised.value.translation_key == "workout_not_kept"


async def test_no_fit_library(gym: Gym, hass_client: ClientSessionGenerator) -> None:
    """Where the library cannot be installed, that is said, and the rest goes on."""
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(300, 130)
    await gym.wait(600)
    refusal = RequirementsNotFound(DOMAIN, [FIT_LIBRARY])
    gym.hass.config.skip_pip = False
    browser = await hass_client()
    path = f"/api/{DOMAIN}/workouts/{entry.entry_id}/20260601T080005Z"
    with patch(f"{export.__name__}.async_process_requirements", side_effect=refusal):
        with pytest.raises(ServiceValidationError) as raised:
            await act(gym, "export_workout", format="fit")
        assert raised.value.translation_key == "no_fit_library"
        assert (await act(gym, "export_workout"))["tcx"]
        answer = await browser.get(f"{path}.fit")
        assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
        answer = await browser.get(f"{path}.tcx")
        assert answer.status == HTTPStatus.OK


async def test_nothing_is_installed(gym: Gym) -> None:
    """Where Home Assistant was told to install nothing, the library that is there is used."""
    await gym.open(workout_entry())
    await gym.train(300, 130)
    await gym.wait(600)
    gym.hass.config.skip_pip = True
    with patch(f"{export.__name__}.async_process_requirements") as install:
        exported = await act(gym, "export_workout", format="fit")
        assert len(read(b64decode(exported["fit"]))["record"]) == 60
        install.assert_not_called()
        gym.hass.config.skip_pip = False
        await act(gym, "export_workout", format="fit")
        install.assert_called_once_with(
            gym.hass, DOMAIN, [FIT_LIBRARY], is_built_in=False
        )


def test_fit_library_is_tested() -> None:
    """The library that is installed is the one of these tests."""
    name, _, wanted = FIT_LIBRARY.partition("==")
    assert version(name) == wanted


async def test_not_for_others(gym: Gym, pulsoid: Any) -> None:
    """A relay tells no workouts, and workouts are no relay."""
    relay = relay_entry("pulsoid", pulsoid_data(pulsoid))
    await set_up(gym.hass, relay)
    with pytest.raises(ServiceValidationError) as raised:
        await act(gym, "start_workout", config_entry_id=relay.entry_id)
    assert raised.value.translation_key == "not_a_workout"
    entry = workout_entry()
    await gym.open(entry)
    with pytest.raises(ServiceValidationError) as raised:
        await act(gym, "flush", config_entry_id=entry.entry_id)
    assert raised.value.translation_key == "not_a_relay"


async def test_media(
    gym: Gym,
    hass_ws_client: WebSocketGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    """The files are found in the media browser, and served to whoever is signed in."""
    assert await async_setup_component(gym.hass, "media_source", {})
    entry = workout_entry()
    await gym.open(entry)
    await gym.train(300, 130)
    await gym.wait(600)
    websocket = await hass_ws_client(gym.hass)

    async def ask(kind: str, content_id: str) -> Any:
        await websocket.send_json_auto_id(
            {"type": f"media_source/{kind}", "media_content_id": content_id}
        )
        return await websocket.receive_json()

    root = (await ask("browse_media", f"media-source://{DOMAIN}"))["result"]
    assert [child["title"] for child in root["children"]] == ["Anna"]
    folder = (await ask("browse_media", root["children"][0]["media_content_id"]))[
        "result"
    ]
    file, other = folder["children"]
    assert file["title"] == "2026-06-01 01:00.tcx"
    assert other["title"] == "2026-06-01 01:00.fit"
    resolved = (await ask("resolve_media", other["media_content_id"]))["result"]
    browser = await hass_client_no_auth()
    answer = await browser.get(resolved["url"])
    assert answer.headers["Content-Type"] == resolved["mime_type"]
    assert len(read(await answer.read())["record"]) == 60
    resolved = (await ask("resolve_media", file["media_content_id"]))["result"]
    answer = await browser.get(resolved["url"])
    assert answer.status == HTTPStatus.OK
    assert (await answer.text()).count("<Trackpoint>") == 60
    without_signature = resolved["url"].split("?")[0]
    answer = await browser.get(without_signature)
    assert answer.status == HTTPStatus.UNAUTHORIZED
    for name in ("x.tcx", "20260601T080005Z", "20260601T080005Z.gpx"):
        path = f"media-source://{DOMAIN}/{entry.entry_id}/{name}"
        assert not (await ask("resolve_media", path))["success"]


async def test_file_is_not_there(gym: Gym, hass_client: ClientSessionGenerator) -> None:
    """What is not kept is not found."""
    entry = workout_entry()
    await gym.open(entry)
    browser = await hass_client()
    for path in (
        *(f"{entry.entry_id}/x.tcx", f"{entry.entry_id}/x.fit"),
        *("nobody/x.tcx", f"{entry.entry_id}/x.gpx"),
    ):
        answer = await browser.get(f"/api/{DOMAIN}/workouts/{path}")
        assert answer.status == HTTPStatus.NOT_FOUND


async def test_triggers(gym: Gym) -> None:
    """Automations are told when one began and ended, and of its zones."""
    await gym.open(workout_entry())
    calls = async_mock_service(gym.hass, "test", "note")

    def when(key: str, entity_id: str, **options: Any) -> dict[str, Any]:
        return {
            "triggers": {
                "trigger": f"{DOMAIN}.{key}",
                "target": {"entity_id": entity_id},
                "options": options,
            },
            "actions": {"action": "test.note", "data": {"what": key}},
        }

    workout, zone = "binary_sensor.anna_workout", "sensor.anna_zone"
    await automate(
        gym.hass,
        when("workout_began", workout),
        when("workout_ended", workout),
        when("zone_entered", zone, zone=4),
        when("zone_above", zone, zone=2, **{"for": "00:01:00"}),
    )
    await gym.train(300, 130)
    assert [call.data["what"] for call in calls] == ["workout_began"]
    await gym.train(45, 170)
    assert [call.data["what"] for call in calls][1:] == ["zone_entered"]
    await gym.train(120, 150)
    assert [call.data["what"] for call in calls][2:] == ["zone_above"]
    await gym.wait(600)
    assert [call.data["what"] for call in calls][3:] == ["workout_ended"]


async def test_found_in_the_past(recorder_mock: Recorder, gym: Gym) -> None:
    """What was before there were workouts is found in the history, once."""
    await gym.train(600, 130)
    await gym.wait(1800)
    await gym.train(300, 150)
    await gym.wait(1800)
    await get_instance(gym.hass).async_block_till_done()
    await gym.open(workout_entry())
    found = (await act(gym, "find_workouts"))["found"]
    durations = [one["duration"] for one in found]
    assert durations == [pytest.approx(595, abs=6), pytest.approx(295, abs=6)]
    assert gym.finished()["event_type"] == "found"
    assert gym.finished()["average_heart_rate"] == pytest.approx(150, abs=1)
    assert (await act(gym, "find_workouts"))["found"] == []
    exported = await act(gym, "export_workout")
    assert exported["summary"] == found[1]


async def test_no_past(gym: Gym, hass: HomeAssistant) -> None:
    """Without a recorder, or a time, there is nothing to find."""
    await gym.open(workout_entry())
    with pytest.raises(ServiceValidationError) as raised:
        await act(gym, "find_workouts")
    assert raised.value.translation_key == "no_recorder"
