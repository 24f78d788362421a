"""Where a webhook may go: to a public address over https, resolved once and connected to exactly as checked."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence

import httpx

from core.errors import VendorRefused

VENDOR = "webhook"
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


async def resolved(host: str, port: int) -> Sequence[str]:
    """Every address the system knows for a host; raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(one[4][0]) for one in found))


class Pinned(httpx.AsyncBaseTransport):
    """Resolves, refuses what is not public, and connects to the address it has checked, whatever DNS says next.

    `local` lets http and any address pass: for a receiver on this machine or in this network.
    """

    def __init__(self, inner: httpx.AsyncBaseTransport, *, local: bool, resolve: Resolve = resolved) -> None:
        self._inner = inner
        self._local = local
        self._resolve = resolve

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        if not self._local and url.scheme != "https":
            raise VendorRefused(
                VENDOR, "only https is sent to; REMIT_WEBHOOKS_LOCAL=1 allows a local receiver"
            )
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            found = await self._resolve(url.host, port)
        except OSError:
            raise httpx.ConnectError(f"{url.host} cannot be resolved", request=request) from None
        if not found:
            raise httpx.ConnectError(f"{url.host} has no address", request=request)
        if not self._local and not all(is_public(one) for one in found):
            raise VendorRefused(VENDOR, f"{url.host} is no public address")
        request.extensions = {**request.extensions, "sni_hostname": url.host}
        request.url = url.copy_with(host=found[0])
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        await self._inner.aclose()


def is_public(address: str) -> bool:
    """True for an address of the open internet: not private, loopback, link-local, reserved or multicast."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inside = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    return ip.is_global and not ip.is_multicast and (inside is None or is_public(str(inside)))
