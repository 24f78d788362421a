"""Asking the model with somebody watching: how long it took, how many tokens, how it ended; never what was said."""

from time import perf_counter

from agent.beginning import Turn
from agent.model import OnText, Prompt, Reply
from core.watch import Value, Watch

# What the GenAI conventions call who made the model.
_PROVIDERS = {"claude": "anthropic"}


async def asked(turn: Turn, prompt: Prompt, on_text: OnText, watch: Watch) -> Reply:
    """The model's reply, watched; raises ModelDown."""
    model = turn.model
    about: dict[str, Value] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": _PROVIDERS.get(model.name, model.name),
        "gen_ai.request.model": model.version,
    }
    began = perf_counter()
    with watch.span(f"chat {model.version}", turn.conversation_id, about) as span:
        reply = await model.reply(prompt, on_text=on_text)
        used = reply.usage
        span.note(
            gen_ai__usage__input_tokens=used.tokens_in,
            gen_ai__usage__output_tokens=used.tokens_out,
            remit__stop=reply.stop,
        )
    watch.measure("gen_ai.client.operation.duration", perf_counter() - began, about)
    for kind, tokens in (("input", used.tokens_in), ("output", used.tokens_out)):
        watch.measure("gen_ai.client.token.usage", tokens, {**about, "gen_ai.token.type": kind})
    return reply
