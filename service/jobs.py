"""The background tasks: each looks at a row that is the truth, so running one twice changes nothing."""

import logging
from datetime import timedelta

import procrastinate
from procrastinate import RetryStrategy
from procrastinate.exceptions import ConnectorException, UniqueViolation
from procrastinate.jobs import Job, Status
from sqlalchemy import select

from agent.followup import follow_up
from agent.handover import taken_over
from agent.parts import AgentParts
from agent.shadow import work_in_shadow
from agent.silence import close_silent
from agent.turn import run_turn
from approvals.consent import ensure_code
from approvals.execute import execute
from approvals.ladder.canaries import plant_canaries
from approvals.ladder.compare import compare_all
from approvals.ladder.weighing import weigh_all, weigh_category
from approvals.parts import Parts
from approvals.record import action_row
from approvals.settle import settle, sweep
from core.errors import Conflict, NotFound
from service.announce import Channels
from service.deliver import deliver, is_overdue
from service.findings import keep
from service.hook_looks import look
from service.hook_polls import poll
from service.reconcile import compare
from service.webhooks import forget, look_again
from store.audit import Anchor, anchor_now
from store.columns import table
from store.tables.record import OutboxRow

log = logging.getLogger("remit.jobs")
_OUTBOX = table(OutboxRow)
_RETRY = RetryStrategy(max_attempts=12, exponential_wait=2)
_MINUTE = "* * * * *"
_TEN_MINUTES = "*/10 * * * *"
_FIVE_MINUTES = "*/5 * * * *"
# Long enough that a vendor's outage of an hour hides nothing; `remit reconcile` compares everything.
_RECENT = timedelta(hours=2)
# Workers say every ten seconds that they live.
_DEAD_AFTER = 45


def register(
    app: procrastinate.App,
    parts: AgentParts,
    anchor: Anchor,
    channels: Channels | None = None,
    *,
    oncall: str | None = None,
) -> None:
    """Names every task on `app`; a worker that runs it has all it needs by hand. `oncall` is paged by mail."""
    house = parts.approvals

    @app.task(name="execute_action", retry=_RETRY)
    async def execute_action(action_id: str) -> None:
        await execute(action_id, house, tell=True)
        await _measure_wait(action_id, house)

    @app.task(name="send_code", retry=_RETRY)
    async def send_code(action_id: str) -> None:
        await ensure_code(action_id, house)

    @app.task(name="settle_action", retry=_RETRY)
    async def settle_action(action_id: str) -> None:
        await settle(action_id, house)

    @app.task(name="follow_up", retry=_RETRY)
    async def tell_customer(action_id: str) -> None:
        await follow_up(action_id, parts)

    @app.task(name="take_over", retry=_RETRY)
    async def take_over(conversation_id: str, by: str) -> None:
        await taken_over(conversation_id, by, parts)

    @app.task(name="finish_turn", retry=_RETRY)
    async def finish_turn(conversation_id: str, message_id: str) -> None:
        try:
            await run_turn(conversation_id, message_id, parts)
        except (Conflict, NotFound) as done:
            log.info("turn of %s needs no finishing: %s", conversation_id, type(done).__name__)

    @app.task(name="send_outbox", retry=_RETRY)
    async def send_outbox(outbox_id: str) -> None:
        await deliver(outbox_id, house, channels)

    _register_ladder(app, parts)
    _register_webhooks(app, parts)
    _register_periodic(app, parts, anchor, oncall)


def _register_ladder(app: procrastinate.App, parts: AgentParts) -> None:
    house = parts.approvals

    @app.task(name="weigh_category", retry=_RETRY)
    async def weigh(category: str) -> None:
        await weigh_category(category, house)

    @app.task(name="work_in_shadow", retry=_RETRY)
    async def shadow(conversation_id: str, request_id: str) -> None:
        await work_in_shadow(conversation_id, request_id, parts)

    @app.periodic(cron=_TEN_MINUTES)
    @app.task(name="weigh_all", queueing_lock="weigh_all")
    async def weigh_every_category(timestamp: int) -> None:
        await compare_all(house)
        await weigh_all(house)

    @app.periodic(cron=_TEN_MINUTES)
    @app.task(name="plant_canaries", queueing_lock="plant_canaries")
    async def plant(timestamp: int) -> None:
        await plant_canaries(house)


def _register_webhooks(app: procrastinate.App, parts: AgentParts) -> None:
    house = parts.approvals

    @app.task(name="look_at_object", retry=_RETRY)
    async def look_at_object(vendor: str, thing: str) -> None:
        await look(vendor, thing, parts)

    @app.periodic(cron=_FIVE_MINUTES)
    @app.task(name="poll_vendors", queueing_lock="poll_vendors", pass_context=False)
    async def poll_vendors(timestamp: int) -> None:
        await poll(house)
        await forget(house)


def _register_periodic(app: procrastinate.App, parts: AgentParts, anchor: Anchor, oncall: str | None) -> None:
    house = parts.approvals

    @app.periodic(cron=_MINUTE)
    @app.task(name="sweep", queueing_lock="sweep", pass_context=False)
    async def find_lost_work(timestamp: int) -> None:
        await _take_up(app)
        await sweep(house)
        await close_silent(parts)
        await _resend(parts)
        await look_again(house)

    @app.periodic(cron=_MINUTE)
    @app.task(name="anchor", queueing_lock="anchor")
    async def anchor_audit(timestamp: int) -> None:
        async with house.store.begin() as work:
            problem = await anchor_now(work.conn, anchor)
        if problem is not None:
            log.critical("the audit log was not anchored: %s", problem)

    @app.periodic(cron=_FIVE_MINUTES)
    @app.task(name="reconcile", queueing_lock="reconcile")
    async def reconcile(timestamp: int) -> None:
        found = await compare(house, since=house.clock.now() - _RECENT)
        await keep(found.differences, house, page=oncall, whole=False)


async def _measure_wait(action_id: str, house: Parts) -> None:
    """How long an approval was waited for, in seconds."""
    async with house.store.begin() as work:
        row = await action_row(work, action_id)
    if row.approved_at is not None:
        waited = (row.approved_at - row.created_at).total_seconds()
        house.watch.measure("remit.approval.wait", waited, {"remit.category": row.category})


async def _take_up(app: procrastinate.App) -> None:
    """Jobs of a worker that died go to another: each looks at a row, so running one twice changes nothing."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=_DEAD_AFTER):
        log.warning("job %s (%s) was left by a dead worker", job.id, job.task_name)
        try:
            await app.job_manager.retry_job(job)
        except UniqueViolation:
            # Another of its name waits already and will look at the same row.
            await app.job_manager.finish_job_by_id_async(_number(job), Status.FAILED, delete_job=True)
        except ConnectorException:
            log.info("job %s was taken up by another worker", job.id)


def _number(job: Job) -> int:
    assert job.id is not None  # it was read from the table
    return job.id


async def _resend(parts: AgentParts) -> None:
    """Outbox rows whose job was lost get another one."""
    house = parts.approvals
    async with house.store.begin() as work:
        old, o = work.now - timedelta(minutes=10), _OUTBOX.c
        query = select(_OUTBOX).where(o.state.in_(("waiting", "sending")), o.at < old)
        for row in await work.rows(OutboxRow, query.order_by(o.at).limit(100)):
            if is_overdue(row, work.now):
                lock, once = f"outbox:{row.conversation_id or row.id}", f"resend:{row.id}"
                await house.jobs.defer(work, "send_outbox", lock=lock, once=once, outbox_id=row.id)
