"""From settings to what the Claude model needs, prices included."""

from agent.claude import ClaudeSettings, Price
from core.errors import SettingsError
from service.settings import Settings


def claude_settings(settings: Settings) -> ClaudeSettings:
    """How to reach the model; raises SettingsError without a key."""
    if settings.anthropic_api_key is None:
        raise SettingsError(f"REMIT_MODEL={settings.model} needs ANTHROPIC_API_KEY")
    return ClaudeSettings(
        api_key=settings.anthropic_api_key,
        model=settings.model,
        base_url=settings.anthropic_base_url or "https://api.anthropic.com",
        price=Price(**settings.model_prices()),
    )
