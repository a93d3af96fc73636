"""A person at a server that an API key opens: what is imported can be seen."""

import asyncio
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, override

import aiohttp
from yarl import URL

from ...reading import Reading
from ..base import (
    Account,
    Answer,
    DestinationError,
    Directory,
    NotEntitledError,
    NotStoredError,
    Receipt,
    Refusal,
    RefusedError,
    UnknownPersonError,
    UnreachableError,
)
from ..text import tidy
from ..tokens import Tokens
from .records import (
    KINDS,
    Record,
    Sample,
    absent,
    batch_of,
    date,
    records_of,
    sample_of,
)
from .server import FIRST_BATCH, OpenWearablesServer, objection, refusal, see_queued

LOOKS = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
"""Seconds before each look whether records were imported."""

WITNESS_VALID = 120.0
"""Seconds for which it holds that the server imports, and a batch must be at fault."""

MAX_PAGE = 100
"""Samples or people in an answer."""

MAX_PAGES = 20
"""Pages of a look. Where more was measured meanwhile, a smaller batch is looked at."""

MAX_NAME = 100

NOT_IMPORTED = "accepted by the server, but not imported"


class OpenWearables(OpenWearablesServer, Directory):
    """A person at a server that an API key opens, so that imports can be verified."""

    lists = True

    def __init__(
        self,
        session: aiohttp.ClientSession,
        config: Mapping[str, Any],
        tokens: Tokens,
    ) -> None:
        """Initialize the destination with a key to the server."""
        super().__init__(session, config, tokens)
        self._headers = {"X-Open-Wearables-API-Key": config["api_key"].strip()}
        self._is_careful = True
        self._tells_names = False
        self._suspects: frozenset[Record] = frozenset()
        self._suspected_until = 0.0

    @override
    async def validate(self) -> Account:
        """Say who the person is. Raises UnknownPersonError while that is to be chosen."""
        if not self._config.get("user_id"):
            await self._users(limit=1)
            raise UnknownPersonError
        person = await self._person()
        return Account(id=self._account_id, name=f"{self.service} {person.name}")

    @override
    async def people(self, search: str = "") -> Sequence[Account]:
        """Return the people of the server."""
        query = {"search": search} if (search := search.strip()) else {}
        return [_account(user) for user in await self._users(**query)]

    @override
    async def add_person(self, details: Mapping[str, Any]) -> Account:
        """Make a person known, by as much of first_name, last_name and email as is given."""
        user = {
            field: text
            for field in ("first_name", "last_name", "email")
            if (text := tidy(details.get(field) or "", MAX_NAME))
        }
        answer = await self._ask("POST", self._api / "users", json=user)
        if answer.status == HTTPStatus.CONFLICT:
            raise DestinationError("email_taken")
        if not answer.ok:
            error = refusal(answer)
            if isinstance(error, RefusedError):
                # Nothing else of it can be wrong
                raise DestinationError("invalid_email", error.detail)
            raise error
        return _account(answer.json)

    @override
    async def deliver(self, readings: Sequence[Reading]) -> Receipt:
        """Deliver readings, and see that they were imported.

        Only what is not there already is sent, so that whatever is there afterwards
        shows that the server imports. It begins small, and so again after any error.
        Raises NotStoredError where nothing is imported, and NotEntitledError when the
        person is gone.
        """
        records = await self._absent(records_of(readings), by_name=True)
        lost: list[Record] = []
        if self._is_careful:
            lost += await self._import(records[:FIRST_BATCH])
            records = records[FIRST_BATCH:]
        self._is_careful = True
        lost += await self._import(records)
        self._is_careful = False
        return Receipt(tuple(Refusal(each.reading, NOT_IMPORTED) for each in lost))

    async def _import(self, records: Sequence[Record]) -> Sequence[Record]:
        """Send records that are not there, and return which the server dropped.

        Raises RefusedError where a smaller batch may tell.
        """
        if not records:
            return []
        await self._post(records)
        if not (missing := await self._await_import(records)):
            return []
        await self._see_person()
        if len(missing) < len(records):
            await self._post(missing)
            return await self._await_import(missing)
        if not self._are_suspect(records) and not await self._has_witness(records):
            raise NotStoredError("not_imported")
        if len(records) == 1:
            return records
        raise RefusedError(NOT_IMPORTED)

    def _are_suspect(self, records: Sequence[Record]) -> bool:
        """Return whether others of the same batch were imported just now."""
        now = asyncio.get_running_loop().time()
        return now < self._suspected_until and self._suspects.issuperset(records)

    async def _has_witness(self, records: Sequence[Record]) -> bool:
        """Return whether at least one record of a lost batch is imported when sent alone.

        So the batch is at fault, and the server is at work.
        """
        if len(records) == 1:
            return False
        for record in (records[0], records[-1]):
            # One after the other: a person's first requests get lost when they follow at once
            await self._post([record])
            if not await self._await_import([record]):
                now = asyncio.get_running_loop().time()
                self._suspects = frozenset(records)
                self._suspected_until = now + WITNESS_VALID
                return True
        return False

    async def _post(self, records: Sequence[Record]) -> None:
        """Send records in one request."""
        answer = await self._ask("POST", self._sync_url, json=batch_of(records))
        see_queued(answer)

    async def _await_import(self, records: Sequence[Record]) -> Sequence[Record]:
        """Return the records that are not there when they should be."""
        for pause in LOOKS:
            await asyncio.sleep(pause)
            by_name = self._tells_names
            if not (records := await self._absent(records, by_name=by_name)):
                break
        return records

    async def _absent(
        self, records: Sequence[Record], *, by_name: bool
    ) -> list[Record]:
        """Return the records that are not there now.

        A server that was once seen to tell the names of sources always does.
        """
        missing: list[Record] = []
        for kind in KINDS.values():
            if wanted := [record for record in records if record.kind == kind]:
                samples = await self._samples(wanted)
                unnamed = absent(wanted, samples, by_name=True)
                if len(unnamed) < len(wanted):
                    self._tells_names = by_name = True
                missing += (
                    unnamed if by_name else absent(wanted, samples, by_name=False)
                )
        return missing

    async def _samples(self, records: Sequence[Record]) -> Sequence[Sample]:
        """Return all that is there of a series, in the time that records span."""
        times = [record.key.started_at for record in records]
        first, last = min(times), max(times)
        query: dict[str, str | int] = {
            "types": records[0].kind.series,
            "start_time": date(first),
            "end_time": date(last + 1),
            "limit": MAX_PAGE,
        }
        samples: list[Sample] = []
        for _ in range(MAX_PAGES):
            page = await self._page(query)
            samples += filter(None, map(sample_of, _list(page, "data")))
            if not (cursor := _cursor(page)):
                return samples
            query["cursor"] = cursor
        if first == last:
            raise UnreachableError("unexpected_answer")
        raise RefusedError("too much was measured meanwhile")

    async def _page(self, query: Mapping[str, str | int]) -> Answer:
        """Return some samples."""
        url = self._api / "users" / self._user_id / "timeseries"
        answer = await self._ask("GET", url.with_query(query))
        if answer.status == HTTPStatus.NOT_FOUND:
            await self._see_person()
        if not answer.ok:
            # A question has no readings that could be refused
            raise objection(answer)
        return answer

    async def _see_person(self) -> None:
        """See that the person is still known, for whom all else is discarded."""
        try:
            await self._person()
        except UnknownPersonError as err:
            raise NotEntitledError("person_gone") from err

    async def _person(self) -> Account:
        """Return who the person is. Raises UnknownPersonError."""
        answer = await self._ask("GET", self._api / "users" / self._user_id)
        if answer.status in (HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST):
            # Many a server answers so to anything, but has no list of people
            await self._users(limit=1)
            raise UnknownPersonError
        if not answer.ok:
            raise objection(answer, "wrong_url")
        return _account(answer.json)

    async def _users(self, **query: str | int) -> Sequence[Any]:
        """Return people as the server describes them."""
        url = (self._api / "users").with_query({"page": 1, "limit": MAX_PAGE, **query})
        answer = await self._ask("GET", url)
        if not answer.ok:
            raise objection(answer, "wrong_url")
        return _list(answer, "items", "wrong_url")

    async def _ask(self, method: str, url: URL, *, json: object = None) -> Answer:
        """Return the answer to a request with the key."""
        return await self._request(
            method, url, headers=self._headers, json=json, read=True
        )


def _account(user: Any) -> Account:
    """Return a person as the server describes them."""
    if not isinstance(user, Mapping) or not isinstance(user.get("id"), str):
        raise UnreachableError("wrong_url")
    known = {
        key: tidy(text, MAX_NAME) for key, text in user.items() if isinstance(text, str)
    }
    names = (known.get("first_name"), known.get("last_name"))
    name = " ".join(filter(None, names)) or known.get("email")
    return Account(
        user["id"].lower(), name or known.get("external_user_id") or known["id"]
    )


def _list(answer: Answer, field: str, key: str = "unexpected_answer") -> Sequence[Any]:
    """Return a list of an answer, with the key of the error where there is none."""
    if not isinstance(items := answer.json.get(field), list):
        raise UnreachableError(key)
    return items


def _cursor(page: Answer) -> str | None:
    """Return where the next page begins, None after the last one."""
    pagination = page.json.get("pagination")
    cursor = pagination.get("next_cursor") if isinstance(pagination, Mapping) else None
    return cursor if isinstance(cursor, str) else None
