"""Puts the demo company's help articles into the database."""

from sqlalchemy import text

from store.work import Store
from tools.knowledge.articles import ARTICLES
from tools.knowledge.port import Article

_UPSERT = """
insert into article (id, title, body, url) values (:id, :title, :body, :url)
on conflict (id) do update set title = excluded.title, body = excluded.body, url = excluded.url
"""


async def seed_articles(store: Store, articles: tuple[Article, ...] = ARTICLES) -> int:
    """Adds or updates each article by its id and leaves others alone; how many were given."""
    rows = [{"id": a.id, "title": a.title, "body": a.text, "url": a.url} for a in articles]
    async with store.begin() as work:
        await work.conn.execute(text(_UPSERT), rows)
    return len(rows)
