"""Settings: a wrong one is named, a secret is never shown, half a vendor is never the sandbox."""

import stat
from pathlib import Path

import pytest

from core.errors import SettingsError
from service.settings import VENDORS, load, missing

NONE = Path("/nonexistent")
PRODUCTION = {
    "REMIT_ENV": "production",
    "REMIT_SECRET": "s" * 32,
    "REMIT_DATABASE_URL": "postgresql://db/remit",
    "REMIT_PUBLIC_URL": "https://support.example.com",
    "REMIT_TOKEN_URL": "https://app.example.com/remit-token",
    "REMIT_TOKEN_KEYS": '[{"kid": "k1", "alg": "HS256", "key": "' + "k" * 32 + '"}]',
    "STRIPE_API_KEY": "rk_test",
    "OKTA_ORG_URL": "https://example.okta.com",
    "OKTA_TOKEN": "t",
    "HUBSPOT_TOKEN": "t",
    "SHOPIFY_SHOP_URL": "https://shop.example.com",
    "SHOPIFY_TOKEN": "t",
    "ZENDESK_URL": "https://desk.example.com",
    "ZENDESK_EMAIL": "bot@example.com",
    "ZENDESK_TOKEN": "t",
    "SMTP_URL": "smtp://mail.example.com:587",
}


def test_without_anything_everything_runs_on_the_sandbox() -> None:
    settings = load({}, env_file=NONE)
    assert all(settings.on_sandbox(vendor) for vendor in VENDORS)
    assert (settings.model, settings.port, settings.secure) == ("offline", 8400, False)


def test_whole_production_settings_are_accepted() -> None:
    settings = load(PRODUCTION, env_file=NONE)
    assert settings.secure
    assert missing(settings) == {}
    assert not settings.on_sandbox("stripe")


@pytest.mark.parametrize(
    "name", [n for n in PRODUCTION if n not in ("REMIT_ENV", "OKTA_ORG_URL", "OKTA_TOKEN")]
)
def test_production_names_what_is_missing(name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        load({k: v for k, v in PRODUCTION.items() if k != name}, env_file=NONE)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        pytest.param({"REMIT_POTR": "1"}, "did you mean REMIT_PORT", id="typo"),
        pytest.param({"REMIT_PORT": "http"}, "REMIT_PORT", id="not-a-number"),
        pytest.param({"REMIT_PORT": "70000"}, "REMIT_PORT", id="no-such-port"),
        pytest.param({"REMIT_SECRET": "short"}, "REMIT_SECRET", id="short-secret"),
        pytest.param({"REMIT_ENV": "prod"}, "REMIT_ENV", id="unknown-environment"),
        pytest.param({"OKTA_TOKEN": "t"}, "OKTA_ORG_URL", id="half-a-vendor"),
        pytest.param({"REMIT_MODEL": "claude-opus-5"}, "ANTHROPIC_API_KEY", id="model-without-key"),
        pytest.param({"REMIT_TOKEN_KEYS": "[{]"}, "REMIT_TOKEN_KEYS", id="keys-not-json"),
        pytest.param(
            {"REMIT_TOKEN_KEYS": '[{"kid":"a","alg":"none","key":"x"}]'}, "REMIT_TOKEN_KEYS", id="no-alg"
        ),
        pytest.param({**PRODUCTION, "REMIT_DEMO": "1"}, "REMIT_DEMO", id="demo-in-production"),
        pytest.param({**PRODUCTION, "REMIT_PUBLIC_URL": "http://a.example.com"}, "https://", id="plain-http"),
    ],
)
def test_wrong_setting_is_named(given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError, match=said):
        load(given, env_file=NONE)


def test_secrets_are_not_shown(tmp_path: Path) -> None:
    settings = load({**PRODUCTION, "ANTHROPIC_API_KEY": "sk-secret"}, env_file=NONE)
    for secret in ("rk_test", "sk-secret", "s" * 32, "k" * 32, "postgresql://"):
        assert secret not in repr(settings)
    with pytest.raises(SettingsError) as refused:
        load({"REMIT_SECRET": "topsecretvalue"}, env_file=NONE)
    assert "topsecretvalue" not in str(refused.value)


def test_env_file_is_read_and_the_environment_wins(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text(
        '# demo\nexport REMIT_PORT=9000\nREMIT_COMPANY="Acme # Sons"\nREMIT_MODEL=offline # default\n'
    )
    settings = load({"REMIT_PORT": "9001"}, env_file=file)
    assert (settings.port, settings.company, settings.model) == (9001, "Acme # Sons", "offline")


def test_malformed_env_file_names_its_line(tmp_path: Path) -> None:
    file = tmp_path / ".env"
    file.write_text("REMIT_PORT=1\nwhat is this\n")
    with pytest.raises(SettingsError, match=r"\.env:2"):
        load({}, env_file=file)


def test_own_secret_is_made_once_and_kept_private(tmp_path: Path) -> None:
    settings = load({"REMIT_HOME": str(tmp_path / "home")}, env_file=NONE)
    first = settings.secret_bytes()
    assert len(first) >= 32
    assert settings.secret_bytes() == first
    assert stat.S_IMODE((tmp_path / "home" / "secret").stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("more", "fresh"),
    [
        pytest.param({"REMIT_MODEL": "claude-haiku-4-5"}, 1000, id="known-family"),
        pytest.param({"REMIT_MODEL": "claude-new-9"}, 15000, id="unknown-counts-as-dearest"),
        pytest.param({"REMIT_MODEL": "claude-new-9", "REMIT_MODEL_PRICE": "2,8"}, 2000, id="set-by-hand"),
    ],
)
def test_model_has_a_price(more: dict[str, str], fresh: int) -> None:
    assert load({"ANTHROPIC_API_KEY": "k", **more}, env_file=NONE).model_prices()["fresh"] == fresh
