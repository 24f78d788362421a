"""One HTTP client factory for every vendor: bounded, redacting, and unable to write without a permit."""

import json
import logging
import re
from collections.abc import Awaitable, Callable, Mapping
from time import perf_counter
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, SecretStr, ValidationError
from tenacity import (
    AsyncRetrying,
    RetryCallState,
    retry_if_exception,
    stop_after_attempt,
    wait_exponential_jitter,
)

from core.actions import Permit
from core.errors import RemitError, VendorBusy, VendorDown, VendorError, VendorRefused, VendorUnsure

log = logging.getLogger("remit.http")
M = TypeVar("M", bound=BaseModel)
TIMEOUT = httpx.Timeout(10.0, connect=3.0)
LIMITS = httpx.Limits(max_connections=20, max_keepalive_connections=10, keepalive_expiry=30)
MAX_BODY = 2_000_000
LONGEST_WAIT = 5.0
READ_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
NOTHING_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)
IsRead = Callable[[httpx.Request], bool]


class Unpermitted(RemitError):
    """Our own bug: a write reached the wire without the gate's permit; nothing was sent."""

    code = "unpermitted"


def client(
    vendor: str,
    *,
    base_url: str,
    auth: Mapping[str, SecretStr],
    timeout: httpx.Timeout = TIMEOUT,
    is_read: IsRead | None = None,
    service_messages: bool = False,
    transport: httpx.AsyncBaseTransport | None = None,
) -> httpx.AsyncClient:
    """A client for one vendor; the caller closes it.

    Args:
        auth: headers that carry a secret; they are added on the wire only, never kept where a repr shows them.
        is_read: says of a POST that it has no effect (a search, a GraphQL query); see `post_reads`, `graphql_reads`.
        service_messages: a client whose writes are service messages (the help desk), which need no permit.
        transport: what really sends, for tests.
    """
    # httpx logs whole URLs and httpcore whole headers; our own line below says what may be said.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    inner = transport or httpx.AsyncHTTPTransport(limits=LIMITS, trust_env=False)
    return httpx.AsyncClient(
        base_url=base_url,
        auth=_SecretHeaders(auth),
        timeout=timeout,
        follow_redirects=False,
        trust_env=False,
        transport=Guard(vendor, inner, is_read=is_read, service_messages=service_messages),
    )


def post_reads(*paths: str) -> IsRead:
    """POST to exactly these paths (as sent, without query) is a read."""
    known = frozenset(paths)
    return lambda request: request.method == "POST" and request.url.path in known


def graphql_reads(path: str) -> IsRead:
    """POST to `path` is a read when its GraphQL document holds no mutation or subscription."""
    return lambda request: request.method == "POST" and request.url.path == path and _is_query(request)


def _is_query(request: httpx.Request) -> bool:
    try:
        body = json.loads(request.content)
    except (ValueError, httpx.RequestNotRead):
        return False
    document = body.get("query") if isinstance(body, dict) else None
    return isinstance(document, str) and not ({"mutation", "subscription"} & set(_top_words(document)))


def _top_words(document: str) -> list[str]:
    """Names outside all braces; strings and comments are no names."""
    bare = re.sub(r'"""(?s:.*?)"""|"(?:\\.|[^"\\\n])*"|#[^\n]*', " ", document)
    depth, words = 0, []
    for token in re.findall(r"[{}]|\w+", bare):
        depth += {"{": 1, "}": -1}.get(token, 0)
        if depth <= 0:
            words.append(token)
    return words


class _SecretHeaders(httpx.Auth):
    def __init__(self, headers: Mapping[str, SecretStr]) -> None:
        self._headers = dict(headers)

    def auth_flow(self, request: httpx.Request) -> Any:
        for name, secret in self._headers.items():
            request.headers[name] = secret.get_secret_value()
        yield request


class Guard(httpx.AsyncBaseTransport):
    """The last thing before the wire: refuses unpermitted writes, bounds answers, logs without secrets."""

    def __init__(
        self, vendor: str, inner: httpx.AsyncBaseTransport, *, is_read: IsRead | None, service_messages: bool
    ) -> None:
        self._vendor = vendor
        self._inner = inner
        self._is_read = is_read
        self._service_messages = service_messages

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._require_permit(request)
        began, status = perf_counter(), "no answer"
        try:
            response = await self._inner.handle_async_request(request)
            status = str(response.status_code)
            return await _bounded(response)
        finally:
            ms = round((perf_counter() - began) * 1000)
            log.info(
                "%s %s %s %s %s ms",
                request.method,
                request.url.host,
                path_template(request.url.path),
                status,
                ms,
            )

    def _require_permit(self, request: httpx.Request) -> None:
        if request.method in READ_METHODS or self._service_messages:
            return
        if self._is_read is not None and self._is_read(request):
            return
        if not isinstance(request.extensions.get("permit"), Permit):
            where = f"{request.method} {path_template(request.url.path)}"
            raise Unpermitted(
                f"{self._vendor}: {where} is a write and carries no permit; send it from execute()"
            )

    async def aclose(self) -> None:
        await self._inner.aclose()


async def _bounded(response: httpx.Response) -> httpx.Response:
    """The same answer, read and decompressed, or an error once it grows past MAX_BODY."""
    body = bytearray()
    try:
        async for part in response.aiter_bytes():
            body += part
            if len(body) > MAX_BODY:
                raise httpx.RemoteProtocolError(f"answer larger than {MAX_BODY} bytes")
    finally:
        await response.aclose()
    dropped = {"content-encoding", "content-length", "transfer-encoding"}
    headers = [(k, v) for k, v in response.headers.raw if k.decode("latin-1").lower() not in dropped]
    return httpx.Response(
        response.status_code, headers=headers, content=bytes(body), extensions=response.extensions
    )


async def send(
    client: httpx.AsyncClient,
    vendor: str,
    method: str,
    url: str,
    *,
    permit: Permit | None = None,
    expect: frozenset[int] = frozenset(),
    **request: Any,
) -> httpx.Response:
    """The vendor's answer if it is 2xx or in `expect`; else the VendorError that says who can act.

    Args:
        permit: needed by a write.
        expect: other statuses the caller understands, such as 404 of a read.
        request: `params`, `json`, `headers`, ... as httpx takes them.
    """
    where = f"{method} {path_template(url)}"
    extensions = {} if permit is None else {"permit": permit}
    built = client.build_request(
        method, url, extensions={"timeout": client.timeout.as_dict(), **extensions}, **request
    )
    try:
        response = await client.send(built)
    except NOTHING_SENT as error:
        raise VendorDown(vendor, f"{where} could not connect ({type(error).__name__})") from None
    except httpx.HTTPError as error:
        raise VendorUnsure(vendor, f"{where} got no whole answer ({type(error).__name__})") from None
    if response.is_success or response.status_code in expect:
        return response
    raise failure(vendor, where, response)


def failure(vendor: str, where: str, response: httpx.Response) -> VendorError:
    """What an answer that is no success means, by its status alone."""
    status, wait = response.status_code, retry_after(response)
    said = f"{where} answered {status}"
    # A 503 that names a time was turned away at the door; any other 5xx may come from behind the effect.
    if status == 429 or (status == 503 and wait is not None):
        return VendorBusy(vendor, said, retry_after=wait)
    if 400 <= status < 500 and status != 408:
        return VendorRefused(vendor, said)
    return VendorUnsure(vendor, said)


def retry_after(response: httpx.Response) -> float | None:
    """Seconds the vendor asks us to wait, when it says so in seconds."""
    value = response.headers.get("retry-after", "")
    return float(value) if re.fullmatch(r"\d{1,6}(\.\d{1,3})?", value) else None


def parsed(vendor: str, response: httpx.Response, model: type[M]) -> M:
    """The answer as our own type; VendorUnsure when it is not what the vendor promises."""
    try:
        return model.model_validate_json(response.content)
    except ValidationError as error:
        raise VendorUnsure(vendor, f"unreadable answer: {error.error_count()} misfits") from None


def retrying(*, sleep: Callable[[float], Awaitable[None]] | None = None) -> AsyncRetrying:
    """For reads only: `await retrying()(read, ...)` tries three times and obeys a Retry-After of at most 5 s."""
    policy = AsyncRetrying(
        stop=stop_after_attempt(3), wait=_wait, retry=retry_if_exception(_is_passing), reraise=True
    )
    return policy if sleep is None else policy.copy(sleep=sleep)


def _is_passing(error: BaseException) -> bool:
    if isinstance(error, VendorBusy):
        return (error.retry_after or 0) <= LONGEST_WAIT
    return isinstance(error, (VendorDown, VendorUnsure))


def _wait(state: RetryCallState) -> float:
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, VendorBusy) and error.retry_after is not None:
        return error.retry_after
    return float(wait_exponential_jitter(multiplier=0.05, max=1.0, jitter=0.05)(state))


_OPAQUE = re.compile(r"(?=[^/.]*\d)[^/.]+|[^/.]{32,}|[^/]*[@%][^/]*")


def path_template(url: str) -> str:
    """The path with everything that looks like an id replaced: `/api/v2/tickets/{id}/comments.json`."""
    path = re.sub(r"^https?://[^/]*", "", url).split("?")[0]
    return "/".join(
        s if re.fullmatch(r"v\d+|\d{4}-\d\d", s) else _OPAQUE.sub("{id}", s) for s in path.split("/")
    )


_SECRETS = (
    (re.compile(r"(?i)\b(bearer|basic|ssws|token)\s+[\w+/=.~-]{6,}"), r"\1 [secret]"),
    (re.compile(r"\b(?:sk|rk|pk|whsec|pat|shpat|xox[a-z])[-_][\w-]{6,}"), "[secret]"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "[secret]"),
    (re.compile(r"[\w.+'-]+@[\w-]+(?:\.[\w-]+)+"), "[email]"),
    (re.compile(r"(?<=\?)[^\s#\"']+"), "[query]"),
    (re.compile(r"(?<![\w-])\+?\d(?:[ ().-]{0,2}\d){5,}"), "[number]"),
)


def redacted(text: str) -> str:
    """Text fit for a log: without addresses, keys, query values or runs of six digits and more."""
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text
