"""Help articles on PostgreSQL full-text search."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import text

from store.work import Store
from tools.knowledge.port import Article

Query = Callable[[str, Mapping[str, object]], Awaitable[Sequence[Mapping[str, Any]]]]
MOST_WORDS = 60

# As a person would search who knows how: quotes, `or` and `-word` work, all words must be there.
_EXACTLY = """
select id, title, body, url from article, websearch_to_tsquery('english', :words) as wanted
where tsv @@ wanted order by ts_rank_cd(tsv, wanted) desc, id limit :most
"""
# A question in plain words: an article may miss some of them (the parser's own output, with `or` for `and`). A rare
# word says more than one that many articles have; an article that misses the half, so weighed, is about something
# else; among the others a word in the title counts double.
_ABOUT = """
with asked as (
  select lexeme from unnest(to_tsvector('english', :words))
), wanted as (
  select replace(plainto_tsquery('english', :words)::text, ' & ', ' | ')::tsquery as words
), found as (
  select article.id, asked.lexeme, 'A' = any (word.weights) as titled from article, wanted, unnest(article.tsv) as word
  join asked on asked.lexeme = word.lexeme where article.tsv @@ wanted.words
), weight as (
  select asked.lexeme, ln(1 + (select count(*) from article) / (1.0 + count(found.id))) as worth
  from asked left join found on found.lexeme = asked.lexeme group by asked.lexeme
), score as (
  select found.id, sum(worth) as covered, sum(case when titled then 2 * worth else worth end) as worth
  from found join weight on weight.lexeme = found.lexeme group by found.id
)
select article.id, title, body, url from article join score on score.id = article.id, wanted
where score.covered >= :share * (select sum(worth) from weight)
order by score.worth desc, ts_rank(tsv, wanted.words) desc, article.id limit :most
"""
SHARE = 0.5
_ONE = "select id, title, body, url from article where id = :id"


class PostgresKnowledge:
    """The Knowledge port on the `article` table; `query` runs one statement with named parameters."""

    def __init__(self, query: Query) -> None:
        self._query = query

    async def search(self, words: str, *, limit: int = 3) -> Sequence[Article]:
        """Articles about it, best first; none when the nearest is about something else."""
        asked: dict[str, object] = {"words": _searchable(words), "most": limit}
        rows = await self._query(_EXACTLY, asked) if '"' in words else []
        rows = rows or await self._query(_ABOUT, {**asked, "share": SHARE})
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


# What people say around a question; PostgreSQL's own list of stop words leaves these in.
_AROUND = frozenset(
    {
        *(
            "able",
            "could",
            "explain",
            "hello",
            "help",
            "hi",
            "know",
            "let",
            "like",
            "need",
            "please",
            "point",
        ),
        *(
            "possible",
            "show",
            "tell",
            "thanks",
            "understand",
            "want",
            "way",
            "wondering",
            "work",
            "works",
            "would",
        ),
    }
)


def _searchable(words: str) -> str:
    """The first words that say something, without what PostgreSQL's text cannot hold."""
    plain = re.sub(r"[\x00-\x1f\x7f\ud800-\udfff]", " ", words).split()
    telling = [word for word in plain if word.lower().strip(".,;:!?") not in _AROUND]
    return " ".join((telling or plain)[:MOST_WORDS])


def _article(row: Mapping[str, Any]) -> Article:
    return Article(id=row["id"], title=row["title"], text=row["body"], url=row["url"])
