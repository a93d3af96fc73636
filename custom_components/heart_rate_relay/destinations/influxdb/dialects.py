"""How each version of InfluxDB wants to be spoken to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import aiohttp

from ...reading import SECOND
from ..errors import NotAuthorisedError
from .questions import (
    Ask,
    ask_influxdb_1,
    ask_influxdb_2,
    ask_influxdb_3,
    ask_victoria_metrics,
)


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one version of InfluxDB wants to be spoken to."""

    path: str
    parameters: Mapping[str, str]
    """From the query's parameters to the fields of the form."""
    precision: str
    """What the version calls the precision."""
    step: int = 1
    """How long a step of that is, in µs."""
    scheme: Literal["Basic", "Token", "Bearer"]
    own_ways_to_ask: Sequence[Ask] = ()
    """How InfluxDB itself may be asked what it holds: the first that is understood is taken."""
    other_ways_to_ask: Sequence[Ask] = ()
    """How others may be asked that take the same, before those."""

    @property
    def ways_to_ask(self) -> Sequence[Ask]:
        """How it may be asked as long as nobody knows what it is."""
        return (*self.other_ways_to_ask, *self.own_ways_to_ask)


V1 = Dialect(
    path="write",
    parameters={"db": "database", "rp": "retention_policy"},
    precision="u",
    scheme="Basic",
    own_ways_to_ask=(ask_influxdb_1,),
    other_ways_to_ask=(ask_victoria_metrics,),
)
V2 = Dialect(
    path="api/v2/write",
    parameters={"org": "organization", "bucket": "bucket"},
    precision="us",
    scheme="Token",
    own_ways_to_ask=(ask_influxdb_2,),
)
V3 = Dialect(
    path="api/v3/write_lp",
    parameters={"db": "database"},
    precision="microsecond",
    scheme="Bearer",
    own_ways_to_ask=(ask_influxdb_3,),
)
LIVE = Dialect(
    path="write",
    parameters={"db": "database"},
    precision="s",
    step=SECOND,
    scheme="Basic",
)


def authorization(scheme: str, config: Mapping[str, Any]) -> dict[str, str]:
    """Return the header that says who writes, none for an open database.

    Raises NotAuthorisedError where nobody can be called that: with a colon in the name.
    """
    if scheme != "Basic":
        token = config.get("token", "").strip()
        return {"Authorization": f"{scheme} {token}"} if token else {}
    if not (username := config.get("username")):
        return {}
    try:
        login = aiohttp.encode_basic_auth(username, config.get("password", ""))
    except ValueError as err:
        raise NotAuthorisedError from err
    return {"Authorization": login}
