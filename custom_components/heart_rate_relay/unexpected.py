"""What nobody expected is logged without its words: a heart rate or a token may be in them."""

from collections.abc import Callable
from functools import wraps
import logging
from traceback import format_tb

_LOGGER = logging.getLogger(__package__)


def log_unexpected(err: BaseException, consequence: str) -> None:
    """Log what kind of error it was, where it was raised, and what comes of it."""
    _LOGGER.error("Unexpected error, %s\n%s", consequence, _without_words(err))


def guarded[**P](function: Callable[P, None]) -> Callable[P, None]:
    """Let no error out of what Home Assistant calls.

    It would log the words of the error, and of an event also the states that it is about.
    """

    @wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            function(*args, **kwargs)
        except Exception as err:  # noqa: BLE001 - whatever it is
            log_unexpected(err, "all else goes on")

    return call


def _without_words(err: BaseException | None) -> str:
    """Return the traceback of an error, and before it those of what it came from."""
    found: list[str] = []
    seen: set[int] = set()
    while err and id(err) not in seen:
        seen.add(id(err))
        found.insert(0, "".join([*format_tb(err.__traceback__), type(err).__name__]))
        err = err.__cause__ or (None if err.__suppress_context__ else err.__context__)
    return "\n".join(found)
