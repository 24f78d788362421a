"""The audit log: append-only by the database, a hash chain by us, and an anchor outside it."""

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import RowMapping, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from core.canonical import canonical_json, digest
from store.columns import table
from store.tables.record import AuditRow

FIRST = "0" * 64
_AUDIT = table(AuditRow)
_HEAD = select(_AUDIT.c.seq, _AUDIT.c.hash).order_by(_AUDIT.c.seq.desc()).limit(1)
# The log itself says that it was anchored, so that taking the file away is seen.
ANCHORED = "audit.anchored"
_NOTED = select(_AUDIT.c.seq).where(_AUDIT.c.kind == ANCHORED).order_by(_AUDIT.c.seq).limit(1)
_LOST = (
    "row {noted} says that the log was anchored, and there is no anchor file here; run this where the file is, "
    "or, once you know why it is gone, `remit audit reanchor`"
)
_TAKE = text("select pg_advisory_xact_lock(:n)")
_LOCK = 7_305_001  # any number of our own: one chain, one writer at a time


def link(seq: int, at: datetime, kind: str, body: dict[str, Any], prev: str) -> str:
    """The hash of one entry over its content and the entry before it."""
    return digest({"seq": seq, "at": at, "kind": kind, "body": body, "prev": prev, "version": 1})


async def append(conn: AsyncConnection, at: datetime, entries: Sequence[tuple[str, dict[str, Any]]]) -> None:
    """Chains entries inside the caller's transaction; the lock is released by its commit."""
    # Before the head is read and not with it: a statement sees the log as it was when the statement began.
    await conn.execute(_TAKE, {"n": _LOCK})
    head = (await conn.execute(_HEAD)).first()
    seq, prev = (head[0], head[1]) if head else (0, FIRST)
    rows = []
    for kind, raw in entries:
        seq += 1
        body = json.loads(canonical_json(raw))
        this = link(seq, at, kind, body, prev)
        rows.append(
            {"seq": seq, "version": 1, "at": at, "kind": kind, "body": body, "prev": prev, "hash": this}
        )
        prev = this
    await conn.execute(insert(_AUDIT), rows)


@dataclass(frozen=True)
class Verified:
    """What `verify` found; `problem` names the first row that does not fit."""

    ok: bool
    rows: int
    head: str
    problem: str | None = None


async def verify(conn: AsyncConnection, anchor: "Anchor | None") -> Verified:
    """Walks the whole chain and compares it with the anchor, which alone shows a cut-off tail."""
    mark = anchor.read() if anchor else None
    prev, seq, problem = FIRST, 0, None
    noted: int | None = None
    async with conn.stream(select(_AUDIT).order_by(_AUDIT.c.seq)) as rows:
        async for row in rows:
            problem = problem or _misfit(row._mapping, seq, prev, mark)
            if problem:
                break
            prev, seq = row._mapping["hash"], seq + 1
            noted = seq if noted is None and row._mapping["kind"] == ANCHORED else noted
    if problem is None and anchor and mark is None and noted is not None:
        problem = _LOST.format(noted=noted)
    if problem is None and mark and seq < mark[0]:
        problem = _gone(seq, mark[0])
    return Verified(problem is None, seq, prev, problem)


def _misfit(row: RowMapping, seq: int, prev: str, mark: tuple[int, str] | None) -> str | None:
    if row["seq"] != seq + 1:
        return f"row {seq + 1} is missing"
    if row["prev"] != prev or row["hash"] != link(row["seq"], row["at"], row["kind"], row["body"], prev):
        return f"row {row['seq']} was changed"
    if mark and row["seq"] == mark[0] and row["hash"] != mark[1]:
        return _other(mark[0])
    return None


def _gone(rows: int, anchored: int) -> str:
    return f"rows after {rows} are gone: the anchor knows {anchored}"


def _other(anchored: int) -> str:
    return f"the chain up to row {anchored} is not the anchored one"


_ANEW = "anew "


class Anchor:
    """A file outside the database with the chain's length and head, authenticated by a key."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._key = key

    def write(self, rows: int, head: str, *, anew: bool = False) -> None:
        """Appends a mark; old marks stay, so that going back is seen too. `anew`: what was marked before counts no more."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        line = f"{_ANEW if anew else ''}{rows} {head}"
        with self._path.open("a") as file:
            file.write(f"{line} {self._mac(line)}\n")

    def read(self) -> tuple[int, str] | None:
        """The mark with most rows since it was anchored anew; raises ValueError when a line was tampered with."""
        if not self._path.exists():
            return None
        best: tuple[int, str] | None = None
        for line in self._path.read_text().splitlines():
            body, _, mac = line.rpartition(" ")
            if not hmac.compare_digest(mac, self._mac(body)):
                raise ValueError(f"{self._path}: a mark was changed: {line[:40]!r}")
            rows, head = body.removeprefix(_ANEW).split()
            if best is None or int(rows) >= best[0] or body.startswith(_ANEW):
                best = (int(rows), head)
        return best

    def _mac(self, line: str) -> str:
        return hmac.new(self._key, line.encode(), sha256).hexdigest()


async def strayed(conn: AsyncConnection, anchor: Anchor) -> str | None:
    """Why this is not the log that was anchored, as after a restore from an old backup; None when it is.

    Compares one row, so that it costs nothing at a start; `verify` walks the whole chain.
    """
    mark = anchor.read()
    if mark is None:
        noted = (await conn.execute(_NOTED)).scalar()
        return None if noted is None else _LOST.format(noted=noted)
    found = (await conn.execute(select(_AUDIT.c.hash).where(_AUDIT.c.seq == mark[0]))).scalar()
    if found is None:
        head = (await conn.execute(_HEAD)).first()
        return _gone(head[0] if head else 0, mark[0])
    return None if found == mark[1] else _other(mark[0])


async def anchor_now(conn: AsyncConnection, anchor: Anchor) -> str | None:
    """Writes today's length and head to the anchor; why not, when the log is not the one that was anchored."""
    if problem := await strayed(conn, anchor):
        return problem
    head, known = (await conn.execute(_HEAD)).first(), anchor.read()
    if head and (known is None or head[0] > known[0]):
        anchor.write(head[0], head[1])
    if head and (await conn.execute(_NOTED)).scalar() is None:
        await append(conn, await _now(conn), [(ANCHORED, {"rows": head[0]})])
    return None


async def anchor_anew(conn: AsyncConnection, anchor: Anchor, because: str) -> int:
    """Takes the log as it is for whole from now on, and says so in it; the number of rows. Only a person decides this."""
    head = (await conn.execute(_HEAD)).first()
    rows, last = (head[0], head[1]) if head else (0, FIRST)
    anchor.write(rows, last, anew=True)
    await append(conn, await _now(conn), [(ANCHORED, {"rows": rows, "because": because})])
    return int(rows)


async def _now(conn: AsyncConnection) -> datetime:
    found: datetime = (await conn.execute(select(func.now()))).scalar_one()
    return found.astimezone(UTC)
