"""All ports straight on one world; mail is kept where the sandbox's mailbox keeps it, the desk is empty."""

from collections.abc import Sequence

from core.ids import TicketId
from tools.desk.port import Comment, Ticket, TicketStatus
from tools.knowledge.port import Article
from tools.mail.port import Letter
from tools.sandbox.direct.billing import DirectBilling
from tools.sandbox.direct.crm import DirectCrm
from tools.sandbox.direct.identity import DirectIdentity
from tools.sandbox.direct.line import Line
from tools.sandbox.direct.orders import DirectOrders
from tools.sandbox.faults import Faults
from tools.sandbox.world import World
from tools.systems import Systems


def direct_systems(world: World, faults: Faults | None = None) -> Systems:
    """Every system of record on this world; its ledger tells what really happened."""
    faults = faults or Faults()
    return Systems(
        billing=DirectBilling(Line("stripe", world, faults)),
        identity=DirectIdentity(Line("okta", world, faults)),
        crm=DirectCrm(Line("hubspot", world, faults)),
        orders=DirectOrders(Line("shopify", world, faults)),
        desk=NoDesk(),
        mail=KeptMail(world),
        knowledge=NoArticles(),
    )


class KeptMail:
    """Every letter in the world, under its key."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def send(self, letter: Letter) -> None:
        async with self._world.change() as change:
            record = {"to": letter.to, "subject": letter.subject, "text": letter.text}
            change.put("mail.message", letter.key, {**record, "at": change.now.isoformat()})


class NoDesk:
    """A help desk that nobody has written to; what is written is taken and forgotten."""

    vendor = "zendesk"

    async def find_requester(self, external_id: str) -> str | None:
        return None

    async def history(self, requester: str) -> Sequence[Ticket]:
        return ()

    async def ticket(self, ticket: TicketId) -> Ticket | None:
        return None

    async def comments(self, ticket: TicketId) -> Sequence[Comment]:
        return ()

    async def create(
        self, *, requester: str, subject: str, text: str, tags: Sequence[str], key: str
    ) -> Ticket:
        raise NotImplementedError("no tickets here: conversations of the machine have no desk")

    async def comment(self, ticket: TicketId, text: str, *, public: bool, key: str) -> None:
        """Forgotten."""

    async def tag(self, ticket: TicketId, tags: Sequence[str]) -> None:
        """Forgotten."""

    async def set_status(self, ticket: TicketId, status: TicketStatus) -> Ticket:
        raise NotImplementedError("no tickets here: conversations of the machine have no desk")


class NoArticles:
    """An empty help centre."""

    async def search(self, words: str, *, limit: int = 3) -> Sequence[Article]:
        return ()

    async def article(self, article: str) -> Article | None:
        return None
