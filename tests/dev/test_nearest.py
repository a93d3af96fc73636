"""Which tests are the nearest to a change."""

import pytest

from dev.nearest import ALWAYS, every_test, nearest

PACKAGE = "custom_components/heart_rate_relay"


def of(*paths: str) -> list[str]:
    """Return the tests of a change, without those that are always run."""
    return [test for test in nearest(paths, every_test()) if test not in ALWAYS]


@pytest.mark.parametrize(
    ("path", "test"),
    [
        (f"{PACKAGE}/backup.py", "tests/test_backup.py"),
        (f"{PACKAGE}/const.py", "tests/test_init.py"),
        (f"{PACKAGE}/outbox/packs.py", "tests/outbox/test_packs.py"),
        (f"{PACKAGE}/destinations/pulsoid.py", "tests/destinations/test_pulsoid.py"),
        (f"{PACKAGE}/translations/de.json", "tests/test_strings.py"),
        ("dev/tally.py", "tests/dev/test_tally.py"),
        ("dev/browser/form.py", "tests/dev/test_browser.py"),
        ("dev/stand_ins/pulsoid.py", "tests/stand_ins/test_pulsoid.py"),
        ("dev/virtual_proxy/strap.py", "tests/dev/test_virtual_strap.py"),
        ("benchmarks/sink.py", "tests/benchmarks/test_sink.py"),
        ("tests/past/test_absence.py", "tests/past/test_absence.py"),
        ("tests/common.py", "tests/test_init.py"),
    ],
)
def test_test_of_a_file(path: str, test: str) -> None:
    """A file has a test that is called like it, or one for all that has none."""
    assert test in of(path)


def test_part_of_a_room() -> None:
    """A part of a destination is tested with the destination, and not with all."""
    tests = of(f"{PACKAGE}/destinations/influxdb/answers.py")

    assert "tests/destinations/test_influxdb_answers.py" in tests
    assert "tests/destinations/test_pulsoid.py" not in tests


def test_whole_room() -> None:
    """What has no test of its own is tested by those of its room, and by no others."""
    tests = of(f"{PACKAGE}/delivery/rate_limit.py")

    assert tests
    assert all(test.startswith("tests/delivery/") for test in tests)


def test_changed_test_comes_first() -> None:
    """A test that was changed is what one waits for; what looks at all files is last."""
    tests = nearest(
        [f"{PACKAGE}/outbox/packs.py", "tests/past/test_absence.py"], every_test()
    )

    assert tests[0] == "tests/past/test_absence.py"
    assert tests[-len(ALWAYS) :] == list(ALWAYS)


def test_nothing_of_ours() -> None:
    """A text has but the tests that look at all files, and so has no change."""
    assert nearest(["docs/relays.md"], every_test()) == list(ALWAYS)
    assert nearest([], every_test()) == list(ALWAYS)
