"""Where the project's own files lie."""

import importlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CATALOG = ROOT / "policies" / "catalog"
SUITES = ROOT / "evals" / "suites"
PACKAGES = ("agent", "approvals", "core", "evals", "insights", "policies", "service", "store", "tools")


def foreign_packages() -> list[str]:
    """Our package names that resolve outside this checkout; a foreign top-level `tools` would win silently."""
    found = {name: importlib.import_module(name).__file__ for name in PACKAGES}
    return [
        name for name, file in found.items() if file is None or not Path(file).resolve().is_relative_to(ROOT)
    ]
