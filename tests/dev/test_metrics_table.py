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
    assert rows[0][2:] == [
        *("Pulsoid", "Gerosense", "livetracking.io", "InfluxDB", "Open Wearables")
    ]
    cells = {row[0]: row[1:] for row in rows[2:]}
    assert cells["heart rate"] == [
        *("bpm", "✓", "`bpm`", "`hr_bpm`", "`bpm`", "`HEART_RATE`")
    ]
    assert cells["power left"] == [
        *("W", NOTHING, NOTHING, "`pwr_w_l`", "`power_left`", NOTHING)
    ]
    assert cells["height"][-1] == "`HEIGHT`"
