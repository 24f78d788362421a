"""What this process is told from outside: the only reader of the environment and of `.env`."""

import difflib
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, model_validator

from core.errors import SettingsError
from service.token_keys import TokenKey, parse_keys

# Read by tests and by libraries of ours, not by the service.
_NOT_OURS = ("REMIT_TEST_", "REMIT_EVALS_")
VENDORS: Mapping[str, tuple[str, ...]] = {
    "stripe": ("STRIPE_API_KEY",),
    "okta": ("OKTA_ORG_URL", "OKTA_TOKEN"),
    "auth0": ("AUTH0_DOMAIN", "AUTH0_TOKEN"),
    "hubspot": ("HUBSPOT_TOKEN",),
    "shopify": ("SHOPIFY_SHOP_URL", "SHOPIFY_TOKEN"),
    "zendesk": ("ZENDESK_URL", "ZENDESK_EMAIL", "ZENDESK_TOKEN"),
    "smtp": ("SMTP_URL",),
}
# Slack is an offer, not a system of record: nothing stands in for it.
SLACK = ("SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_CHANNEL")
# Dollars per million tokens (input, output) by model family, for budgets; REMIT_MODEL_PRICE overrides them.
_PRICES: Mapping[str, tuple[float, float]] = {
    "offline": (0.0, 0.0),
    "haiku": (1.0, 5.0),
    "sonnet": (3.0, 15.0),
    "opus": (5.0, 25.0),
}
_DEAREST = (15.0, 75.0)
# One of them is enough: both speak the identity port.
_EITHER = ("okta", "auth0")


class Settings(BaseModel):
    """Every setting; a field's alias is the name of its variable."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=False, hide_input_in_errors=True)

    env: Literal["development", "production"] = Field("development", alias="REMIT_ENV")
    home: Path = Field(Path(".remit"), alias="REMIT_HOME")
    host: str = Field("127.0.0.1", alias="REMIT_HOST")
    port: int = Field(8400, alias="REMIT_PORT", ge=0, le=65535)
    public_url: str | None = Field(None, alias="REMIT_PUBLIC_URL", pattern=r"^https?://[^/\s]+$")
    database_url: SecretStr | None = Field(None, alias="REMIT_DATABASE_URL")
    secret: SecretStr | None = Field(None, alias="REMIT_SECRET", min_length=32)
    company: str = Field("Northwind Example", alias="REMIT_COMPANY", min_length=1, max_length=60)
    demo: bool = Field(False, alias="REMIT_DEMO")
    undo_seconds: int = Field(10, alias="REMIT_UNDO_SECONDS", ge=0, le=60)
    log: Literal["text", "json"] = Field("text", alias="REMIT_LOG")
    otlp_url: str | None = Field(None, alias="REMIT_OTLP_URL", pattern=r"^https?://[^\s]+$")

    token_issuer: str = Field("remit-demo", alias="REMIT_TOKEN_ISSUER", min_length=1)
    token_audience: str = Field("remit", alias="REMIT_TOKEN_AUDIENCE", min_length=1)
    token_keys: tuple[TokenKey, ...] = Field((), alias="REMIT_TOKEN_KEYS")
    token_url: str | None = Field(None, alias="REMIT_TOKEN_URL", pattern=r"^(https?:/)?/[^\s]*$")
    token_origins: str | None = Field(
        None, alias="REMIT_TOKEN_ORIGINS", pattern=r"^https?://[^/\s,]+(,https?://[^/\s,]+)*$"
    )

    model: str = Field("offline", alias="REMIT_MODEL", pattern=r"^(offline|[a-z0-9][\w.:@/-]{2,100})$")
    model_price: str | None = Field(None, alias="REMIT_MODEL_PRICE", pattern=r"^\d+(\.\d+)?,\d+(\.\d+)?$")
    anthropic_api_key: SecretStr | None = Field(None, alias="ANTHROPIC_API_KEY", min_length=1)
    anthropic_base_url: str | None = Field(None, alias="ANTHROPIC_BASE_URL", pattern=r"^https?://")

    stripe_api_key: SecretStr | None = Field(None, alias="STRIPE_API_KEY")
    stripe_webhook_secret: SecretStr | None = Field(None, alias="STRIPE_WEBHOOK_SECRET", min_length=16)
    stripe_url: str | None = Field(None, alias="STRIPE_URL", pattern=r"^https?://")
    okta_org_url: str | None = Field(None, alias="OKTA_ORG_URL", pattern=r"^https?://")
    okta_token: SecretStr | None = Field(None, alias="OKTA_TOKEN")
    okta_hook_secret: SecretStr | None = Field(None, alias="OKTA_HOOK_SECRET", min_length=16)
    auth0_domain: str | None = Field(None, alias="AUTH0_DOMAIN")
    auth0_token: SecretStr | None = Field(None, alias="AUTH0_TOKEN")
    auth0_client_id: str | None = Field(None, alias="AUTH0_CLIENT_ID")
    auth0_client_secret: SecretStr | None = Field(None, alias="AUTH0_CLIENT_SECRET")
    auth0_url: str | None = Field(None, alias="AUTH0_URL", pattern=r"^https?://")
    hubspot_token: SecretStr | None = Field(None, alias="HUBSPOT_TOKEN")
    hubspot_url: str | None = Field(None, alias="HUBSPOT_URL", pattern=r"^https?://")
    shopify_shop_url: str | None = Field(None, alias="SHOPIFY_SHOP_URL", pattern=r"^https?://")
    shopify_token: SecretStr | None = Field(None, alias="SHOPIFY_TOKEN")
    shopify_webhook_secret: SecretStr | None = Field(None, alias="SHOPIFY_WEBHOOK_SECRET", min_length=16)
    zendesk_url: str | None = Field(None, alias="ZENDESK_URL", pattern=r"^https?://")
    zendesk_email: str | None = Field(None, alias="ZENDESK_EMAIL")
    zendesk_token: SecretStr | None = Field(None, alias="ZENDESK_TOKEN")
    zendesk_webhook_secret: SecretStr | None = Field(None, alias="ZENDESK_WEBHOOK_SECRET", min_length=16)
    smtp_url: SecretStr | None = Field(None, alias="SMTP_URL")
    mail_from: str = Field("support@example.com", alias="REMIT_MAIL_FROM", pattern=r"^[^@\s]+@[^@\s]+$")

    oncall_mail: str | None = Field(None, alias="REMIT_ONCALL_MAIL", pattern=r"^[^@\s]+@[^@\s]+$")
    notify_mail: str | None = Field(None, alias="REMIT_NOTIFY_MAIL")
    webhooks: SecretStr | None = Field(None, alias="REMIT_WEBHOOKS")
    webhooks_local: bool = Field(False, alias="REMIT_WEBHOOKS_LOCAL")
    slack_bot_token: SecretStr | None = Field(None, alias="SLACK_BOT_TOKEN", min_length=1)
    slack_signing_secret: SecretStr | None = Field(None, alias="SLACK_SIGNING_SECRET", min_length=1)
    slack_channel: str | None = Field(None, alias="SLACK_CHANNEL", min_length=1, max_length=80)
    slack_people: str | None = Field(None, alias="SLACK_PEOPLE")
    slack_url: str | None = Field(None, alias="SLACK_URL", pattern=r"^https?://")

    @model_validator(mode="after")
    def _complete(self) -> "Settings":
        problems = [*_half_set(self), *_model_problems(self)]
        if self.env == "production":
            problems += _production_problems(self)
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def webhook_secrets(self, vendor: str) -> tuple[SecretStr, ...]:
        """The secrets a vendor's webhooks may be signed with: two, divided by a comma, while one is rolled."""
        given: SecretStr | None = {
            "stripe": self.stripe_webhook_secret,
            "zendesk": self.zendesk_webhook_secret,
            "shopify": self.shopify_webhook_secret,
            "okta": self.okta_hook_secret,
        }.get(vendor)
        named = given.get_secret_value().split(",") if given is not None else []
        return tuple(SecretStr(one.strip()) for one in named if one.strip())

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def secure(self) -> bool:
        """Whether browsers reach us over https: cookies are then Secure."""
        return bool(self.public_url and self.public_url.startswith("https://"))

    def without_undo(self) -> "Settings":
        """The same, but approvals run at once: for commands, where nobody is there to press undo."""
        return self.model_copy(update={"undo_seconds": 0})

    def on_sandbox(self, vendor: str) -> bool:
        """True when the sandbox stands in for this vendor, because its keys are not set."""
        if self.production:
            return False
        return any(_value(self, name) is None for name in VENDORS[vendor])

    def model_prices(self) -> Mapping[str, int]:
        """Micro dollars per thousand tokens; an unknown model counts as the dearest, so that budgets hold."""
        fresh, out = self._price()
        return {
            "fresh": round(fresh * 1000),
            "out": round(out * 1000),
            "cache_write": round(fresh * 1250),
            "cache_read": round(fresh * 100),
        }

    def _price(self) -> tuple[float, float]:
        if self.model_price is not None:
            fresh, out = self.model_price.split(",")
            return float(fresh), float(out)
        return next((price for name, price in _PRICES.items() if name in self.model), _DEAREST)

    def secret_bytes(self) -> bytes:
        """The key that everything of ours is signed with; made once under REMIT_HOME when none is set."""
        if self.secret is not None:
            return self.secret.get_secret_value().encode()
        return _kept_secret(self.home / "secret")


def load(environ: Mapping[str, str] | None = None, *, env_file: Path | None = None) -> Settings:
    """Settings from the environment over `.env`; raises SettingsError naming the variable."""
    given = dict(os.environ if environ is None else environ)
    named = {**_read_env_file(env_file or Path(".env")), **given}
    known = {str(field.alias) for field in Settings.model_fields.values()}
    _refuse_unknown(named, known)
    raw: dict[str, object] = {name: named[name] for name in known if named.get(name, "") != ""}
    if "REMIT_TOKEN_KEYS" in raw:
        raw["REMIT_TOKEN_KEYS"] = parse_keys(str(raw["REMIT_TOKEN_KEYS"]))
    try:
        return Settings.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(_explained(error)) from None


def missing(settings: Settings) -> dict[str, tuple[str, ...]]:
    """Vendor -> variables not set, for the vendors that run on the sandbox (or would stop production)."""
    lacking = {
        vendor: tuple(name for name in names if _value(settings, name) is None)
        for vendor, names in VENDORS.items()
    }
    if any(not lacking[vendor] for vendor in _EITHER):
        lacking = {vendor: names for vendor, names in lacking.items() if vendor not in _EITHER}
    return {vendor: names for vendor, names in lacking.items() if names}


def _value(settings: Settings, alias: str) -> object:
    return next(getattr(settings, key) for key, f in Settings.model_fields.items() if f.alias == alias)


def _half_set(settings: Settings) -> list[str]:
    """A vendor with half its keys is a mistake, never a reason to fall back to the sandbox."""
    problems = []
    for vendor, names in VENDORS.items():
        absent = [name for name in names if _value(settings, name) is None]
        if absent and len(absent) < len(names):
            problems.append(f"{vendor} is only half set: also set {' and '.join(absent)}")
    absent = [name for name in SLACK if _value(settings, name) is None]
    if 0 < len(absent) < len(SLACK):
        problems.append(f"slack is only half set: also set {' and '.join(absent)}")
    return problems


def _model_problems(settings: Settings) -> list[str]:
    if settings.model != "offline" and settings.anthropic_api_key is None:
        return [f"REMIT_MODEL={settings.model} needs ANTHROPIC_API_KEY (or set REMIT_MODEL=offline)"]
    return []


def _production_problems(settings: Settings) -> list[str]:
    needed = {
        "REMIT_SECRET": settings.secret,
        "REMIT_DATABASE_URL": settings.database_url,
        "REMIT_PUBLIC_URL": settings.public_url,
        "REMIT_TOKEN_KEYS": settings.token_keys or None,
        "REMIT_TOKEN_URL": settings.token_url,
    }
    absent = [name for name, value in needed.items() if value is None]
    absent += [name for names in missing(settings).values() for name in names]
    problems = [f"production needs {', '.join(absent)}"] if absent else []
    if settings.demo:
        problems.append("REMIT_DEMO must not be set in production: it lets anyone sign in as a customer")
    if settings.public_url and not settings.secure:
        problems.append("REMIT_PUBLIC_URL must start with https:// in production")
    return problems


def _refuse_unknown(named: Mapping[str, str], known: set[str]) -> None:
    for name in sorted(named):
        if not name.startswith("REMIT_") or name in known or name.startswith(_NOT_OURS):
            continue
        near = difflib.get_close_matches(name, sorted(known), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SettingsError(f"{name} is not a setting of Remit{hint}")


def _explained(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(str(part) for part in first["loc"])
    said = first["msg"].removeprefix("Value error, ")
    return f"{where}: {said}" if where else said


def _read_env_file(path: Path) -> dict[str, str]:
    """`NAME=value` lines; `#` comments, an optional `export` and matching quotes are understood."""
    if not path.is_file():
        return {}
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip().removeprefix("export ").strip()
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise SettingsError(f"{path}:{number}: expected NAME=value")
        found[name.strip()] = _unquoted(value.strip())
    return found


def _unquoted(value: str) -> str:
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "'\"":
        return value[1:-1]
    return value.split(" #", 1)[0].rstrip()


def _kept_secret(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_urlsafe(48).encode())
    return path.read_bytes()
