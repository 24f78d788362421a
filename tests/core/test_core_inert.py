"""Untrusted text is shown as text: in a spreadsheet, in Slack and in Markdown it does nothing."""

import csv
import io

import pytest

from core.inert import LONGEST_CELL, cell, markdown, slack, visible


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        '=HYPERLINK("https://attacker.example","approved")',
        "+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        '"=1',
        "'=1",
        "\u00a0=1",
        "\uff1d1+1",
        "\u200b=1",
    ],
)
def test_no_cell_begins_a_formula(text: str) -> None:
    file = io.StringIO()
    csv.writer(file).writerow([cell(text), "next"])
    [[first, second]] = csv.reader(io.StringIO(file.getvalue()))
    assert second == "next"
    assert first.startswith(("'", "[U+"))


@pytest.mark.parametrize(
    "text", ["Ada Example", "4900", "ada@example.com", "1 - 2 = -1", "a,b", 'say "hi"', ""]
)
def test_an_ordinary_cell_stays_as_it_is(text: str) -> None:
    assert cell(text) == text


@pytest.mark.parametrize(
    ("text", "never"),
    [
        pytest.param("<!channel> pay now", "<!channel>", id="channel"),
        pytest.param("<!here|x>", "<!here", id="here"),
        pytest.param("<@U012AB3CD>", "<@U", id="user"),
        pytest.param("<https://attacker.example|approve>", "<https", id="masked-link"),
        pytest.param("https://attacker.example", "https://", id="bare-link"),
        pytest.param("@channel", "@channel", id="bare-mention"),
        pytest.param("#general", "#general", id="bare-channel"),
        pytest.param("*approved* by _Dana_", "*approved*", id="bold"),
        pytest.param("&lt;!channel&gt;", "&lt;!channel&gt;", id="already-escaped"),
        pytest.param("```x```", "```", id="code"),
        pytest.param("\u202eevorppa", "\u202e", id="bidi"),
    ],
)
def test_slack_text_acts_on_nothing(text: str, never: str) -> None:
    assert never not in slack(text)


def test_slack_text_reads_as_it_was_written() -> None:
    text = "I paid 49.00 < 50 & want it back: order #1042"
    read = slack(text).replace("\u2060", "").replace("&lt;", "<").replace("&amp;", "&")
    assert read == text


@pytest.mark.parametrize("text", ["&" * 9_000, "@" * 9_000, "x" * 9_000])
def test_slack_text_fits_its_block_once_it_is_escaped(text: str) -> None:
    assert len(slack(text)) <= 2_900
    assert slack(text).endswith("\u2026")


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("[x](javascript:alert(1))", r"\[x\]\(javascript:alert\(1\)\)", id="link"),
        pytest.param("<img src=x>", "&lt;img src=x&gt;", id="html"),
        pytest.param("# Title", r"\# Title", id="heading"),
        pytest.param("plain words", "plain words", id="plain"),
    ],
)
def test_markdown_shows_the_text_and_nothing_else(text: str, shown: str) -> None:
    assert markdown(text) == shown


def test_what_hides_is_shown_and_length_is_bounded() -> None:
    assert visible("a\u202eb\u200bc\x07d") == "a[U+202E]b[U+200B]c[U+0007]d"
    assert len(visible("x" * (LONGEST_CELL + 5))) == LONGEST_CELL
    assert visible("two\r\nlines") == "two\nlines"
