"""Every system of record behind its adapter: with its own keys, or on the sandbox where keys are missing."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from time import monotonic
from typing import TypeVar
from urllib.parse import unquote, urlsplit

import httpx
from pydantic import SecretStr

from core.clock import Clock
from core.errors import SettingsError
from service.sandbox import Sandbox
from service.settings import Settings
from store.work import Store
from tools.billing.stripe import Stripe
from tools.breaking import Breakers, Breaking
from tools.crm import hubspot
from tools.desk import zendesk
from tools.identity.auth0 import Auth0
from tools.identity.either import Either
from tools.identity.okta import Okta
from tools.identity.port import Identity
from tools.knowledge.postgres import PostgresKnowledge, query_on
from tools.mail.smtp import Server, SmtpMail, Tls
from tools.orders import shopify
from tools.systems import Systems

T = TypeVar("T")
# What really sends for a vendor of this name.
Wire = Callable[[str], httpx.AsyncBaseTransport]
_SANDBOX_MAIL = "support@northwind.example.com"


async def systems_for(
    settings: Settings,
    sandbox: Sandbox | None,
    store: Store,
    clock: Clock,
    stack: AsyncExitStack,
    *,
    wire: Wire | None = None,
    breakers: Breakers | None = None,
) -> Systems:
    """One adapter per family, each behind its vendor's breaker; `stack` closes them. `wire` sends in place of the network."""
    reach = _Reach(settings, sandbox, clock, stack, wire, breakers or Breakers(monotonic))
    return Systems(
        billing=reach.billing(),
        identity=reach.identity(),
        crm=reach.crm(),
        orders=reach.orders(),
        desk=reach.desk(),
        mail=reach.mail(),
        knowledge=PostgresKnowledge(query_on(store)),
    )


class _Reach:
    """Builds adapters from keys, or from the sandbox's doors."""

    def __init__(
        self,
        settings: Settings,
        sandbox: Sandbox | None,
        clock: Clock,
        stack: AsyncExitStack,
        wire: Wire | None,
        breakers: Breakers,
    ) -> None:
        self._breakers = breakers
        self._settings = settings
        self._sandbox = sandbox
        self._clock = clock
        self._stack = stack
        self._wire = wire

    def _over(self, vendor: str) -> httpx.AsyncBaseTransport:
        breaker = self._breakers.of(vendor)
        return Breaking(breaker) if self._wire is None else Breaking(breaker, self._wire(vendor))

    def _door(self, vendor: str) -> tuple[str, SecretStr] | None:
        """The sandbox's door for a vendor without keys."""
        if self._sandbox is None or not self._settings.on_sandbox(vendor):
            return None
        return self._sandbox.urls[vendor], SecretStr(self._sandbox.key)

    def _closing(self, client: httpx.AsyncClient) -> httpx.AsyncClient:
        self._stack.push_async_callback(client.aclose)
        return client

    def billing(self) -> Stripe:
        s = self._settings
        url, key = self._door("stripe") or (
            s.stripe_url or "https://api.stripe.com",
            _set(s.stripe_api_key, "STRIPE_API_KEY"),
        )
        adapter = Stripe.open(
            key, clock=self._clock, base_url=url, return_url=s.public_url, transport=self._over("stripe")
        )
        self._stack.push_async_callback(adapter.close)
        return adapter

    def identity(self) -> Identity:
        s = self._settings
        okta, auth0 = self._door("okta"), self._door("auth0")
        if okta and auth0:
            both = Either(self._okta(*okta), self._auth0(*auth0))
            self._stack.push_async_callback(both.close)
            return both
        one: Okta | Auth0
        if s.okta_token is not None:
            one = self._okta(_set(s.okta_org_url, "OKTA_ORG_URL"), s.okta_token)
        else:
            domain = f"https://{_set(s.auth0_domain, 'AUTH0_DOMAIN')}"
            one = self._auth0(s.auth0_url or domain, _set(s.auth0_token, "AUTH0_TOKEN"))
        self._stack.push_async_callback(one.close)
        return one

    def _okta(self, url: str, token: SecretStr) -> Okta:
        return Okta(base_url=url, token=token, clock=self._clock, transport=self._over("okta"))

    def _auth0(self, url: str, token: SecretStr) -> Auth0:
        client_id = self._settings.auth0_client_id or "remit"
        secret = self._settings.auth0_client_secret
        return Auth0(
            base_url=url,
            token=token,
            client_secret=secret,
            client_id=client_id,
            clock=self._clock,
            transport=self._over("auth0"),
        )

    def crm(self) -> hubspot.HubSpot:
        s = self._settings
        url, token = self._door("hubspot") or (
            s.hubspot_url or "https://api.hubapi.com",
            _set(s.hubspot_token, "HUBSPOT_TOKEN"),
        )
        client = hubspot.open_client(url, token, transport=self._over("hubspot"))
        return hubspot.HubSpot(self._closing(client), clock=self._clock)

    def orders(self) -> shopify.Shopify:
        s = self._settings
        url, token = self._door("shopify") or (
            _set(s.shopify_shop_url, "SHOPIFY_SHOP_URL"),
            _set(s.shopify_token, "SHOPIFY_TOKEN"),
        )
        client = shopify.open_client(url, token, transport=self._over("shopify"))
        return shopify.Shopify(self._closing(client))

    def desk(self) -> zendesk.ZendeskDesk:
        s = self._settings
        url, token = self._door("zendesk") or (
            _set(s.zendesk_url, "ZENDESK_URL"),
            _set(s.zendesk_token, "ZENDESK_TOKEN"),
        )
        email = s.zendesk_email or "agent@example.com"
        client = zendesk.connect(url, email=email, token=token, transport=self._over("zendesk"))
        return zendesk.ZendeskDesk(self._closing(client))

    def mail(self) -> SmtpMail:
        if self._sandbox is not None and self._settings.on_sandbox("smtp"):
            host, port = self._sandbox.smtp
            key = SecretStr(self._sandbox.key)
            server = Server(host=host, port=port, user="remit", password=key, tls="none")
            return SmtpMail(server, sender=_SANDBOX_MAIL, clock=self._clock)
        url = _set(self._settings.smtp_url, "SMTP_URL").get_secret_value()
        return SmtpMail(smtp_server(url), sender=self._settings.mail_from, clock=self._clock)


def smtp_server(url: str) -> Server:
    """The server of `smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`; raises SettingsError."""
    parts = urlsplit(url)
    tls: Tls | None = {"smtp": "starttls", "smtps": "implicit"}.get(parts.scheme)  # type: ignore[assignment]
    if tls is None or not parts.hostname:
        raise SettingsError("SMTP_URL must look like smtp://user:password@host:587 or smtps://host:465")
    password = SecretStr(unquote(parts.password)) if parts.password else None
    port = parts.port or (587 if tls == "starttls" else 465)
    return Server(
        host=parts.hostname, port=port, user=unquote(parts.username or ""), password=password, tls=tls
    )


def _set(value: T | None, name: str) -> T:
    """The value of a setting that must be there; raises SettingsError naming it."""
    if value is None:
        raise SettingsError(f"{name} is not set; run `remit doctor`")
    return value
