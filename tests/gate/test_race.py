"""Refunds of one customer that meet in the same moment, from four processes on one database, stay under the cap."""

from service.commands.race import raced


def test_parallel_refunds_from_four_processes_stay_under_the_cap() -> None:
    found = raced(runs=3, refunds=50, processes=4)
    assert [row["violations"] for row in found["rows"]] == [[], [], []]
    assert [(row["amount"], row["spent"]) for row in found["rows"]] == [
        (19_998, 19_998),
        (9_999, 19_998),
        (4_000, 16_000),
    ]
    assert [sum(row["answers"].values()) for row in found["rows"]] == [50, 50, 50]
    assert found["ok"] == 3
