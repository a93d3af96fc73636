"""The docs tell which service gets what, as it is in the code."""

from dev.metrics_table import NOTHING, PAGE, table, written


def test_table_is_written() -> None:
    """What the docs say is what the code does."""
    page = PAGE.read_text(encoding="utf-8")
    assert table() in page, "write it anew: python -m dev.metrics_table"
    assert written(page) == page


def test_rows() -> None:
    """A row tells the names that a person meets at each service."""
    rows = [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in table().splitlines()
    ]
    services = rows[0][2:]
    assert services == [
        *("Live feed", "Pulsoid", "Gerosense", "livetracking.io", "InfluxDB"),
        *("Open Wearables", "Webhook", "MQTT"),
    ]
    assert rows[0][1] == "in"
    cells = {row[0]: dict(zip(services, row[2:], strict=True)) for row in rows[2:]}
    anything = dict.fromkeys(("Live feed", "Webhook", "MQTT"), "✓")
    assert cells["heart rate"] == anything | {
        "Pulsoid": "✓",
        "Gerosense": "`bpm`",
        "livetracking.io": "`hr_bpm`",
        "InfluxDB": "`bpm`",
        "Open Wearables": "`HEART_RATE`",
    }
    assert cells["power left"] == anything | {
        "Pulsoid": NOTHING,
        "Gerosense": NOTHING,
        "livetracking.io": "`pwr_w_l`",
        "InfluxDB": "`power_left`",
        "Open Wearables": NOTHING,
    }
    assert cells["height"]["Open Wearables"] == "`HEIGHT`"
