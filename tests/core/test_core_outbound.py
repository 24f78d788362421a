"""What may leave us as text: both sides of every filter."""

import base64
import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.outbound import LONGEST, clean

HOSTS = frozenset({"help.example.com", "status.example.com"})
CANARY = "sk_live_canaryQ7"
CARD = "4242 4242 4242 4242"


def out(text: str, *, secrets: tuple[str, ...] = ()) -> str:
    return clean(text, link_hosts=HOSTS, secrets=secrets).text


STAYS = [
    pytest.param("See https://help.example.com/articles/export-data.", id="our-host"),
    pytest.param("See https://help.example.com/a?b=c#d, then https://status.example.com", id="two-of-ours"),
    pytest.param("[Export](https://help.example.com/articles/export-data)", id="markdown-to-our-host"),
    pytest.param("The status page at status.example.com shows it.", id="our-host-in-plain-words"),
    pytest.param("A link goes to d•••@example.com and ada@example.com.", id="mail-addresses"),
    pytest.param("Refunds take 5-10 days, e.g. 3.5 or 1.000,00 EUR. Done.We say", id="dots"),
    pytest.param("Open report.csv, main.py or Node.js and/or v2.10", id="file-names"),
    pytest.param("Here is your data: 5 GB. Note: data: none", id="the-word-data"),
    pytest.param("Order 1042, tracking 9400111899223197428490 and 1Z999AA10123456784", id="tracking-numbers"),
    pytest.param("Visa •••• 4242, $49.00 on 2026-11-20 12:00 UTC", id="last-four"),
    pytest.param("Call +1 (555) 010-0199 or +49 30 555 01 99", id="phones"),
    pytest.param("Your reference is 123456.", id="six-digits-that-are-no-secret"),
    pytest.param("4242 4242 4242 4243", id="fails-luhn"),
    pytest.param("424242424242", id="twelve-digits"),
    pytest.param("Grüße, ça va, ¿qué tal? 😀 naïve – “quoted”…", id="letters"),
    pytest.param("1 < 2 && 3 > 2; a\tb\nc", id="signs"),
    pytest.param("The ratio is 3/4 // roughly", id="slashes"),
    pytest.param("[1] first (x)", id="brackets"),
]


@pytest.mark.parametrize("text", STAYS)
def test_harmless_text_stays_as_it_is(text: str) -> None:
    assert clean(text, link_hosts=HOSTS, secrets=(CANARY,)).text == text
    assert clean(text, link_hosts=HOSTS, secrets=(CANARY,)).removed == ()


@pytest.mark.parametrize(
    "link",
    [
        pytest.param("https://evil.example.net/x", id="other-host"),
        pytest.param("http://help.example.com/x", id="not-https"),
        pytest.param("https://help.example.com.evil.net", id="our-host-as-prefix"),
        pytest.param("https://evilhelp.example.com", id="our-host-as-suffix"),
        pytest.param("https://help.example.com@evil.net", id="userinfo"),
        pytest.param("https://help.example.com'@evil.net", id="userinfo-after-a-quote"),
        pytest.param("https://help.example.com\\@evil.net", id="backslash"),
        pytest.param("https:\\\\evil.net", id="two-backslashes"),
        pytest.param("https:evil.net/x", id="no-slashes"),
        pytest.param("//evil.net/x", id="protocol-relative"),
        pytest.param("/\\evil.net/x", id="slash-backslash"),
        pytest.param("https://127.0.0.1/x", id="ip"),
        pytest.param("https://2130706433/", id="decimal-ip"),
        pytest.param("https://[::1]/", id="ipv6"),
        pytest.param("10.0.0.1:8080/x", id="bare-ip"),
        pytest.param("https://xn--hlp-bma.example.com/", id="punycode"),
        pytest.param("https://hеlp.example.com/", id="cyrillic-letter"),
        pytest.param("https://help.example.com:8443/", id="other-port"),
        pytest.param("HTTPS://EVIL.NET", id="capitals"),
        pytest.param("www.evil.net", id="www"),
        pytest.param("evil.net/path?d=1", id="bare-with-path"),
        pytest.param("evil.com", id="bare"),
        pytest.param("attacker.example", id="reserved-name"),
        pytest.param("evil。com", id="ideographic-dot"),
        pytest.param("ftp://help.example.com/x", id="ftp"),
        pytest.param("javascript:alert(1)", id="javascript"),
        pytest.param("java\tscript:alert(1)", id="javascript-with-a-tab"),
        pytest.param("&#106;avascript:alert(1)", id="javascript-as-entities"),
        pytest.param("https&colon;//evil.net", id="colon-as-entity"),
        pytest.param("ht\u200btps://evil.net", id="zero-width-inside"),
        pytest.param("data:text/html;base64,PHNjcmlwdD4=", id="data"),
        pytest.param("mailto:eve@evil.net", id="mailto"),
    ],
)
def test_link_to_anywhere_else_is_removed(link: str) -> None:
    for text in (
        f"Go to {link} now",
        f"[click]({link})",
        f"<a href={link}>x</a>",
        f"<{link}>",
        f"[r]: {link}",
    ):
        result = clean(text, link_hosts=HOSTS, secrets=())
        assert "link" in result.removed, text
        assert "evil" not in result.text
        assert "script:" not in result.text
        assert "link removed" in result.text


def test_good_link_beside_a_bad_one_survives_alone() -> None:
    text = "[https://help.example.com/](https://evil.net/x)"
    assert out(text) == "[https://help.example.com/]([link removed])"


@pytest.mark.parametrize(
    "markup",
    [
        "![a](https://help.example.com/x.png)",
        "![a](https://evil.net/?d=secret)",
        "![a][ref]",
        "<img src=x onerror=alert(1)>",
        "<IMG SRC='https://evil.net'>",
        "< img src=x>",
        "<iframe src=//evil.net>",
        "<svg/onload=alert(1)>",
        "<script>",
        "<img src=x",
    ],
)
def test_markup_that_fetches_is_removed(markup: str) -> None:
    result = clean(f"a {markup} b", link_hosts=HOSTS, secrets=())
    assert "image" in result.removed
    assert "evil" not in result.text
    assert "onerror" not in result.text


@pytest.mark.parametrize(
    ("written", "left"),
    [
        pytest.param("4242424242424242", "•••• 4242", id="plain"),
        pytest.param(CARD, "•••• 4242", id="spaces"),
        pytest.param("4242-4242-4242-4242", "•••• 4242", id="dashes"),
        pytest.param("4242.4242/4242_4242", "•••• 4242", id="mixed-but-even"),
        pytest.param("3782 822463 10005", "•••• 0005", id="amex"),
        pytest.param("6011 1111 1111 1117", "•••• 1117", id="discover"),
        pytest.param("4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2", "•••• 4242", id="spelled"),
        pytest.param("4222222222222", "•••• 2222", id="thirteen"),
        pytest.param("６０１１１１１１１１１１１１１７", "•••• 1117", id="fullwidth"),
        pytest.param("42424242\u200b42424242", "•••• 4242", id="zero-width"),
        pytest.param("4242\n4242\n4242\n4242", "•••• 4242", id="over-lines"),
        pytest.param("1042 " + CARD + " 1043", "1042 •••• 4242 1043", id="between-other-numbers"),
        pytest.param(f"{CARD} {CARD}", "•••• 4242 •••• 4242", id="two"),
    ],
)
def test_card_number_keeps_its_last_four(written: str, left: str) -> None:
    result = clean(f"Card {written}.", link_hosts=HOSTS, secrets=())
    assert result.text == f"Card {left}."
    assert "card" in result.removed


@pytest.mark.parametrize(
    "written",
    [
        CANARY,
        CANARY.upper(),
        "sk_live_ canaryQ7",
        "sk_live\u200b_canaryQ7",
        "sk&#95;live_canaryQ7",
        base64.b64encode(f"key={CANARY}".encode()).decode(),
        base64.urlsafe_b64encode(CANARY.encode()).decode().rstrip("="),
        CANARY.encode().hex(),
        "".join(f"%{b:02x}" for b in CANARY.encode()),
        "code 482913",
        "code 482-913",
        "code 4 8 2 9 1 3",
        "code ４８２９１３",
        base64.b64encode(CARD.encode()).decode(),
    ],
)
def test_secret_never_leaves_however_it_is_written(written: str) -> None:
    result = clean(f"Here: {written} ok", link_hosts=HOSTS, secrets=(CANARY, "482913"))
    assert result.text in ("Here: [removed] ok", "Here: code [removed] ok")
    assert "secret" in result.removed


def test_listed_code_inside_a_longer_number_is_another_number() -> None:
    assert out("Order 94829131", secrets=("482913",)) == "Order 94829131"


def test_too_short_a_secret_does_not_empty_the_text() -> None:
    assert out("abc", secrets=("", " ", "a")) == "abc"


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\u200b", "\ufeff", "\u2066", "\U000e0041", "\x00", "\x1b", "\xad", "&#8238;"]
)
def test_invisible_characters_are_removed(hidden: str) -> None:
    result = clean(f"pay{hidden}ment", link_hosts=HOSTS, secrets=())
    assert (result.text, result.removed) == ("payment", ("invisible",))


def test_length_is_bounded_at_a_word() -> None:
    assert out("x" * LONGEST) == "x" * LONGEST
    cut = clean("word " * 2000, link_hosts=HOSTS, secrets=())
    assert len(cut.text) <= LONGEST
    assert cut.text.endswith("word …")
    assert cut.removed == ("length",)
    assert len(out("x" * 10_000)) <= LONGEST


PIECES = st.sampled_from(
    [
        "https://",
        "evil.net",
        "help.example.com",
        "/",
        "\\",
        "@",
        "&#106;",
        "&amp;",
        "javascript:",
        "\u200b",
        "[",
        "](",
        ")",
        "!",
        "<img ",
        ">",
        " ",
        "\n",
        "4242 ",
        "424242424242",
        CANARY,
        "data:",
        "text/html,",
        "//",
        "%41",
        "#",
        "'",
        ".",
    ]
)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES | st.text(max_size=5), max_size=14).map("".join))
def test_cleaning_again_changes_nothing_and_leaves_nothing_bad(text: str) -> None:
    once = clean(text, link_hosts=HOSTS, secrets=(CANARY,))
    assert clean(once.text, link_hosts=HOSTS, secrets=(CANARY,)).text == once.text
    assert CANARY not in once.text
    assert "https://evil" not in once.text
    assert "//evil" not in once.text
    assert "javascript:" not in once.text.lower()


@pytest.mark.parametrize(
    "piece", ["4242 ", "a.", "//", "![", "&amp;", "javas", "<img ", "1.1.1.", "%41", "A" * 12 + " "]
)
def test_a_secret_does_not_hide_in_long_hostile_text(piece: str) -> None:
    hostile = piece * (16_000 // len(piece))
    sent = out(f"{CANARY} {hostile} {CANARY}", secrets=(CANARY, "482913"))
    assert CANARY not in sent
    assert len(sent) <= LONGEST
    assert out(sent, secrets=(CANARY, "482913")) == sent


ATTACKS = Path(__file__).resolve().parents[3] / "shared" / "data" / "attacks"


@pytest.mark.skipif(not ATTACKS.exists(), reason="the folder of attack texts is not beside this checkout")
def test_no_link_of_a_real_attack_survives_and_no_harmless_message_changes() -> None:
    for name in ("attacks.jsonl", "domain_attacks.jsonl"):
        for line in (ATTACKS / name).read_text().splitlines():
            once = clean(json.loads(line)["text"], link_hosts=HOSTS, secrets=())
            assert "://" not in once.text
            assert clean(once.text, link_hosts=HOSTS, secrets=()).text == once.text
    for line in (ATTACKS / "benign_lookalikes.jsonl").read_text().splitlines():
        assert out(json.loads(line)["text"]) == json.loads(line)["text"]
