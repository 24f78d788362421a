"""Okta's error answers: code, summary and causes as its API reference lists them."""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

_SUMMARIES = {
    "E0000001": (400, "Api validation failed: {about}"),
    "E0000003": (400, "The request body was not well-formed."),
    "E0000007": (404, "Not found: Resource not found: {about}"),
    "E0000011": (401, "Invalid token provided"),
    "E0000022": (405, "The endpoint does not support the provided HTTP method"),
    "E0000031": (400, "Invalid search criteria."),
    "E0000032": (403, "Unlock is not allowed for this user."),
    "E0000038": (403, "This operation is not allowed in the user's current status."),
    "E0000053": (400, "Invalid filter '{about}': not understood"),
}


class OktaRefusal(HTTPException):
    """Raised inside the door; becomes Okta's error body."""

    def __init__(self, code: str, about: str = "", *, causes: tuple[str, ...] = ()) -> None:
        status, summary = _SUMMARIES[code]
        super().__init__(status, summary.format(about=about))
        self.code = code
        self.causes = causes


def body(code: str, summary: str, causes: tuple[str, ...] = ()) -> dict[str, object]:
    """The error object every failed call of Okta's carries."""
    return {
        "errorCode": code,
        "errorSummary": summary,
        "errorLink": code,
        "errorId": f"oae{code}",
        "errorCauses": [{"errorSummary": cause} for cause in causes],
    }


def answer(_: Request, error: Exception) -> Response:
    """The exception handler of the door, for its own refusals and Starlette's 404 and 405."""
    if isinstance(error, OktaRefusal):
        return JSONResponse(body(error.code, error.detail, error.causes), status_code=error.status_code)
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = "E0000022" if status in (404, 405) else "E0000009"
    return JSONResponse(body(code, "The endpoint does not exist"), status_code=status)
