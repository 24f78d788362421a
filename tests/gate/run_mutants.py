"""Switches each check off in a copy of the tree, runs the tests, and writes docs/gate-mutants.md; `make mutants`."""

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import Queue

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "gate"))
from mutants import MUTANTS, Mutant  # noqa: E402

COPIED = ("agent", "approvals", "core", "evals", "insights", "policies", "service", "store", "tools", "tests")
REPORT = ROOT / "docs" / "gate-mutants.md"
_RED = re.compile(r"^(?:FAILED|ERROR) (.+?)(?: - |$)", re.MULTILINE)
LONGEST = 400
GREEN = "**nobody noticed**"


@dataclass(frozen=True)
class Result:
    """The first test that turned red, or None for a mutant that nobody noticed."""

    mutant: Mutant
    red: str | None
    seconds: float


def main() -> int:
    """Exit code 0 when every mutant turned a test red."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("names", nargs="*", help="only these mutants; the report keeps its other rows")
    asked.add_argument("--at-once", type=int, default=2)
    told = asked.parse_args()
    chosen = [m for m in MUTANTS if not told.names or m.name in told.names]
    misfits = [wrong for m in chosen if (wrong := _misfit(m))]
    if misfits or not chosen:
        print("\n".join(misfits) or "no such mutant")
        return 2
    known = _known_rows()
    results = _run(chosen, told.at_once, {name: _red_of(row) for name, row in known.items()})
    rows = {} if not told.names else known
    rows |= {r.mutant.name: _row(r) for r in results}
    REPORT.write_text(_report([rows[m.name] for m in MUTANTS if m.name in rows]))
    green = [r.mutant.name for r in results if r.red is None]
    print(
        f"{len(results) - len(green)} of {len(results)} red"
        + (f"; not noticed: {', '.join(green)}" if green else "")
    )
    return 1 if green else 0


def _misfit(mutant: Mutant) -> str | None:
    """A mutant whose text is not there (exactly once) would prove nothing."""
    for file, old, _ in mutant.edits:
        found = (ROOT / file).read_text().count(old)
        if found != 1:
            return f"{mutant.name}: found {found} times in {file}: {old!r}"
    return None


def _run(chosen: list[Mutant], at_once: int, before: dict[str, str | None]) -> list[Result]:
    trees: Queue[Path] = Queue()
    with tempfile.TemporaryDirectory(prefix="remit-mutants-") as folder:
        for n in range(at_once):
            trees.put(_copy(Path(folder) / str(n)))
        if red := _first_red(trees.queue[0], tuple(dict.fromkeys(m.aim for m in chosen))):
            raise SystemExit(f"{red} is red without any mutant: nothing can be learned")

        def one(mutant: Mutant) -> Result:
            tree = trees.get()
            try:
                result = _try(mutant, tree, before.get(mutant.name))
                print(
                    f"{'red  ' if result.red else 'GREEN'} {mutant.name}: {result.red or 'not noticed'}",
                    flush=True,
                )
                return result
            finally:
                trees.put(tree)

        with ThreadPoolExecutor(at_once) as pool:
            return list(pool.map(one, chosen))


def _copy(tree: Path) -> Path:
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in COPIED:
        shutil.copytree(ROOT / name, tree / name, ignore=ignored)
    shutil.copy2(ROOT / "pyproject.toml", tree)
    return tree


def _try(mutant: Mutant, tree: Path, noticed_before: str | None) -> Result:
    before = {file: (tree / file).read_text() for file, _, _ in mutant.edits}
    began = time.perf_counter()
    try:
        for file, old, new in mutant.edits:
            text = (tree / file).read_text()
            (tree / file).write_text(text.replace(old, new))
        # The test that noticed last time most likely does again; all of them are run only if it does not.
        red = _first_red(tree, (noticed_before,)) if noticed_before in _tests(tree, mutant) else None
        red = red or _first_red(tree, (mutant.aim,))
        return Result(mutant, red, time.perf_counter() - began)
    finally:
        for file, text in before.items():
            (tree / file).write_text(text)


def _first_red(tree: Path, where: tuple[str, ...]) -> str | None:
    command = [sys.executable, "-P", "-m", "pytest", "-x", "-q", "-p", "no:xdist", "--tb=no"]
    command += ["-m", "not browser and not corpus", *where]
    environment = {"PYTHONPATH": str(tree), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}
    ran = subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, timeout=LONGEST, check=False
    )
    if ran.returncode == 0:
        return None
    found = _RED.search(ran.stdout)
    if ran.returncode != 1 or found is None:
        # No test ran: a mutant that does not even import, or a name that is gone, must not pass for noticed.
        said = f"{ran.stdout.strip()[-400:]} {ran.stderr.strip()[-400:]}"
        raise SystemExit(f"{' '.join(where)}: nothing could be tried (exit {ran.returncode}): {said}")
    return found[1]


def _row(result: Result) -> str:
    files = ", ".join(sorted({file for file, _, _ in result.mutant.edits}))
    red = f"`{result.red}`" if result.red else GREEN
    return f"| {result.mutant.name} | {result.mutant.off} | {files} | {red} | {result.seconds:.0f} |"


def _tests(tree: Path, mutant: Mutant) -> set[str]:
    """The tests aimed at, by their ids up to the parameters; one that is gone must not pass for red."""
    names = re.findall(r"^(?:async )?def (test_\w+)", (tree / mutant.aim).read_text(), re.MULTILINE)
    return {f"{mutant.aim}::{name}" for name in names}


def _red_of(row: str) -> str | None:
    """The test a row of the report names, without its parameters, so that it is found however they are called now."""
    found = re.search(r"\| `([^`\[]+)", row)
    return found[1] if found else None


def _known_rows() -> dict[str, str]:
    """The rows of the report as it is, by mutant."""
    lines = REPORT.read_text().splitlines() if REPORT.exists() else []
    return {found[1]: line for line in lines if (found := re.match(r"\| ([a-z-]+) \| .*\| \d+ \|$", line))}


def _report(rows: list[str]) -> str:
    red = sum(GREEN not in row for row in rows)
    return (
        "# Checks of the gate, each switched off\n\n"
        "Generated by `make mutants`: each row is one check (or a named pair that mask each other) removed from a "
        "copy of the source, and the first test that turned red. A check that nobody misses is not a check.\n\n"
        f"{red} of {len(rows)} turned a test red.\n\n"
        "| mutant | what is switched off | file | turned red | seconds |\n| --- | --- | --- | --- | --- |\n"
        + "".join(f"{row}\n" for row in rows)
    )


if __name__ == "__main__":
    sys.exit(main())
