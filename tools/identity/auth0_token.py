"""A Management API token of Auth0's that is fetched when needed: they live for a day at most."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime, timedelta

import httpx
from pydantic import BaseModel, SecretStr

from core.clock import Clock
from core.errors import VendorDown, VendorUnsure
from tools.http import parsed, send

PATH = "/oauth/token"
# Fetched anew a little early, so that a call never leaves with a token about to end.
_EARLY = timedelta(minutes=2)


class _Granted(BaseModel):
    access_token: SecretStr
    expires_in: int


class FreshToken(httpx.Auth):
    """Adds a token got by the client-credentials grant; one is fetched at a time and kept until it ends."""

    def __init__(
        self, http: httpx.AsyncClient, *, audience: str, client_id: str, secret: SecretStr, clock: Clock
    ) -> None:
        self._http = http
        self._audience = audience
        self._client_id = client_id
        self._secret = secret
        self._clock = clock
        self._kept: tuple[SecretStr, datetime] | None = None
        self._fetching = asyncio.Lock()

    async def async_auth_flow(self, request: httpx.Request) -> AsyncGenerator[httpx.Request, httpx.Response]:
        """httpx's hook: puts the header on what is about to be sent."""
        request.headers["Authorization"] = f"Bearer {(await self._token()).get_secret_value()}"
        yield request

    async def _token(self) -> SecretStr:
        async with self._fetching:
            if self._kept is None or self._clock.now() >= self._kept[1] - _EARLY:
                self._kept = await self._fetch()
            return self._kept[0]

    async def _fetch(self) -> tuple[SecretStr, datetime]:
        body = {
            "grant_type": "client_credentials",
            "client_id": self._client_id,
            "client_secret": self._secret.get_secret_value(),
            "audience": self._audience,
        }
        asked = self._clock.now()
        try:
            granted = parsed("auth0", await send(self._http, "auth0", "POST", PATH, json=body), _Granted)
        except VendorUnsure as error:
            # Of the call that needs the token nothing was sent yet.
            raise VendorDown("auth0", f"no token could be had ({error})") from None
        return granted.access_token, asked + timedelta(seconds=granted.expires_in)
