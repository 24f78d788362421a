"""Auth0's error answers: status, error, message and error code."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Auth0Refusal(HTTPException):
    """Raised inside the door; becomes Auth0's error body."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status, message)
        self.code = code


def body(status: int, code: str, message: str) -> dict[str, object]:
    """The error object of the Management API."""
    phrase = HTTPStatus(status).phrase
    return {"statusCode": status, "error": phrase, "message": message, "errorCode": code}


def answer(_: Request, error: Exception) -> Response:
    """The exception handler of the door."""
    if isinstance(error, Auth0Refusal):
        return JSONResponse(body(error.status_code, error.code, error.detail), status_code=error.status_code)
    status = error.status_code if isinstance(error, HTTPException) else 500
    return JSONResponse({**body(status, "", "Not Found"), "errorCode": None}, status_code=status)
