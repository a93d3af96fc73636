"""The page that shows what arrived, through HTTP."""

import re
import time

import aiohttp

from dev.stand_ins import InfluxDBv1, Page, Pulsoid


async def test_the_page(socket_enabled: None) -> None:
    """The page needs nothing but itself and its numbers."""
    pulsoid, database = Pulsoid(), InfluxDBv1(username="")
    page = Page([pulsoid, database])
    for server in (pulsoid, database, page):
        await server.start()
    now = time.time_ns() // 1_000_000
    body = (
        f"m,source=strap v=72 {now}\nm,source=strap v=71 {now - 1000}\n"
        f"m,source=watch v=70 {now}\nm,source=strap v=60 {now - 3600_000}"
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
        "strap": [[now - 1000, 71.0], [now, 72.0]],
        "watch": [[now, 70.0]],
    }
    assert shown["latency"] >= 3600_000
    assert answer["now"] - now < answer["window"]
