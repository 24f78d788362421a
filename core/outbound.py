"""What may leave us as text: no foreign links, no card numbers or secrets, nothing invisible, never too long."""

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import unquote

from core.claims import is_unproven as is_unproven

LONGEST = 4_000
SHORTEST_SECRET = 4
LINK, IMAGE, SECRET = "[link removed]", "[image removed]", "[removed]"


@dataclass(frozen=True, slots=True)
class Outbound:
    """The text that may go, and the kinds of things taken out of it."""

    text: str
    removed: tuple[str, ...]


@dataclass
class _Draft:
    text: str
    removed: dict[str, None] = field(default_factory=dict)

    def put(self, kind: str, changed: str) -> None:
        if changed != self.text:
            self.removed[kind] = None
            self.text = changed

    def sub(self, kind: str, pattern: re.Pattern[str], instead: Callable[[re.Match[str]], str]) -> None:
        self.put(kind, pattern.sub(instead, self.text))


def clean(text: str, *, link_hosts: frozenset[str], secrets: Sequence[str]) -> Outbound:
    """The text with everything taken out that must not leave; cleaning it again changes nothing.

    Args:
        link_hosts: lower-case hosts a link may point to, over https.
        secrets: values that never leave, such as keys, canaries and one-time codes that are open now.
    """
    draft, before = _Draft(text), ""
    known = [_spelled(s) for s in secrets if len(s.strip()) >= SHORTEST_SECRET]
    # What one pass leaves may complete something else, so until a pass finds nothing.
    while before != draft.text:
        before = draft.text
        _show_plainly(draft)
        _take_out(draft, link_hosts, known)
    if len(draft.text) > LONGEST:
        draft.removed["length"] = None
        draft.text = _cut(draft.text)
    return Outbound(draft.text, tuple(draft.removed))


def _take_out(draft: _Draft, link_hosts: frozenset[str], known: Sequence[re.Pattern[str]]) -> None:
    for pattern in known:
        draft.sub("secret", pattern, lambda _: SECRET)
    for run in (_ANY_RUN, _BASE64):
        draft.sub("secret", run, lambda m: SECRET if _hides(m[0], known) else m[0])
    draft.put("link", _without_links(draft.text, link_hosts))
    draft.sub("image", _FETCHED, lambda _: IMAGE)
    draft.put("card", _without_cards(draft.text))


# Bidi and zero-width characters, tags, variation selectors that carry hidden bytes, and controls but tab and newline.
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e"
    "\u2060-\u206f\u3164\ufe00-\ufe0e\ufeff\uffa0\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]\w{1,30});")


def _show_plainly(draft: _Draft) -> None:
    """Character references become characters and digits of any script become 0-9, until nothing hides any more."""
    before = ""
    while before != draft.text:
        before = draft.text
        draft.text = re.sub(r"\r\n?|[\u2028\u2029\x85]", "\n", draft.text)
        draft.sub("invisible", _INVISIBLE, lambda _: "")
        draft.text = _ENTITY.sub(lambda m: html.unescape(m[0]), draft.text)
    draft.text = "".join(str(unicodedata.decimal(c)) if c.isdecimal() else c for c in draft.text)


@lru_cache(maxsize=1024)
def _spelled(secret: str) -> re.Pattern[str]:
    """A secret however it is spaced; digits also with punctuation between, but never inside a longer number."""
    between = r"[\s.,_·/-]{0,3}" if secret.isdecimal() else r"\s{0,2}"
    letters = between.join(re.escape(c) for c in secret.strip())
    return re.compile(rf"(?<!\d){letters}(?!\d)" if secret.isdecimal() else letters, re.IGNORECASE)


_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_ANY_RUN = re.compile(r"\S{9,}")


def _hides(run: str, known: Sequence[re.Pattern[str]]) -> bool:
    """Whether a secret or card number is inside, one level of base64, hex or URL encoding deep."""
    return any(
        any(p.search(inner) for p in known) or _without_cards(inner) != inner for inner in _decoded(run)
    )


def _decoded(run: str) -> Iterator[str]:
    if "%" in run:
        yield unquote(run, errors="replace")
    if not _BASE64.fullmatch(run):
        return
    if re.fullmatch(r"(?:[0-9a-fA-F]{2})+", run) and not run.isdecimal():
        yield bytes.fromhex(run).decode("utf-8", "replace")
    bare = run.rstrip("=").replace("-", "+").replace("_", "/")
    try:
        yield base64.b64decode(bare + "=" * (-len(bare) % 4)).decode("utf-8", "replace")
    except binascii.Error:
        return


# Markup that a reader fetches by itself: Markdown images and the HTML elements that load or run something.
_FETCHED = re.compile(
    r"!\[[^\]]{0,500}\](?:\([^)]{0,2000}\)|\[[^\]]{0,200}\])?"
    r"|<\s*/?\s*(?:img|image|picture|source|video|audio|track|iframe|frame|object|embed|svg|math|script|style|link|meta"
    r"|base|form|input|button|body|html|head|template|portal|applet)\b[^>]{0,2000}(?:>|$)?",
    re.IGNORECASE,
)
_ENDING = re.compile(
    "com|net|org|info|biz|io|co|app|dev|ai|xyz|top|site|online|shop|store|link|click|page|live|club|cloud|tech|ru|cn|de"
    "|fr|es|uk|eu|nl|ch|pl|tk|ml|ga|cf|gg|ly|tv|cc|ws|pw|su|example|test|invalid|localhost|onion"
)
_DOTS = "\u3002\uff0e\uff61"
_REST = r"[^\s<>()\[\]\"'`]*"
_LINK = re.compile(
    # An @ or a backslash anywhere in it moves the host elsewhere for one reader or another.
    r"[a-z][a-z0-9+.-]{0,30}:[\\/]{2}[^\s<>@\\]{0,2000}[@\\][^\s<>]*"
    rf"|[a-z][a-z0-9+.-]{{0,30}}:[\\/]{{2}}{_REST}"
    rf"|https?:(?=[^\s/]){_REST}"
    r"|j\s{0,3}a\s{0,3}v\s{0,3}a\s{0,3}s\s{0,3}c\s{0,3}r\s{0,3}i\s{0,3}p\s{0,3}t\s{0,3}:\S*"
    r"|\b(?:vbscript|livescript|file|blob|view-source|intent)\s?:\S+|data:(?=[\w.+-]{0,60}[/;,])\S+"
    rf"|\b(?:mailto|tel|sms|ftp|ws|wss):(?=[^\s<>()\[\]\"'`]){_REST}"
    rf"|(?<![:\w/\\])[\\/]{{2,}}(?=[\w\[]){_REST}"
    rf"|(?<![\w@.•-])(?P<bare>(?P<label>[\w-]+)(?:[.{_DOTS}][\w-]+)+)(?![\w@])(?P<tail>:\d+{_REST}|[/?#]{_REST})?",
    re.IGNORECASE,
)
_PLAIN_LINK = re.compile(
    r"(?:https://)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?::443)?(?:[/?#][\x21-\x7e]*)?", re.IGNORECASE
)


def _without_links(text: str, hosts: frozenset[str]) -> str:
    kept, at = [], 0
    while found := _LINK.search(text, at):
        if found["bare"] and not _looks_like_host(found["bare"], found["tail"] or ""):
            # Only the first label is plain; the rest, as in `3.5/evil.example`, is looked at by itself.
            kept.append(text[at : found.end("label")])
            at = found.end("label")
        else:
            kept += [text[at : found.start()], found[0] if _may_link(found[0], hosts) else LINK]
            at = found.end()
    return "".join([*kept, text[at:]])


def _looks_like_host(bare: str, tail: str) -> bool:
    """Whether mail readers would make a link of it: an address in digits, a usual ending, or a path behind it."""
    labels = re.split(f"[.{_DOTS}]", bare.lower())
    if all(label.isdecimal() for label in labels):
        return len(labels) == 4
    if labels[0] == "www" or _ENDING.fullmatch(labels[-1]):
        return True
    return len(tail) > 1 and labels[-1].isalpha() and len(labels[-1]) > 1


def _may_link(link: str, hosts: frozenset[str]) -> bool:
    found = _PLAIN_LINK.fullmatch(link.rstrip(".,;:!?*_"))
    return found is not None and "@" not in link and "\\" not in link and found[1].lower() in hosts


_BETWEEN = r"[ \u00a0\t\n./_,·•*|-]{1,3}"
_DIGITS = re.compile(rf"\d(?:(?:{_BETWEEN})?\d){{12,}}")


def _without_cards(text: str) -> str:
    """Each card number down to its last four."""
    return _DIGITS.sub(lambda m: _masked(m[0]), text)


def _masked(run: str) -> str:
    groups = [(m.start(), m.end()) for m in re.finditer(r"\d+", run)]
    kept, at, first = [], 0, 0
    while first < len(groups):
        last = _card_from(run, groups, first)
        if last is not None:
            digits = re.sub(r"\D", "", run[groups[first][0] : groups[last][1]])
            kept += [run[at : groups[first][0]], f"•••• {digits[-4:]}"]
            at, first = groups[last][1], last
        first += 1
    return "".join([*kept, run[at:]])


def _card_from(run: str, groups: Sequence[tuple[int, int]], first: int) -> int | None:
    """The last group of the longest card number that begins with this one."""
    longest = min(first + 18, len(groups) - 1)
    starts = groups[first][0]
    return next((n for n in range(longest, first - 1, -1) if _is_card(run[starts : groups[n][1]])), None)


def _is_card(written: str) -> bool:
    """13 to 19 digits that pass Luhn, written in one run, evenly grouped, or with one separator throughout."""
    digits = re.sub(r"\D", "", written)
    if not 13 <= len(digits) <= 19 or digits[0] not in "23456":
        return False
    sizes = {len(group) for group in re.findall(r"\d+", written)[:-1]}
    if len(set(re.findall(r"\D+", written))) > 1 and len(sizes) > 1:
        return False
    doubled = [int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits))]
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _cut(text: str) -> str:
    """At most LONGEST characters, ended at a word where one ends near."""
    kept = text[: LONGEST - 2]
    at = max(kept.rfind(" "), kept.rfind("\n"))
    return f"{kept[:at] if at > LONGEST - 200 else kept} …"
