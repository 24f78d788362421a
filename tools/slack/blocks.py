"""Block Kit from our own words: everything that comes from elsewhere is plain text, so nothing in it acts."""

from collections.abc import Sequence
from typing import Any

LONGEST = 2900  # Slack takes 3000
_MOST_FIELDS = 10
Block = dict[str, Any]


def inert(text: str) -> str:
    """Text for a place that Slack reads as markup: mentions, links and channel names become letters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def plain(text: str, longest: int = LONGEST) -> dict[str, Any]:
    """A plain_text object: Slack reads no markup, mention or link in it."""
    shown = text if len(text) <= longest else f"{text[: longest - 1]}…"
    return {"type": "plain_text", "text": shown or " ", "emoji": False}


def paragraph(text: str) -> Block:
    """A line of text."""
    return {"type": "section", "text": plain(text)}


def heading(text: str) -> Block:
    """A heading of at most 150 characters."""
    return {"type": "header", "text": plain(text, 150)}


def aside(text: str) -> Block:
    """Small print."""
    return {"type": "context", "elements": [plain(text)]}


def table(rows: Sequence[tuple[str, str]]) -> list[Block]:
    """`label: value` lines, ten to a block, at most thirty."""
    lines = [plain(f"{label}: {value}", 1900) for label, value in rows[:30]]
    return [
        {"type": "section", "fields": lines[at : at + _MOST_FIELDS]}
        for at in range(0, len(lines), _MOST_FIELDS)
    ]


def buttons(*made: Block) -> Block:
    """A row of buttons."""
    return {"type": "actions", "elements": list(made)}


def button(text: str, *, action: str, value: str = "", url: str | None = None) -> Block:
    """A button that comes back to us, or opens a page."""
    made: Block = {"type": "button", "text": plain(text, 75), "action_id": action}
    if value:
        made["value"] = value
    if url is not None:
        made["url"] = url
    return made


def choice(name: str, text: str, options: Sequence[tuple[str, str]], *, optional: bool = False) -> Block:
    """A drop-down of (value, words)."""
    return {
        "type": "input",
        "block_id": name,
        "optional": optional,
        "label": plain(text, 200),
        "element": {
            "type": "static_select",
            "action_id": name,
            "options": [{"text": plain(words, 75), "value": value} for value, words in options],
        },
    }


def box(name: str, text: str) -> Block:
    """An optional text field."""
    element = {"type": "plain_text_input", "action_id": name, "multiline": True, "max_length": 2000}
    return {
        "type": "input",
        "block_id": name,
        "optional": True,
        "label": plain(text, 200),
        "element": element,
    }


def modal(
    title: str, made: list[Block], *, callback: str = "", submit: str | None = None, keep: str = ""
) -> Block:
    """A modal of at most a hundred blocks; `keep` comes back with what is submitted."""
    view: Block = {
        "type": "modal",
        "title": plain(title, 24),
        "close": plain("Close", 24),
        "blocks": made[:100],
    }
    if callback:
        view |= {"callback_id": callback, "private_metadata": keep}
    if submit is not None:
        view["submit"] = plain(submit, 24)
    return view
