"""Which units heart rates and times are told in, and what they are in ours.

Units are compared without regard to capitals, blanks and full stops: "bpm", "Beats per
min", "уд./мин", "ppm", "count/minute", "Schläge pro Minute".
"""

from collections.abc import Mapping
from enum import Enum, auto
from functools import lru_cache
import re
from types import MappingProxyType
from typing import NamedTuple


class Counted(Enum):
    """What a unit of a heart rate counts."""

    BEATS = auto()
    """Beats of a heart, or what else calls itself "bpm"."""
    BEATS_OR_PARTS = auto()
    """Beats in Spanish, else parts per million, or litres per minute."""
    ANYTHING = auto()


class Rate(NamedTuple):
    """A unit that a heart rate may be told in."""

    counted: Counted
    in_bpm: float


_BEATS = (
    *("b", "beat", "beats", "heartbeats", "pulse", "pulses", "puls", "Schläge"),
    *(
        "Pulsschläge",
        "slag",
        "slagen",
        "lyöntiä",
        "iskua",
        "lööki",
        "sitieni",
        "dūžiai",
    ),
    *(
        "battements",
        "bat",
        "batt",
        "pulsations",
        "battiti",
        "pulsazioni",
        "pulsos",
        "pul",
    ),
    *("pulsaciones", "pulsacions", "pulsações", "latidos", "lat", "latexos", "batecs"),
    *("batimentos", "bătăi", "uderzeń", "ud", "tepů", "tepov", "úderů", "úderov"),
    *("utripov", "otkucaja", "откуцаја", "уд", "удара", "ударов", "ударів", "удари"),
    *(
        "παλμοί",
        "σφύξεις",
        "ütés",
        "atım",
        "atış",
        "vuruş",
        "nabız",
        "次",
        "拍",
        "회",
        "박",
    ),
    *("ครั้ง", "nhịp", "detak", "denyut", "פעימות"),
)
_MINUTES = (
    *("min", "minute", "minutes", "minuto", "minuut", "minuten", "minutę", "minutu"),
    *("minut", "minutt", "minuutti", "perc", "dk", "dakika", "мин", "минуту", "минута"),
    *(
        "хв",
        "хвилину",
        "λεπτό",
        "分",
        "分钟",
        "分鐘",
        "분",
        "นาที",
        "phút",
        "menit",
        "דקה",
    ),
)
_ANYTHING = ("", "1", "count", "counts")
_COUNTED: Mapping[str, Counted] = MappingProxyType(
    {
        **dict.fromkeys(_ANYTHING, Counted.ANYTHING),
        **{word.lower(): Counted.BEATS for word in _BEATS},
    }
)
"""What is told by the minute."""
_RATES: Mapping[str, Rate] = MappingProxyType(
    {
        "bpm": Rate(Counted.BEATS, 1.0),
        "ppm": Rate(Counted.BEATS_OR_PARTS, 1.0),
        "lpm": Rate(Counted.BEATS_OR_PARTS, 1.0),
        **dict.fromkeys(("hz", "/s", "1/s"), Rate(Counted.ANYTHING, 60.0)),
    }
)
"""What is told otherwise."""

_MS: Mapping[str, float] = MappingProxyType(
    {
        **dict.fromkeys(
            ("ms", "msec", "millisecond", "milliseconds", "мс", "毫秒"), 1.0
        ),
        **dict.fromkeys(("s", "sec", "second", "seconds"), 1000.0),
    }
)

_PER = re.compile(r"(?:^|\s)(?:per|pro|por|par|pr|al|a|na|za|i|в|за|на|ανά)\s|[/／]")
_INVERSE = re.compile(r"[·⋅*\s]*\b(min|s)\s*(?:⁻¹|\^?-1)$")
_LEFT_OUT = str.maketrans("", "", " .\t\u00a0")


@lru_cache(maxsize=256)
def rate_of(unit: str) -> Rate | None:
    """Return what a unit is as that of a heart rate, None when it is none."""
    told = plain(unit)
    words, per, time = told.rpartition("/")
    if per and time in _MINUTES and words in _COUNTED:
        return Rate(_COUNTED[words], 1.0)
    return _RATES.get(told)


@lru_cache(maxsize=256)
def ms_in(unit: str) -> float | None:
    """Return how many milliseconds a unit is, None when it is no time."""
    return _MS.get(plain(unit))


def plain(unit: str) -> str:
    """Return a unit as it stands in the tables."""
    unit = _INVERSE.sub(r"/\1", unit.strip().lower())
    return _PER.sub("/", unit).translate(_LEFT_OUT)
