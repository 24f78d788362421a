"""Which agent version an action comes from, and when a category's evidence begins anew."""

from datetime import datetime, timedelta

from approvals.ladder.evidence import version_at
from approvals.ladder.history import Version
from approvals.ladder.reading import versions_of
from approvals.lessons import notes_of
from approvals.parts import Parts
from core.canonical import digest
from policies.model import CategoryPolicy
from store.tables.standing import StandingVersionRow
from store.work import Work

# Another process may have stamped a proposal of the same version a moment earlier.
CLOCKS_DIFFER = timedelta(minutes=1)


async def agent_version(work: Work, policy: CategoryPolicy, parts: Parts, model: str | None = None) -> str:
    """The hash of model, prompt, tool schemas, policy and released notes; another model is another version."""
    prompt = parts.prompts.get(policy.category, "")
    said: dict[str, object] = {
        "model": parts.model if model is None else model,
        "prompt": prompt,
        "policy": policy.version,
    }
    if notes := await notes_of(work, policy.category):
        said["notes"] = list(notes)
    return digest(said)


async def current_version(work: Work, policy: CategoryPolicy, parts: Parts) -> Version | None:
    """The stretch that actions proposed now belong to; None before the first."""
    known = await versions_of(work, policy.category)
    return version_at(known, await agent_version(work, policy, parts), work.now)


async def note_version(work: Work, policy: CategoryPolicy, parts: Parts, used: str) -> None:
    """Begins a version the first time the house's own model proposes under it."""
    if parts.proofs.knows((policy.category, used)) or used != await agent_version(work, policy, parts):
        return
    if await current_version(work, policy, parts) is None:
        await _begin_first(work, policy.category, used)
    # Remembered only once it is durable: a rolled back proposal begins nothing.
    work.after_commit(lambda: parts.proofs.remember((policy.category, used)))


async def begin_version(work: Work, category: str, used: str, *, why: str) -> Version:
    """The next version of a category, from now on; its risk is a smaller share than every one before."""
    await work.lock(f"versions:{category}")
    return await _begin(work, category, used, work.now, why)


async def _begin_first(work: Work, category: str, used: str) -> None:
    await work.lock(f"versions:{category}")
    if not any(one.agent_version == used for one in await versions_of(work, category)):
        await _begin(work, category, used, work.now - CLOCKS_DIFFER, "first proposal of this version")


async def _begin(work: Work, category: str, used: str, at: datetime, why: str) -> Version:
    known = await versions_of(work, category)
    made = Version(known[-1].v + 1 if known else 1, used, at, why)
    await work.add(StandingVersionRow(category=category, v=made.v, agent_version=used, began_at=at, why=why))
    work.audit("standing.version", category=category, v=made.v, agent_version=used)
    return made
