"""Pages for people: the chat, the login, the queue, one action."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from agent import with_person
from approvals import queue, reviews, switches
from core.errors import TooMany, Unauthorised
from service import sessions
from service.asking import marked
from service.auth import HandlerOf, PartsOf, ReaderOf, reviewer
from service.claimed import claims
from service.evidence import decisive, grouped
from service.form import fields_of
from service.names import names_of
from service.parts import ServiceParts
from service.render import page
from service.suggestions import suggestions
from service.today import today

router = APIRouter(include_in_schema=False)


@router.get("/")
async def home(parts: PartsOf) -> Response:
    """The demo's door when there is one, else the console."""
    return RedirectResponse("/demo" if parts.demo else "/console", status_code=303)


@router.get("/chat")
async def chat_page(request: Request, parts: PartsOf) -> Response:
    """The customer's chat; who they are comes from the host app's token, fetched by the page."""
    at = request.query_params.get("page", "")[:200]
    token_url = parts.settings.token_url or ("/demo/token" if parts.demo else "")
    return page(
        request,
        "chat.html",
        company=parts.settings.company,
        at=at,
        token_url=token_url,
        suggestions=suggestions(at),
        is_demo=parts.demo is not None,
    )


@router.get("/login")
async def login_page(request: Request, parts: PartsOf, next: str = "/console") -> Response:
    return page(request, "login.html", next=_local(next), problem="", login="")


@router.post("/login")
async def log_in(
    request: Request,
    parts: PartsOf,
    login: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=1000)] = "",
    next: Annotated[str, Form(max_length=500)] = "/console",
) -> Response:
    """Starts a session; a wrong try says only that it was wrong."""
    origin = request.client.host if request.client else "unknown"
    try:
        parts.rates.take("login", login.strip().lower()[:200])
        parts.rates.take("login_from", origin)
        token = await sessions.log_in(parts.store, login, password)
    except (Unauthorised, TooMany) as refused:
        headers = {"Retry-After": str(refused.retry_after)} if isinstance(refused, TooMany) else None
        return page(
            request,
            "login.html",
            status=refused.status,
            headers=headers,
            next=_local(next),
            problem=str(refused),
            login=login[:200],
        )
    parts.rates.forgive("login", login.strip().lower()[:200])
    parts.rates.give_back("login_from", origin)
    answer = RedirectResponse(_local(next), status_code=303)
    _set_cookie(answer, token, parts)
    return answer


@router.post("/logout")
async def log_out(request: Request, me: ReaderOf, parts: PartsOf) -> Response:
    name = sessions.cookie_name(parts.settings.secure)
    await sessions.log_out(parts.store, request.cookies.get(name, ""))
    answer = RedirectResponse("/login", status_code=303)
    answer.delete_cookie(name, path="/", secure=parts.settings.secure, httponly=True, samesite="lax")
    return answer


@router.get("/console")
async def queue_page(request: Request, me: ReaderOf, parts: PartsOf) -> Response:
    return page(request, "console.html", **await _queue(parts))


@router.get("/console/rows")
async def queue_rows(request: Request, me: ReaderOf, parts: PartsOf) -> Response:
    """The list alone, for the page that refreshes itself."""
    return page(request, "_queue.html", **await _queue(parts))


@router.get("/console/actions/{action_id}")
async def action_page(request: Request, action_id: str, me: ReaderOf, parts: PartsOf) -> Response:
    may_decide = bool(me.roles & {"approver", "admin"})
    found = await queue.detail(action_id, reviewer(me) if may_decide else None, parts.approvals)
    waiting = [entry.action_id for entry in await queue.waiting(parts.approvals)]
    policy = parts.approvals.catalog.get(found.entry.category)
    return page(
        request,
        "action.html",
        found=found,
        entry=found.entry,
        now=parts.clock.now(),
        names=await names_of(parts.store),
        evidence=grouped(found.facts, decisive(policy, found.tool, found.fired)),
        claim=(await claims(parts.approvals)).get(action_id),
        switches=await switches.switches(parts.approvals),
        may_decide=may_decide,
        before=_neighbour(waiting, action_id, -1),
        after=_neighbour(waiting, action_id, +1),
        policy=policy,
        confirms=bool(policy and found.tool in policy.confirm),
        request=marked(found.request_text, found.entry.category, parts.agent.triage.read),
        fields=fields_of(found.args_schema, found.args),
        reasons=reviews.REASONS,
    )


@router.get("/console/people")
async def people_page(request: Request, me: ReaderOf, parts: PartsOf) -> Response:
    """Conversations that are with a person, each with what the agent handed over."""
    return page(
        request,
        "people.html",
        handed=await with_person.handed(parts.approvals),
        names=await names_of(parts.store),
        may_answer=bool(me.roles & {"approver", "ops", "admin"}),
    )


@router.post("/console/people/{conversation_id}")
async def answer_person(
    conversation_id: str,
    me: HandlerOf,
    parts: PartsOf,
    what: Annotated[str, Form(max_length=40)],
    text: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Sends a reply, or ends the conversation and says whether it needed a person."""
    if what == "reply":
        await with_person.reply(conversation_id, text, by=me.id, parts=parts.approvals)
    else:
        needed = what == "close_needed"
        await with_person.close_by_person(
            conversation_id, needed_person=needed, text=text, by=me.id, parts=parts.approvals
        )
    return RedirectResponse("/console/people", status_code=303)


async def _queue(parts: ServiceParts) -> dict[str, Any]:
    entries = await queue.waiting(parts.approvals)
    waiting = {entry.action_id for entry in entries}
    recent = await queue.recent(parts.approvals, limit=12)
    return {
        "entries": entries,
        "recent": [entry for entry in recent if entry.action_id not in waiting][:8],
        "today": await today(parts.store),
        "names": await names_of(parts.store),
        "claims": await claims(parts.approvals),
        "switches": await switches.switches(parts.approvals),
        "now": parts.clock.now(),
    }


def _neighbour(waiting: list[str], action_id: str, step: int) -> str | None:
    """The next action of the queue in a direction; from a decided one, the first."""
    others = [one for one in waiting if one != action_id]
    if action_id not in waiting:
        return others[0] if others and step > 0 else None
    at = waiting.index(action_id) + step
    return waiting[at] if 0 <= at < len(waiting) else None


def _local(address: str) -> str:
    """A path of ours, never another site."""
    where = urlsplit(address)
    is_ours = not where.scheme and not where.netloc and where.path.startswith("/") and "\\" not in address
    return address if is_ours and not address.startswith("//") else "/console"


def _set_cookie(answer: Response, token: str, parts: ServiceParts) -> None:
    secure = parts.settings.secure
    answer.set_cookie(
        sessions.cookie_name(secure),
        token,
        max_age=int(sessions.ABSOLUTE.total_seconds()),
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )
