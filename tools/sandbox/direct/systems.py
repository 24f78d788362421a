"""All ports straight on one world; mail is kept where the sandbox's mailbox keeps it."""

from collections.abc import Sequence

from tools.identity.either import Either
from tools.knowledge.port import Article
from tools.mail.port import Letter
from tools.sandbox.direct.auth0 import DirectAuth0
from tools.sandbox.direct.billing import DirectBilling
from tools.sandbox.direct.crm import DirectCrm
from tools.sandbox.direct.desk import DirectDesk
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
        identity=Either(
            DirectIdentity(Line("okta", world, faults)), DirectAuth0(Line("auth0", world, faults))
        ),
        crm=DirectCrm(Line("hubspot", world, faults)),
        orders=DirectOrders(Line("shopify", world, faults)),
        desk=DirectDesk(Line("zendesk", world, faults)),
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


class NoArticles:
    """An empty help centre."""

    async def search(self, words: str, *, limit: int = 3) -> Sequence[Article]:
        return ()

    async def article(self, article: str) -> Article | None:
        return None
