"""The page that shows what arrived, through HTTP."""

import re
import time

import aiohttp

from dev.stand_ins import (
    Arrival,
    InfluxDBv1,
    LiveTracking,
    OpenWearables,
    Page,
    Pulsoid,
)


async def test_the_page(socket_enabled: None) -> None:
    """The page needs nothing but itself and its numbers."""
    pulsoid, database = Pulsoid(), InfluxDBv1(username="")
    page = Page([pulsoid, database])
    for server in (pulsoid, database, page):
        await server.start()
    now = time.time_ns() // 1_000_000
    body = (
        f"m,source=strap bpm=72 {now}\nm,source=strap bpm=71 {now - 1000}\n"
        f"m,source=watch bpm=70 {now}\nm,source=strap bpm=60 {now - 3600_000}"
    )
    async with aiohttp.ClientSession() as session:
        await session.post(
            (database.url / "write").with_query(db="home", precision="ms"), data=body
        )
        async with session.get(page.url) as response:
            html = await response.text()
            assert response.content_type == "text/html"
        async with session.get(page.url / "arrivals") as response:
            answer = await response.json()
    for server in (pulsoid, database, page):
        await server.stop()

    # No other address but the namespace of SVG, which is a name and no address.
    assert set(re.findall(r"https?://[^\s\"'`]*", html)) == {
        "http://www.w3.org/2000/svg"
    }
    empty, shown = answer["shown"]
    assert (empty["service"], empty["arrivals"], empty["lines"]) == ("pulsoid", 0, {})
    assert empty["latency"] is None
    assert (shown["service"], shown["arrivals"], shown["requests"]) == (
        "influxdb_v1",
        4,
        1,
    )
    # In order of time, and without what is older than the page shows.
    assert shown["lines"] == {
        "bpm": {
            "strap": [[now - 1000, 71.0], [now, 72.0]],
            "watch": [[now, 70.0]],
        }
    }
    assert shown["tracks"] == {}
    assert shown["latency"] >= 3600_000
    assert answer["now"] - now < answer["window"]


async def test_steps(socket_enabled: None) -> None:
    """They are told apart from heart rates, with when they began, a repeat once."""
    wearables = OpenWearables()
    page = Page([wearables])
    now = time.time_ns() // 1_000_000
    for source, type_, start, end, value in (
        ("Watch", "HEART_RATE", now, now, 72),
        ("Watch", "RESTING_HEART_RATE", now, now, 52),
        ("Phone", "STEP_COUNT", now - 1000, now, 3),
        ("Phone", "STEP_COUNT", now - 9000, now - 1000, 20),
        ("Phone", "STEP_COUNT", now - 1000, now, 3),
        ("Bracelet", "STEP_COUNT", now - 1000, now, 4),
        ("Armband", "HEART_RATE", now, now, 60),
        ("Phone", "STEP_COUNT", now - 3600_000, now - 3599_000, 3),
    ):
        tags = {"type": type_, "start": str(start * 1000)}
        wearables.arrivals.append(
            Arrival(wearables.service, end * 1000, value, source, end, tags)
        )
    for server in (wearables, page):
        await server.start()
    async with (
        aiohttp.ClientSession() as session,
        session.get(page.url / "arrivals") as response,
    ):
        (shown,) = (await response.json())["shown"]
    for server in (wearables, page):
        await server.stop()
    lines = shown["lines"]["bpm"]
    assert lines == {"Armband": [[now, 60]], "Watch": [[now, 72]]}
    assert list(lines) == ["Armband", "Watch"]
    assert list(shown["steps"]) == ["Bracelet", "Phone"]
    assert shown["steps"] == {
        "Bracelet": [[now - 1000, now, 4]],
        "Phone": [[now - 9000, now - 1000, 20], [now - 1000, now, 3]],
    }


async def test_a_ride(socket_enabled: None) -> None:
    """Power and speed are lines of their own, and both parts of a place are on the map."""
    database, live = InfluxDBv1(username=""), LiveTracking()
    page = Page([database, live])
    for server in (database, live, page):
        await server.start()
    now = time.time_ns() // 1_000_000_000
    async with aiohttp.ClientSession() as session:
        await session.post(
            (database.url / "write").with_query(db="home", precision="s"),
            data=f"heart_rate,source=bike power=190 {now}\n"
            f"heart_rate,source=bike speed=7.5 {now}\n"
            f"heart_rate,source=phone latitude=52.2,longitude=13.3 {now}\n"
            f"heart_rate,source=phone latitude=52.1,longitude=13.4 {now - 1}\n"
            f"heart_rate,source=phone latitude=52 {now - 2}\n"
            f"heart_rate,source=watch latitude=52 {now}",
        )
        await session.post(
            (live.url / "write").with_query(db=live.database, precision="s"),
            headers={
                "Authorization": aiohttp.encode_basic_auth(live.username, live.password)
            },
            data=f"samples pwr_w=190 {now}\nsamples spd_kph=27 {now}\n"
            f"samples lat=52.2 {now}\nsamples lng=13.3 {now}",
        )
        async with session.get(page.url / "arrivals") as response:
            of_database, of_live = (await response.json())["shown"]
    for server in (database, live, page):
        await server.stop()
    at = now * 1000
    assert of_database["lines"] == {
        "W": {"bike": [[at, 190]]},
        "m/s": {"bike": [[at, 7.5]]},
    }
    assert of_database["tracks"] == {"phone": [[52.1, 13.4], [52.2, 13.3]]}
    assert of_live["lines"] == {"W": {"": [[at, 190]]}, "km/h": {"": [[at, 27]]}}
    assert of_live["tracks"] == {"": [[52.2, 13.3]]}
