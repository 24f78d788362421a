"""Who lives in the sandbox: customers whose data reach every category and both sides of every rule."""

from core.errors import Invalid
from core.ids import is_id
from tools.sandbox.auth0.seed import seed as seed_auth0
from tools.sandbox.hubspot.seed import seed as seed_hubspot
from tools.sandbox.okta.seed import seed as seed_okta
from tools.sandbox.people_accounts import ACCOUNTS, SUBSCRIBERS
from tools.sandbox.people_orders import MARA, SHOPPERS
from tools.sandbox.persona import Persona
from tools.sandbox.shopify.seed import seed as seed_shopify
from tools.sandbox.stripe.seed import seed as seed_stripe
from tools.sandbox.world import Change, World
from tools.sandbox.zendesk.seed import seed as seed_zendesk

__all__ = ["MARA", "PEOPLE", "fresh", "seed_person", "seed_world"]

PEOPLE: tuple[Persona, ...] = (*SHOPPERS, *ACCOUNTS, *SUBSCRIBERS)
_SEEDS = (seed_stripe, seed_okta, seed_auth0, seed_hubspot, seed_shopify, seed_zendesk)
_LONGEST_SUFFIX = 24
# What marks a world as seeded, so that a restart does not turn back what happened since.
_MARK = ("sandbox.seeded", "people")


def fresh(persona: Persona, suffix: str) -> Persona:
    """The same customer again, as somebody new: own key and mailbox, the same order numbers and times."""
    # Ids made from it must stay within what may be sent as an id.
    if not is_id(suffix) or len(suffix) > _LONGEST_SUFFIX:
        raise Invalid(f"a suffix is 1 to {_LONGEST_SUFFIX} letters, digits, - and _, not {suffix!r}")
    name, _, host = persona.email.partition("@")
    email = f"{name}+{suffix}@{host}" if persona.email else ""
    return persona.model_copy(update={"key": f"{persona.key}-{suffix}", "email": email})


async def seed_person(world: World, persona: Persona) -> None:
    """Writes one customer at every vendor, in one change; no effect is noted."""
    async with world.change() as change:
        _seed(change, persona)


async def seed_world(world: World) -> None:
    """Writes everybody once; a world that was seeded before is left as it is."""
    async with world.change() as change:
        if change.get(*_MARK) is not None:
            return
        for persona in PEOPLE:
            _seed(change, persona)
        change.put(*_MARK, {"people": len(PEOPLE), "at": change.now.isoformat()})


def _seed(change: Change, persona: Persona) -> None:
    for seed in _SEEDS:
        seed(change, persona)
