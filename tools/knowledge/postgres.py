"""Help articles on PostgreSQL full-text search."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import text

from store.work import Store
from tools.knowledge.port import Article

Query = Callable[[str, Mapping[str, object]], Awaitable[Sequence[Mapping[str, Any]]]]
MOST_WORDS = 60

# All the words, as a person would search: quotes, `or` and `-word` work.
_ALL_WORDS = """
select id, title, body, url from article, websearch_to_tsquery('english', :words) as wanted
where tsv @@ wanted order by ts_rank_cd(tsv, wanted) desc, id limit :most
"""
# Any of the words: the parser's own output with `or` for `and`. One common word in a long text says little, so
# an article must carry a word in its title or two of them anywhere.
_ANY_WORD = """
with asked as (
  select replace(plainto_tsquery('english', :words)::text, ' & ', ' | ')::tsquery as wanted,
         tsvector_to_array(to_tsvector('english', :words)) as lexemes
), matched as (
  select article.*, ts_rank(tsv, wanted) as rank, ts_filter(tsv, '{a}') @@ wanted as titled,
         (select count(*) from unnest(lexemes) as lexeme where lexeme = any (tsvector_to_array(tsv))) as hits
  from article, asked where tsv @@ wanted
)
select id, title, body, url from matched where titled or hits >= 2
order by hits desc, titled desc, rank desc, id limit :most
"""
_ONE = "select id, title, body, url from article where id = :id"


class PostgresKnowledge:
    """The Knowledge port on the `article` table; `query` runs one statement with named parameters."""

    def __init__(self, query: Query) -> None:
        self._query = query

    async def search(self, words: str, *, limit: int = 3) -> Sequence[Article]:
        """Articles with all the words, best first; when there are none, with some of them."""
        asked = {"words": _searchable(words), "most": limit}
        rows = await self._query(_ALL_WORDS, asked) or await self._query(_ANY_WORD, asked)
        return tuple(_article(row) for row in rows)

    async def article(self, article: str) -> Article | None:
        rows = await self._query(_ONE, {"id": article})
        return _article(rows[0]) if rows else None


def query_on(store: Store) -> Query:
    """Statements as units of work of this store."""

    async def query(statement: str, values: Mapping[str, object]) -> Sequence[Mapping[str, Any]]:
        async with store.begin() as work:
            found = await work.conn.execute(text(statement), dict(values))
            return [dict(row) for row in found.mappings()]

    return query


def _searchable(words: str) -> str:
    """The first words, without what PostgreSQL's text cannot hold."""
    return " ".join(re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", words).split()[:MOST_WORDS])


def _article(row: Mapping[str, Any]) -> Article:
    return Article(id=row["id"], title=row["title"], text=row["body"], url=row["url"])
