"""Every error leaves in one shape: a code, what happened, what to do next; never an internal detail."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from core.errors import RemitError, TooMany, Unauthorised
from service.render import page

log = logging.getLogger("remit.web")

_NEXT: Mapping[int, str] = {
    400: "Correct the request and send it again.",
    401: "Sign in again.",
    403: "Ask someone with the needed role.",
    404: "Check the address, or start from the list.",
    405: "See /v1/openapi.json for what is offered here.",
    409: "Load it again to see what changed.",
    410: "Start again; nothing was changed.",
    413: "Send less at once.",
    415: "Send application/json.",
    422: "Correct the named fields and send it again.",
    429: "Wait as long as Retry-After says.",
    503: "Try again in a moment; nothing was lost.",
}
_TITLES: Mapping[int, str] = {
    400: "That does not look right",
    403: "Not with this login",
    404: "There is nothing here",
    409: "It changed meanwhile",
    410: "It has ended",
    429: "A little too fast",
    503: "Not reachable right now",
}
_PLAIN: Mapping[int, tuple[str, str]] = {
    400: ("invalid", "The request could not be read."),
    404: ("not_found", "There is nothing at this address."),
    405: ("method", "This address does not take that method."),
    413: ("too_large", "The request is too large."),
    415: ("content_type", "This content type is not understood here."),
}


class Problem(BaseModel):
    """What went wrong, in words one can act on."""

    code: str
    message: str
    next: str
    fields: dict[str, str] | None = None


class ErrorBody(BaseModel):
    """The body of every answer that is no success."""

    error: Problem


def answer(
    request: Request,
    status: int,
    code: str,
    message: str,
    *,
    fields: dict[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The error as JSON, or as a page where a person is looking."""
    problem = Problem(code=code, message=message, next=_NEXT.get(status, _LAST_RESORT), fields=fields)
    if _is_page(request):
        return page(
            request,
            "error.html",
            status=status,
            headers=headers,
            title=_TITLES.get(status, "Something went wrong"),
            problem=problem,
        )
    body = {"error": problem.model_dump(exclude_none=True)}
    return JSONResponse(body, status_code=status, headers=dict(headers or {}))


_LAST_RESORT = "Try again; if it stays, tell us when it happened. Nothing was lost."


def handle_all(app: FastAPI) -> None:
    """Installs the handlers."""
    app.add_exception_handler(RemitError, _remit)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _plain)
    app.add_exception_handler(Exception, _bug)


async def _remit(request: Request, error: Exception) -> Response:
    assert isinstance(error, RemitError)  # registered for this type only
    if isinstance(error, Unauthorised) and _is_page(request):
        return RedirectResponse(f"/login?next={request.url.path}", status_code=303)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMany) else None
    if error.status >= 500:
        log.error("%s %s: %s", request.method, request.url.path, error)
        if error.status == 500:
            return answer(request, 500, "error", "Something went wrong on our side.")
    return answer(request, error.status, error.code, str(error), headers=headers)


async def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # registered for this type only
    if any(found["type"] == "json_invalid" for found in error.errors()):
        return answer(request, 400, "invalid", "The body is not valid JSON.")
    fields = field_errors(error.errors())
    names = ", ".join(fields) or "the body"
    return answer(request, 422, "invalid", f"These fields are not right: {names}.", fields=fields)


def field_errors(found: Sequence[Any]) -> dict[str, str]:
    """Field -> sentence, without repeating what was sent."""
    return {
        ".".join(str(part) for part in one["loc"] if part not in ("body", "query", "path")): _sentence(one)
        for one in found
    }


_FRIENDLY: Mapping[str, str] = {
    "missing": "This is needed.",
    "extra_forbidden": "This field is not known here.",
    "greater_than": "This must be more than {gt}.",
    "greater_than_equal": "This must be at least {ge}.",
    "less_than": "This must be less than {lt}.",
    "less_than_equal": "This must be at most {le}.",
    "string_too_short": "Write at least {min_length} characters.",
    "string_too_long": "Write at most {max_length} characters.",
    "string_pattern_mismatch": "This does not have the expected form.",
    "literal_error": "Choose one of: {expected}.",
    "int_type": "This must be a whole number.",
    "int_parsing": "This must be a whole number.",
    "string_type": "This must be text.",
    "bool_type": "This must be yes or no.",
}


def _sentence(one: Mapping[str, Any]) -> str:
    friendly = _FRIENDLY.get(str(one.get("type")))
    if friendly is not None:
        return friendly.format_map(one.get("ctx") or {})
    text = str(one["msg"]).removeprefix("Value error, ")
    return text[:1].upper() + text[1:] + ("" if text.endswith(".") else ".")


async def _plain(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # registered for this type only
    code, message = _PLAIN.get(error.status_code, ("error", str(error.detail)))
    return answer(request, error.status_code, code, message, headers=error.headers)


async def _bug(request: Request, error: Exception) -> Response:
    log.error("%s %s", request.method, request.url.path, exc_info=error)
    return answer(request, 500, "error", "Something went wrong on our side.")


def _is_page(request: Request) -> bool:
    path = request.url.path
    return not path.startswith(("/v1/", "/slack/", "/demo/token", "/static/", "/healthz", "/readyz"))
