"""Two or three openings that fit the page the customer came from."""

from collections.abc import Mapping

_BY_PAGE: Mapping[str, tuple[str, ...]] = {
    "order": ("Where is my order?", "I want to send something back", "Change the delivery address"),
    "billing": ("I was charged twice", "Send me my last invoice", "Change my plan"),
    "account": ("I cannot log in", "Reset my password", "Change my phone number"),
    "plan": ("Change my plan", "Cancel my subscription", "What would the other plan cost?"),
}
_ELSEWHERE = ("I was charged twice", "Where is my order?", "Reset my password")


def suggestions(page: str) -> tuple[str, ...]:
    """What people on this page usually want."""
    name = page.casefold()
    return next((openings for word, openings in _BY_PAGE.items() if word in name), _ELSEWHERE)
