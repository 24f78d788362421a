"""The table of faults names tests that exist, and every fault it promises."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Said by other pages, or not built yet, as the table's last line says.
ELSEWHERE = {19, 20, 28, 34, 35}
_ROW = re.compile(r"^\| F(\d+) \|.*\| `(tests/[\w/]+\.py)::(\w+)` \|$", re.MULTILINE)


def rows() -> list[tuple[str, str, str]]:
    return _ROW.findall((ROOT / "docs" / "faults.md").read_text())


def test_every_row_names_a_test_that_exists() -> None:
    lost = [
        f"{file}::{name}"
        for _, file, name in rows()
        if not re.search(rf"^(?:async )?def {name}\(", (ROOT / file).read_text(), flags=re.MULTILINE)
    ]
    assert lost == []


def test_every_row_of_the_table_is_read_and_every_fault_has_one() -> None:
    text = (ROOT / "docs" / "faults.md").read_text()
    assert len(rows()) == len(re.findall(r"^\| F\d", text, flags=re.MULTILINE))
    assert set(range(1, 36)) - ELSEWHERE <= {int(number) for number, _, _ in rows()}
