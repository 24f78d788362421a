"""Every error we raise, drawn as one tree.

RemitError                     status, sentence for the caller
├── Invalid             400    the request makes no sense as sent
├── Unauthorised        401    we do not know who asks
├── Forbidden           403    we know, and the answer is no
├── NotFound            404    no such thing, or not yours: the same answer
├── Conflict            409    it changed or was decided meanwhile
├── Gone                410    it expired
├── TooLarge            413
├── TooMany             429    retry_after in seconds
├── Unavailable         503    something we need is down; nothing was lost
├── PolicyFileError            a catalog file is wrong: path, line, column
├── SettingsError              a setting is missing or wrong
├── ToolFailed                 the model can act on it: it becomes the tool's result
└── VendorError                a system of record
    ├── VendorRefused          it answered no; nothing happened there
    ├── VendorBusy             429 or 503 before it did anything; retry_after
    ├── VendorDown             not reachable; nothing was sent
    └── VendorUnsure           sent, and no answer we can trust
"""


class RemitError(Exception):
    """Root of the tree; `status` is the HTTP status a caller of the API gets."""

    status = 500
    code = "error"


class Invalid(RemitError):
    status = 400
    code = "invalid"


class Unauthorised(RemitError):
    status = 401
    code = "unauthorised"


class Forbidden(RemitError):
    status = 403
    code = "forbidden"


class NotFound(RemitError):
    status = 404
    code = "not_found"


class Conflict(RemitError):
    status = 409
    code = "conflict"


class Gone(RemitError):
    status = 410
    code = "gone"


class TooLarge(RemitError):
    status = 413
    code = "too_large"


class TooMany(RemitError):
    status = 429
    code = "too_many"

    def __init__(self, message: str, *, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Unavailable(RemitError):
    status = 503
    code = "unavailable"


class PolicyFileError(RemitError):
    code = "policy_file"


class SettingsError(RemitError):
    code = "settings"


class ToolFailed(RemitError):
    """A tool could not answer; the sentence goes back to the model."""

    code = "tool_failed"


class VendorError(RemitError):
    """A system of record did not do what we asked."""

    status = 502
    code = "vendor"

    def __init__(self, vendor: str, message: str) -> None:
        super().__init__(f"{vendor}: {message}")
        self.vendor = vendor


class VendorRefused(VendorError):
    """The vendor answered no: nothing happened there."""

    code = "vendor_refused"


class VendorBusy(VendorError):
    """The vendor asked us to come back later and did nothing."""

    code = "vendor_busy"

    def __init__(self, vendor: str, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(vendor, message)
        self.retry_after = retry_after


class VendorDown(VendorError):
    """The vendor could not be reached: nothing was sent."""

    code = "vendor_down"


class VendorUnsure(VendorError):
    """Something was sent and no trustworthy answer came back."""

    code = "vendor_unsure"
