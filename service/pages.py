"""Pages for people: the chat, the login, the queue, one action."""

from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form, Request
from fastapi.responses import RedirectResponse, Response

from agent import with_person
from approvals import claims, own_numbers, queue, reviews, switches
from approvals.detail import detail
from core.errors import TooMany, Unauthorised
from service import sessions
from service.api_colleagues import WantedOf
from service.asking import marked
from service.auth import HandlerOf, PartsOf, ReaderOf, reviewer
from service.evidence import decisive, doubled, grouped
from service.form import fields_of
from service.names import names_of
from service.parts import ServiceParts
from service.render import page
from service.suggestions import suggestions
from service.today import today
from service.wording import label

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
async def queue_page(
    request: Request, me: ReaderOf, parts: PartsOf, want: WantedOf, after: str | None = None
) -> Response:
    return page(request, "console.html", **await _queue(parts, want, after=after, me=me.id, request=request))


@router.get("/console/rows")
async def queue_rows(
    request: Request, me: ReaderOf, parts: PartsOf, want: WantedOf, after: str | None = None
) -> Response:
    """The list alone, for the page that refreshes itself."""
    return page(request, "_queue.html", **await _queue(parts, want, after=after, me=me.id, request=request))


@router.get("/console/actions/{action_id}")
async def action_page(
    request: Request, action_id: str, me: ReaderOf, parts: PartsOf, want: WantedOf
) -> Response:
    may_decide = bool(me.roles & claims.SEES)
    found = await detail(action_id, reviewer(me) if may_decide else None, parts.approvals)
    before, after = await queue.neighbours(parts.approvals, action_id, want, me=me.id)
    policy = parts.approvals.catalog.get(found.entry.category)
    return page(
        request,
        "action.html",
        found=found,
        entry=found.entry,
        now=parts.clock.now(),
        names=await names_of(parts.store),
        pair=doubled(found.facts, found.args),
        evidence=grouped(found.facts, decisive(policy, found.tool, found.fired)),
        switches=await switches.switches(parts.approvals),
        may_decide=may_decide,
        may_note=bool(me.roles & {"approver", "ops", "admin"}),
        before=before,
        after=after,
        filters=_filters(request),
        policy=policy,
        confirms=bool(policy and found.tool in policy.confirm),
        request=marked(found.request_text, found.entry.category, parts.agent.triage.read),
        fields=fields_of(found.args_schema, found.args),
        reasons=reviews.REASONS,
        colleagues=[one for one in await claims.colleagues(parts.approvals) if one[0] != me.id],
    )


@router.get("/console/me")
async def own_page(request: Request, me: ReaderOf, parts: PartsOf) -> Response:
    """A colleague's own speed and agreement."""
    titles = {name: policy.title for name, policy in parts.approvals.catalog.categories.items()}
    own = await own_numbers.own_numbers(me.id, parts.approvals)
    return page(request, "own.html", own=own, titles=titles, days=own_numbers.DAYS)


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


async def _queue(
    parts: ServiceParts, want: queue.Wanted, *, after: str | None, me: str, request: Request
) -> dict[str, Any]:
    found = await queue.waiting(parts.approvals, want, after=after, me=me)
    return {
        "entries": found.entries,
        "total": found.total,
        "next": found.next,
        "is_first": after is None,
        "want": want,
        "filters": _filters(request),
        "choices": await _choices(parts),
        "recent": await queue.recent(parts.approvals, limit=8) if after is None else [],
        "today": await today(parts.store),
        "names": await names_of(parts.store),
        "switches": await switches.switches(parts.approvals),
        "now": parts.clock.now(),
    }


async def _choices(parts: ServiceParts) -> dict[str, list[tuple[str, str]]]:
    """What each filter offers: (value, words)."""
    categories = parts.approvals.catalog.categories
    return {
        "category": sorted(((name, policy.title) for name, policy in categories.items()), key=lambda c: c[1]),
        "tier": [(name, _TIERS[name]) for name in queue.TIERS],
        "risk": [(name, label(name)) for name in queue.RISKS if name != "none"],
        "language": [(name, name.upper()) for name in await queue.languages(parts.approvals)],
        "older_than": [("10", "10 minutes"), ("60", "an hour"), ("480", "8 hours")],
    }


_TIERS: dict[queue.Tier, str] = {"standard": "Standard", "plus": "Plus", "vip": "VIP", "unknown": "Not known"}
_FILTERS = ("category", "tier", "language", "risk", "at_least", "at_most", "older_than")


def _filters(request: Request) -> str:
    """The filters of this page as a query string, for its links; empty for none."""
    given = {name: value for name, value in request.query_params.items() if name in _FILTERS and value}
    return f"?{urlencode(given)}" if given else ""


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
