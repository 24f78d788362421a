"""Help articles and how to find them."""

from collections.abc import Sequence
from typing import Protocol

from core.frozen import Frozen


class Article(Frozen):
    id: str
    title: str
    text: str
    url: str


class Knowledge(Protocol):
    async def search(self, words: str, *, limit: int = 3) -> Sequence[Article]:
        """Articles that match, best first."""

    async def article(self, article: str) -> Article | None: ...
