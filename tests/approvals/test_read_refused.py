"""A read that was refused is on record, by the name of a known tool or none."""

from approvals_bench import bench
from sqlalchemy import select

from core.clock import StillClock
from store.columns import table
from store.tables.record import AuditRow
from store.work import Store

_AUDIT = table(AuditRow)


async def test_refused_reads_are_on_record_and_others_not(
    store: Store, database: str, clock: StillClock
) -> None:
    async with bench(store, database, clock, "mara", "duplicate_charge") as made:
        await made.look("find_charges")
        await made.look("steal everything")
        await made.look("get_account")
        await made.look("find_charges", nonsense=1)
        await made.look("get_charge", charge_id="ch_noor_first")
        query = select(_AUDIT).where(_AUDIT.c.kind == "read.refused").order_by(_AUDIT.c.seq)
        async with store.begin() as work:
            found = [(row.body["tool"], row.body["check"]) for row in await work.rows(AuditRow, query)]
    assert ("unknown", "closed_set") in found
    assert ("get_account", "closed_set") in found
    assert ("find_charges", "schema") in found
    assert found[-1][0] == "get_charge"
    assert len(found) == 4
