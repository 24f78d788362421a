"""Claude behind our Model protocol: streamed, cached, counted, patient for a bounded time, and closed."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import anthropic
from anthropic import AsyncAnthropic, transform_schema
from anthropic.types import Model as ModelName
from pydantic import SecretStr

from agent.claude_stream import Collected
from agent.messages import messages
from agent.model import ModelDown, OnText, Prompt, Reply, Stop, Usage
from core.tool_spec import ToolSpec

DEFAULT_MODEL: Final[ModelName] = "claude-sonnet-5-5"
# Worth another try: asked to wait, timed out, in conflict, failed on their side; 200 is an error inside a stream.
_AGAIN = frozenset({200, 408, 409, 429, 500, 502, 503, 504, 529})
_STOPS: Mapping[str, Stop] = {
    "end_turn": "end",
    "stop_sequence": "end",
    "tool_use": "tool_use",
    "max_tokens": "max_tokens",
    "refusal": "refusal",
    "model_context_window_exceeded": "too_long",
}


@dataclass(frozen=True, slots=True)
class Price:
    """Micro dollars per thousand tokens, by kind."""

    fresh: int = 0
    out: int = 0
    cache_write: int = 0
    cache_read: int = 0

    def of(self, *, fresh: int, out: int, written: int, read: int) -> int:
        """What these tokens cost, rounded up."""
        total = fresh * self.fresh + out * self.out + written * self.cache_write + read * self.cache_read
        return -(-total // 1000)


@dataclass(frozen=True, slots=True)
class ClaudeSettings:
    """How to reach the model; `thinking` is sent as it is, None leaves it to the model's default.

    A streamed reply must begin within `begin_seconds`, all tries together, and then never pause for `stall_seconds`.
    """

    api_key: SecretStr = field(repr=False)
    model: str = DEFAULT_MODEL
    base_url: str = "https://api.anthropic.com"
    price: Price = Price()
    max_tokens: int = 1500
    timeout_seconds: float = 60.0
    tries: int = 4
    # A customer gets first help within ten seconds, from this model or from what stands in for it.
    patience_seconds: float = 8.0
    begin_seconds: float = 8.0
    stall_seconds: float = 15.0
    stream: bool = True
    thinking: Mapping[str, Any] | None = field(default_factory=lambda: {"type": "disabled"})


class ClaudeModel:
    """One client for the whole process; a pause asked of one conversation is kept by all."""

    name = "claude"

    def __init__(
        self, settings: ClaudeSettings, *, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> None:
        self.version: str = settings.model
        self._settings = settings
        self._pause = pause
        self._quiet_until = 0.0
        self._client = AsyncAnthropic(
            api_key=settings.api_key.get_secret_value(),
            base_url=settings.base_url,
            timeout=settings.timeout_seconds,
            max_retries=0,
        )

    async def close(self) -> None:
        """Closes the client; a dropped one could hang others in the same loop."""
        await self._client.close()

    async def reply(self, prompt: Prompt, *, on_text: OnText) -> Reply:
        """The model's next reply; raises ModelDown after bounded tries."""
        body = self._body(prompt)
        left = self._settings.patience_seconds
        streaming = self._settings.stream
        begins_by = time.monotonic() + self._settings.begin_seconds
        for attempt in range(1, self._settings.tries + 1):
            left -= await self._wait_for_quiet(left)
            try:
                collected = await (
                    self._streamed(body, on_text, begins_by) if streaming else self._whole(body)
                )
                return self._as_reply(collected)
            except (anthropic.APIError, ValueError) as error:
                wait = _wait_after(error, attempt)
                if wait is None or wait > left or attempt == self._settings.tries:
                    raise ModelDown(f"The model does not answer: {_in_words(error)}") from None
                if _asked_to_wait(error):
                    self._quiet_until = max(self._quiet_until, time.monotonic() + wait)
                else:
                    left -= wait
                    await self._pause(wait)
                # Words of a stream that broke are on screen already: say the rest in one piece.
                streaming = (
                    streaming and isinstance(error, anthropic.APIStatusError) and error.status_code != 200
                )
        raise ModelDown("The model does not answer.")

    async def _wait_for_quiet(self, left: float) -> float:
        wait = self._quiet_until - time.monotonic()
        if wait <= 0:
            return 0.0
        if wait > left:
            raise ModelDown("The model is too busy.")
        await self._pause(wait)
        self._quiet_until = min(self._quiet_until, time.monotonic())
        return wait

    def _body(self, prompt: Prompt) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self._settings.model,
            "max_tokens": self._settings.max_tokens,
            "system": [_system(b.text, cache=b.cache) for b in prompt.system],
            "messages": messages(prompt.transcript),
        }
        if prompt.tools:
            body["tools"] = [tool_param(spec) for spec in prompt.tools]
            body["tool_choice"] = {"type": "auto", "disable_parallel_tool_use": True}
        if self._settings.thinking is not None:
            body["thinking"] = dict(self._settings.thinking)
        return body

    async def _streamed(self, body: dict[str, Any], on_text: OnText, begins_by: float) -> Collected:
        collected = Collected()
        limit = self._settings.stall_seconds
        left = max(0.0, begins_by - time.monotonic())
        try:
            async with asyncio.timeout(left) as until:
                stream = await self._client.messages.create(**body, stream=True, timeout=limit)
                try:
                    async for event in stream:
                        until.reschedule(None)  # it has begun
                        words = collected.take(event)
                        if words:
                            await on_text(words)
                finally:
                    await stream.close()
        except TimeoutError:
            raise ModelDown("The model did not begin to answer in time.") from None
        if not collected.complete:
            raise anthropic.APIConnectionError(
                message="the stream was cut off", request=stream.response.request
            )
        return collected

    async def _whole(self, body: dict[str, Any]) -> Collected:
        collected = Collected()
        collected.take_whole(await self._client.messages.create(**body))
        return collected

    def _as_reply(self, collected: Collected) -> Reply:
        fresh, out = collected.tokens_in, collected.tokens_out
        written, read = collected.tokens_cache_written, collected.tokens_cache_read
        cost = self._settings.price.of(fresh=fresh, out=out, written=written, read=read)
        stop = _STOPS.get(collected.stop or "", "max_tokens")
        # A reply that did not end of itself may hold half a call: none of its calls may run.
        calls = tuple(collected.calls) if stop in ("end", "tool_use") else ()
        return Reply(
            text=collected.text,
            calls=calls,
            stop=stop,
            usage=Usage(fresh + written, out, read, cost),
            kept=tuple(collected.kept),
        )


def tool_param(spec: ToolSpec) -> dict[str, Any]:
    """A tool as the API takes it; bounds its strict mode cannot hold go into the field's description."""
    return {
        "name": spec.name,
        "description": spec.description,
        "input_schema": transform_schema(dict(spec.schema)),
        "strict": True,
    }


def _system(text: str, *, cache: bool) -> dict[str, Any]:
    block: dict[str, Any] = {"type": "text", "text": text}
    return {**block, "cache_control": {"type": "ephemeral"}} if cache else block


def _wait_after(error: Exception, attempt: int) -> float | None:
    """Seconds until another try is fair; None when none would help."""
    backoff = min(8.0, 2.0**attempt / 2) * (0.5 + random.random() / 2)  # noqa: S311 - jitter, no secret
    match error:
        case anthropic.APIStatusError() if _overloaded(error):
            asked = _retry_after(error)
            return backoff if asked is None else asked + random.random() / 4  # noqa: S311 - jitter
        case anthropic.APIStatusError():
            return backoff if error.status_code in _AGAIN else None
        case anthropic.APIError() | ValueError():
            return backoff
        case _:
            return None


def _asked_to_wait(error: Exception) -> bool:
    return isinstance(error, anthropic.APIStatusError) and _overloaded(error)


def _overloaded(error: anthropic.APIStatusError) -> bool:
    # Inside a stream the HTTP status was 200 already: only the body says what is wrong.
    return error.status_code in (429, 529) or error.type in ("overloaded_error", "rate_limit_error")


def _retry_after(error: anthropic.APIStatusError) -> float | None:
    try:
        return max(0.0, float(str(error.response.headers.get("retry-after", ""))))
    except ValueError:
        return None


def _in_words(error: Exception) -> str:
    match error:
        case anthropic.APIStatusError():
            return f"status {error.status_code}"
        case anthropic.APITimeoutError():
            return "it took too long"
        case anthropic.APIConnectionError():
            return "no connection"
        case _:
            return "its answer made no sense"
