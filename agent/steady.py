"""A model that is not asked for a while once it was down, so that only the first customer waits for it."""

from agent.model import Model, ModelDown, OnText, Prompt, Reply
from core.breaker import Breaker


class Steady:
    """`model` behind a breaker: while it is open every reply is ModelDown at once, and now and then one tries again."""

    def __init__(self, model: Model, breaker: Breaker) -> None:
        self.name = model.name
        self.version = model.version
        self._model = model
        self._breaker = breaker

    async def reply(self, prompt: Prompt, *, on_text: OnText) -> Reply:
        """The model's next reply; raises ModelDown."""
        if not self._breaker.admits():
            raise ModelDown("The model did not answer lately and is not asked.")
        try:
            reply = await self._model.reply(prompt, on_text=on_text)
        except ModelDown:
            self._breaker.failed()
            raise
        except BaseException:
            self._breaker.given_up()
            raise
        self._breaker.succeeded()
        return reply

    async def close(self) -> None:
        """Closes the model."""
        await self._model.close()
