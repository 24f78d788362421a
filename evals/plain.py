"""Results without chance: ids that are new in every run are numbered in the order they appear, so that two runs read alike."""

import re

from evals.grade import Result

# Ours and the sandbox's: a short word, an underscore and twenty letters of our own alphabet.
_ID = re.compile(r"\b([a-z]{1,5}_)[0-9a-km-np-z]{20}\b")


def plain(result: Result) -> Result:
    """The same result with `act_1`, `re_1` … for its ids."""
    numbers: dict[str, str] = {}
    counts: dict[str, int] = {}

    def numbered(found: re.Match[str]) -> str:
        if found[0] not in numbers:
            counts[found[1]] = counts.get(found[1], 0) + 1
            numbers[found[0]] = f"{found[1]}{counts[found[1]]}"
        return numbers[found[0]]

    return Result.model_validate_json(_ID.sub(numbered, result.model_dump_json()))
