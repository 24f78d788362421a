"""Untrusted text shown as text: where a cell, a Slack message or Markdown would do something with it."""

import re

LONGEST_CELL = 8_000
# What a spreadsheet takes for the beginning of a formula; some strip a leading quote, space or invisible character first.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Bidi and zero-width characters, tags and controls: text that does not read as what it is.
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f"
    "\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_SLACK = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# Between a sign and what it would act on: Slack then shows both as they were typed.
_JOINT = "\u2060"
_ACTS = frozenset("@#*_~`")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~@])")


def visible(text: str, *, most: int = LONGEST_CELL) -> str:
    """The text with everything that hides made visible as its code point, and at most so many characters."""
    shown = _HIDDEN.sub(lambda m: f"[U+{ord(m[0]):04X}]", text.replace("\r\n", "\n"))
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "\u2026"


def cell(text: str) -> str:
    """One CSV cell that no spreadsheet runs as a formula; quoting commas and quotes stays the CSV writer's work."""
    shown = visible(text)
    bare = shown.lstrip(" '\"\u00a0")
    return f"'{shown}" if bare.startswith(_FORMULA) or shown.startswith(_FORMULA) else shown


def slack(text: str, *, most: int = 2_900) -> str:
    """mrkdwn that mentions nobody, links nowhere and formats nothing, itself at most `most` characters long.

    Send it with `verbatim` where Slack takes that: then it does not look for addresses either.
    """
    shown = visible(text, most=most)
    pieces: list[str] = []
    length = 0
    for place, char in enumerate(shown):
        piece = _SLACK.get(char, char)
        if char in _ACTS or (char == ":" and shown.startswith("//", place + 1)):
            piece += _JOINT
        length += len(piece)
        if length >= most:
            return "".join(pieces) + "\u2026"
        pieces.append(piece)
    return "".join(pieces)


def markdown(text: str, *, most: int = LONGEST_CELL) -> str:
    """Markdown and HTML (a help desk's note) that shows the text and nothing else."""
    return _MARKDOWN.sub(r"\\\1", visible(text, most=most)).replace("\\<", "&lt;").replace("\\>", "&gt;")
