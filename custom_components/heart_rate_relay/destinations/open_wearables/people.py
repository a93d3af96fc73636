"""The people of a server that an API key opens."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any, override

import aiohttp
from yarl import URL

from ..base import Account, Answer, Directory
from ..errors import (
    DestinationError,
    RefusedError,
    UnknownPersonError,
    UnreachableError,
)
from ..text import tidy
from ..tokens import Tokens
from .server import OpenWearablesServer, objection, refusal

MAX_PEOPLE = 100
"""People in an answer."""

MAX_NAME = 100
"""Characters of a name, and of an e-mail address."""


class OpenWearablesPeople(OpenWearablesServer, Directory):
    """A server that an API key opens, with all of its people."""

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
        """Return the people of the server, those who have all words of a search.

        The server looks for one text in first names, last names and e-mail addresses, each
        alone: it gets the longest word, and the others are looked for here.
        """
        words = search.casefold().split()
        query = {"search": max(words, key=len)} if words else {}
        found = await self._users(**query)
        people = [(_account(user), _words_of(user)) for user in found]
        return [
            person for person, text in people if all(each in text for each in words)
        ]

    @override
    async def add_person(self, details: Mapping[str, Any]) -> Account:
        """Make a person known, by as much of first_name, last_name and email as is given."""
        user = {
            field: text
            for field in ("first_name", "last_name", "email")
            if (text := tidy(details.get(field) or "", MAX_NAME))
        }
        if email := user.get("email"):
            await self._see_unused(email)
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

    async def _see_unused(self, email: str) -> None:
        """See that an e-mail address is nobody's.

        Up to release 0.6.3 the server makes a second person with the same address.
        """
        for user in await self._users(search=email):
            if str(user.get("email")).casefold() == email.casefold():
                raise DestinationError("email_taken")

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
        url = self._api / "users"
        url = url.with_query({"page": 1, "limit": MAX_PEOPLE, **query})
        answer = await self._ask("GET", url)
        if not answer.ok:
            raise objection(answer, "wrong_url")
        if not isinstance(users := answer.json.get("items"), list):
            raise UnreachableError("wrong_url")
        return users

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


def _words_of(user: Mapping[str, Any]) -> str:
    """Return what a person can be found by."""
    fields = (user.get(key) for key in ("first_name", "last_name", "email"))
    return " ".join(text for text in fields if isinstance(text, str)).casefold()
