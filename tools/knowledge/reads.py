"""What the agent may look up in the help centre; articles are public, so they belong to everyone."""

from typing import Annotated, Any

from pydantic import StringConstraints

from core.tool_spec import ToolSpec
from tools.kit import Args, ArticleId, Card, ReadTool, Result, Scope

LONGEST_TEXT = 2_000


class SearchHelpArgs(Args):
    """A few words, or the customer's whole message."""

    words: Annotated[str, StringConstraints(min_length=1, max_length=16_384)]


class ArticleRow(Result):
    id: ArticleId
    title: str
    text: str
    url: str


class Articles(Result):
    """Best first; empty when nothing fits."""

    articles: tuple[ArticleRow, ...]


async def _search_help(args: SearchHelpArgs, scope: Scope) -> Articles:
    found = await scope.systems.knowledge.search(args.words, limit=3)
    return Articles(
        articles=tuple(
            ArticleRow(id=a.id, title=a.title, text=a.text[:LONGEST_TEXT], url=a.url) for a in found
        )
    )


def _card(found: Articles) -> Card | None:
    if not found.articles:
        return None
    return Card("From the help centre", tuple((a.title, a.url) for a in found.articles))


READS: tuple[ReadTool[Any], ...] = (
    ReadTool(
        spec=ToolSpec(
            name="search_help",
            version=1,
            kind="read",
            family="knowledge",
            risk="none",
            description="Help articles that match some words, best first. Answer how-to questions only from these.",
            schema=SearchHelpArgs.model_json_schema(),
        ),
        args=SearchHelpArgs,
        run=_search_help,
        looking="Searching the help centre",
        card=_card,
    ),
)
WRITES: tuple[()] = ()
