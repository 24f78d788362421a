"""Running a house: web server, listener and worker in one loop, stopped together and in order."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import Callable, Iterator

import uvicorn
from sqlalchemy import text

from core.errors import SettingsError
from service.announce import announce_for_ever
from service.app import create_app
from service.build import House
from service.starting import look_before_running
from service.wake import Wake

_MOST_ROUNDS = 20


async def serve_until_stopped(
    house: House,
    *,
    ready: Callable[[str], None],
    port: int | None = None,
    stop: asyncio.Event | None = None,
    with_worker: bool = True,
) -> None:
    """Serves pages and API until SIGTERM, SIGINT or `stop`, and does the background work unless others do."""
    stop = stop or asyncio.Event()
    await look_before_running(house.service.store, house.service.approvals.jobs, house.anchor)
    listening = listen(house.settings.host, house.settings.port if port is None else port)
    wake = Wake(house.database.dsn, house.service.hub)
    server = _Server(
        uvicorn.Config(create_app(house.service), log_config=None, access_log=False, server_header=False)
    )
    with _stopping_on_signals(stop):
        wake.start()
        web = asyncio.create_task(server.serve(sockets=[listening]), name="web")
        worker = asyncio.create_task(work(house) if with_worker else _idle(stop), name="worker")
        telling = asyncio.create_task(_announcing(house), name="announcing")
        warming = asyncio.create_task(house.service.approvals.systems.identity.warm_up(), name="warm up")
        url = f"http://{house.settings.host}:{listening.getsockname()[1]}"
        await _hear_the_sandbox(house, listening.getsockname()[1])
        ready(url)
        await _first(stop, web, worker)
        await _cancel(warming)
        await _cancel(telling)
        house.service.hub.close()
        server.should_exit = True
        await web
        await wake.stop()
        await _cancel(worker)


async def _hear_the_sandbox(house: House, port: int) -> None:
    """The sandbox's vendors send their webhooks here, as the real ones do to REMIT_PUBLIC_URL."""
    if house.sandbox is not None:
        await house.sandbox.admin("POST", "/webhooks", json={"url": f"http://127.0.0.1:{port}"})


async def work_until_stopped(house: House, *, ready: Callable[[], None] = lambda: None) -> None:
    """Does background work until SIGTERM or SIGINT; a running job is finished first."""
    stop = asyncio.Event()
    await look_before_running(house.service.store, house.service.approvals.jobs, house.anchor)
    with _stopping_on_signals(stop):
        worker = asyncio.create_task(work(house), name="worker")
        telling = asyncio.create_task(_announcing(house), name="announcing")
        ready()
        await _first(stop, worker)
        await _cancel(telling)
        await _cancel(worker)


async def _announcing(house: House) -> None:
    await announce_for_ever(house.service.approvals, house.service.channels)


async def work(house: House, *, wait: bool = True) -> None:
    """The worker; with `wait=False` it does what is due and returns."""
    await house.jobs.run_worker_async(
        wait=wait,
        concurrency=8,
        install_signal_handlers=False,
        listen_notify=wait,
        # A job for later (an approval after its undo window) is found by looking, not by being told.
        fetch_job_polling_interval=0.1,
        shutdown_graceful_timeout=15,
        delete_jobs="successful",
    )


async def work_off(house: House) -> None:
    """Does what is due, and what that makes due, then returns."""
    due = text(
        "select count(*) from procrastinate_jobs where status = 'todo' "
        "and (scheduled_at is null or scheduled_at <= now())"
    )
    for _ in range(_MOST_ROUNDS):
        await work(house, wait=False)
        async with house.service.store.begin() as unit:
            if not await unit.value(due):
                return


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; raises SettingsError when the port is taken."""
    bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind((host, port))
    except OSError as error:
        bound.close()
        raise SettingsError(
            f"port {port} cannot be opened ({error.strerror}); stop what uses it or set REMIT_PORT"
        ) from None
    bound.listen(256)
    bound.setblocking(False)
    return bound


async def _idle(stop: asyncio.Event) -> None:
    """In place of a worker: others do the work."""
    await stop.wait()


async def _first(stop: asyncio.Event, *tasks: asyncio.Task[None]) -> None:
    """Waits for the order to stop; a task that ends before it raises what ended it."""
    waiting = asyncio.create_task(stop.wait())
    done, _ = await asyncio.wait([waiting, *tasks], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    for task in done:
        if task in tasks:
            task.result()


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


@contextlib.contextmanager
def _stopping_on_signals(stop: asyncio.Event) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    signals = (signal.SIGINT, signal.SIGTERM)
    for number in signals:
        loop.add_signal_handler(number, stop.set)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are handled above, once for everything."""
        yield
