"""Help articles: full-text search on a real PostgreSQL, and the tool on top."""

import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import psycopg
import pytest
from psycopg import sql
from pydantic import ValidationError

from core.claims import claims_effect
from core.clock import StillClock
from core.conversation import Principal
from core.ids import CustomerId, is_id
from core.outbound import clean
from store.work import Store, engine_for
from tools.kit import Scope, given_ids
from tools.knowledge.articles import ARTICLES, HELP_HOST
from tools.knowledge.port import Article
from tools.knowledge.postgres import PostgresKnowledge, query_on
from tools.knowledge.reads import READS, Articles, SearchHelpArgs
from tools.knowledge.seed import seed_articles
from tools.systems import Systems


@pytest.fixture(scope="module")
def filled(server: str, template: str) -> Iterator[str]:
    """The address of one database with all articles, for the many questions that only read."""
    name = f"t_{uuid.uuid4().hex[:16]}"
    head, _, query = server.partition("?")
    address = f"{head.rsplit('/', 1)[0]}/{name}?{query}"
    with psycopg.connect(server, autocommit=True) as conn:
        conn.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )
        with psycopg.connect(address) as inside:
            for a in ARTICLES:
                inside.execute("insert into article values (%s, %s, %s, %s)", [a.id, a.title, a.text, a.url])
        yield address
        conn.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


@pytest.fixture
async def knowledge(filled: str, clock: StillClock) -> AsyncIterator[PostgresKnowledge]:
    made = Store(clock=clock, engine=engine_for(filled, size=1))
    yield PostgresKnowledge(query_on(made))
    await made.close()


@pytest.mark.parametrize(
    ("words", "first"),
    [
        pytest.param("How do I export my data?", "export-data", id="export"),
        pytest.param("Where can I change the language to German", "change-language", id="language"),
        pytest.param(
            "I'd like to add a new team member, how does that work?", "invite-team-members", id="invite"
        ),
        pytest.param("can i connect this with slack", "integrations", id="integration"),
        pytest.param("how long does shipping take", "shipping-times", id="shipping"),
        pytest.param("what does the warranty cover", "warranty", id="warranty"),
        pytest.param(
            "how do i set up two-factor authentication on a new phone", "two-factor", id="two-factor"
        ),
        pytest.param("is there a dark mode", "dark-mode-and-shortcuts", id="dark-mode"),
        pytest.param("I deleted a project by accident, can I restore it?", "restore-deleted", id="restore"),
        pytest.param("how do i import a csv", "import-data", id="import"),
        pytest.param("is there an iphone app", "mobile-app", id="mobile"),
        pytest.param("stop the notification mails", "notifications", id="notifications"),
        pytest.param("how do I generate an api key", "api-keys", id="api-key"),
        pytest.param("how do I create a project", "getting-started", id="project"),
        pytest.param("how can I invite a colleague to my workspace", "invite-team-members", id="colleague"),
        pytest.param("I don't understand how the board view works", "views-and-filters", id="board"),
        pytest.param("can you explain how to use tags", "comments-tags-history", id="tags"),
        pytest.param('"recovery codes"', "two-factor", id="quoted-phrase"),
    ],
)
async def test_question_finds_its_article_first(knowledge: PostgresKnowledge, words: str, first: str) -> None:
    found = await knowledge.search(words)
    assert found[0].id == first
    assert len(found) <= 3


@pytest.mark.parametrize(
    "words",
    [
        *("", "the of and", "zzyzx quux", "!!! & | <-> :* \\ '", "\x00\x01", "\ud800", "my cat is purple"),
        *("how do I make a backup", "can I embed the widget in my site", "what does the red icon mean"),
    ],
)
async def test_words_that_fit_nothing_find_nothing(knowledge: PostgresKnowledge, words: str) -> None:
    assert await knowledge.search(words) == ()


async def test_whole_long_message_is_searched_by_its_first_words(knowledge: PostgresKnowledge) -> None:
    found = await knowledge.search("how do I export data " + "blah " * 3000)
    assert found[0].id == "export-data"


async def test_article_by_id(knowledge: PostgresKnowledge) -> None:
    found = await knowledge.article("warranty")
    assert found is not None
    assert found.title == "Warranty and repairs"
    assert await knowledge.article("nothing") is None


async def test_seeding_again_updates_and_doubles_nothing(store: Store) -> None:
    knowledge = PostgresKnowledge(query_on(store))
    assert await seed_articles(store) == len(ARTICLES)
    changed = ARTICLES[0].model_copy(update={"title": "Download everything"})
    await seed_articles(store, (changed,))
    found = await knowledge.article(changed.id)
    assert found is not None
    assert found.title == "Download everything"
    rows = await query_on(store)("select count(*) as n from article", {})
    assert rows[0]["n"] == len(ARTICLES)


def test_articles_are_well_formed() -> None:
    assert max(Counter(a.id for a in ARTICLES).values()) == 1
    for article in ARTICLES:
        assert is_id(article.id)
        assert article.url == f"https://{HELP_HOST}/articles/{article.id}"
        assert 200 < len(article.text) < 1000


def scope(knowledge: PostgresKnowledge) -> Scope:
    none: dict[str, object] = dict.fromkeys(("billing", "identity", "crm", "orders", "desk", "mail"))
    systems = Systems(**none, knowledge=knowledge)  # type: ignore[arg-type]
    who = Principal(id=CustomerId("u_ada"), assurance="identified")
    return Scope(who=who, systems=systems, now=datetime(2026, 11, 20, tzinfo=UTC))


async def test_tool_gives_articles_with_their_ids_and_a_card(knowledge: PostgresKnowledge) -> None:
    (tool,) = READS
    result = await tool.run(SearchHelpArgs(words="how do i export my data"), scope(knowledge))
    assert isinstance(result, Articles)
    assert ("article", "export-data") in set(given_ids(result))
    card = tool.card(result)
    assert card is not None
    assert card.rows[0][0] == "Export your data"
    nothing = await tool.run(SearchHelpArgs(words="zzyzx"), scope(knowledge))
    assert nothing == Articles(articles=())
    assert tool.card(nothing) is None


@pytest.mark.parametrize(
    "args", [{}, {"words": ""}, {"words": 1}, {"words": "x", "limit": 9}, {"words": "x" * 16_385}]
)
def test_ill_formed_arguments_are_refused(args: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SearchHelpArgs.model_validate(args)


@pytest.mark.parametrize("article", ARTICLES, ids=lambda a: a.id)
def test_article_may_leave_as_it_is_and_claims_nothing(article: Article) -> None:
    text = f"{article.text}\n\nMore about it: {article.title}, {article.url}"
    hosts = frozenset({HELP_HOST})
    assert clean(text, link_hosts=hosts, secrets=()).removed == ()
    assert not claims_effect(text)
