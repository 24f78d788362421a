"""A vendor that does not answer is not asked for a while, so that nobody waits for it; the others go on."""

from collections.abc import Callable, Mapping

import httpx

from core.breaker import Breaker, BreakerState
from tools.http import LIMITS


class Breaking(httpx.AsyncBaseTransport):
    """Sends through `inner` while the vendor's breaker is closed; an unasked call is a ConnectError: nothing was sent."""

    def __init__(self, breaker: Breaker, inner: httpx.AsyncBaseTransport | None = None) -> None:
        self._breaker = breaker
        self._inner = inner or httpx.AsyncHTTPTransport(limits=LIMITS, trust_env=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if not self._breaker.admits():
            raise httpx.ConnectError(f"{self._breaker.name} did not answer lately and is not asked")
        try:
            response = await self._inner.handle_async_request(request)
        except httpx.HTTPError:
            self._breaker.failed()
            raise
        except BaseException:
            self._breaker.given_up()
            raise
        # A refusal or "too many requests" is an answer; only an answer without sense is a failure.
        if response.status_code >= 500:
            self._breaker.failed()
        else:
            self._breaker.succeeded()
        return response

    async def aclose(self) -> None:
        await self._inner.aclose()


class Breakers:
    """One breaker per vendor of this process; `now` is a clock that never goes back, in seconds."""

    def __init__(self, now: Callable[[], float], *, failures: int = 5, seconds: float = 20.0) -> None:
        self._now = now
        self._failures = failures
        self._seconds = seconds
        self._known: dict[str, Breaker] = {}

    def of(self, name: str, *, failures: int | None = None, seconds: float | None = None) -> Breaker:
        """The breaker of that name, made at the first call; the same for every client of a vendor."""
        made = Breaker(name, self._now, failures=failures or self._failures, seconds=seconds or self._seconds)
        return self._known.setdefault(name, made)

    def states(self) -> Mapping[str, BreakerState]:
        """How every vendor that was built stands, by name."""
        return {name: breaker.state for name, breaker in sorted(self._known.items())}
