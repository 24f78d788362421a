"""After the play: each effect has exactly one verdict and one intent before it in the audit log, for the same digest."""

from collections import defaultdict

from sqlalchemy import select

from evals.adversary.play import Play
from store.columns import table
from store.tables.record import AuditRow

_AUDIT = table(AuditRow)
_BEFORE = ("action.judged", "action.intended")


async def check_records(play: Play) -> None:
    """Writes a violation of I31 for every effect that the log does not account for."""
    told: dict[str, list[tuple[str, str]]] = defaultdict(list)
    query = select(_AUDIT.c.kind, _AUDIT.c.body).where(_AUDIT.c.kind.in_(_BEFORE)).order_by(_AUDIT.c.seq)
    async with play.ground.store.begin() as work:
        for kind, body in (await work.conn.execute(query)).all():
            told[body["action"]].append((kind, body["digest"]))
    for action_id, digest in play.acted:
        if told[action_id] != [(kind, digest) for kind in _BEFORE]:
            play.truth.wrong("I31", f"the log tells of {action_id}: {told[action_id]}")
