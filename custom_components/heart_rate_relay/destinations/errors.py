"""What a destination says when nothing was delivered: an outcome each."""

MAX_REASON = 200
"""How much of a service's own words is kept, in characters."""


class DestinationError(Exception):
    """Nothing was delivered.

    The key is a translation key: it says in plain words what happened and what to do.
    The detail is the service's own words, bounded, and may be empty.
    """

    in_doubt = 0
    """How many readings delivered before may be lost after all."""

    def __init__(self, key: str, detail: str = "") -> None:
        """Initialize the error."""
        super().__init__(key)
        self.key = key
        self.detail = " ".join(detail.split())[:MAX_REASON]


class RefusedError(DestinationError):
    """At least one reading of the batch can never be accepted, or it is too large."""

    def __init__(self, detail: str = "", *, is_too_large: bool = False) -> None:
        """Initialize the error."""
        super().__init__("refused", detail)
        self.is_too_large = is_too_large


class RefusesAllError(DestinationError):
    """Whatever is sent is refused, so that no reading is to blame."""

    def __init__(self, detail: str = "") -> None:
        """Initialize the error."""
        super().__init__("refuses_all", detail)


class NotAuthorisedError(DestinationError):
    """The credentials are bad, expired or revoked."""

    def __init__(self, detail: str = "", *, key: str = "invalid_auth") -> None:
        """Initialize the error."""
        super().__init__(key, detail)


class UnknownPersonError(DestinationError):
    """The credentials are good, but the service does not know whose readings it gets."""

    def __init__(self, detail: str = "") -> None:
        """Initialize the error."""
        super().__init__("unknown_person", detail)


class NotEntitledError(DestinationError):
    """The account lacks something that its owner can buy, tick or create."""


class WaitError(DestinationError):
    """The service asks for patience, for retry_after seconds where it says so."""

    def __init__(self, retry_after: float | None = None) -> None:
        """Initialize the error."""
        super().__init__("busy")
        self.retry_after = retry_after


class UnreachableError(DestinationError):
    """The service did not answer, or not sensibly."""


class NotStoredError(UnreachableError):
    """The service answers, but does not store what it takes: a person has to look."""
