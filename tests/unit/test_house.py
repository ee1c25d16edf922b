# SPDX-License-Identifier: Apache-2.0
"""The house keeps its own rules: sizes, imports, words, docs. Each was seen to fail once."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("governance", "tagging", "policies", "audit")
MAX_LINES = 400
MAX_FUNCTION = 50
HEAVY = {
    "sqlmodel", "sqlalchemy", "alembic", "duckdb", "pyarrow", "numpy", "pandas", "sqlglot",
    "pydantic", "cryptography", "yaml", "sklearn", "fairlearn", "diffprivlib", "interpret", "rich.table",
    "holidays", "chinese_calendar", "opendp", "dp_accounting", "scipy",
}  # fmt: skip


def sources() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def test_no_file_has_more_than_400_lines():
    long = {
        str(path.relative_to(ROOT)): count
        for path in sources()
        if (count := len(path.read_text("utf-8").splitlines())) > MAX_LINES
    }
    assert long == {}


def test_no_function_has_more_than_50_lines():
    long = []
    for path in sources():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.body[0].lineno + 1  # without the signature
                if lines > MAX_FUNCTION:
                    long.append(f"{path.relative_to(ROOT)}:{node.name} {lines}")
    assert long == []


def test_every_file_names_its_licence_and_says_what_it_is():
    for path in sources():
        text = path.read_text("utf-8")
        assert text.startswith("# SPDX-License-Identifier: Apache-2.0\n"), path
        assert ast.get_docstring(ast.parse(text)), path


def test_the_person_is_a_subject_never_a_user():
    for path in sources():
        code = re.sub(r'"""[\s\S]*?"""|"[^"\n]*"|#.*', "", path.read_text("utf-8"))
        assert not re.search(r"\busers?\b|\buser_", code), path


def test_the_migrations_folder_is_not_a_package():
    assert not (ROOT / "alembic" / "__init__.py").exists()


def test_no_module_is_a_drawer_for_anything():
    drawers = {"utils", "helpers", "common", "misc", "manager", "base"}
    assert {path.stem for path in sources()} & drawers == set()


def test_help_loads_nothing_heavy():
    script = (
        "import sys; sys.argv=['tagwarden','--help']\n"
        "from governance.cli.app import app\n"
        "try: app()\nexcept SystemExit: pass\n"
        "print(*sorted(sys.modules), file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert "Commands" in done.stdout
    assert HEAVY & set(done.stderr.split()) == set()


def test_only_the_clock_reads_the_time():
    for path in sources():
        if path.name == "clock.py":
            continue
        text = path.read_text("utf-8")
        assert not re.search(r"datetime\.now\(|utcnow\(|time\.time\(", text), path


def test_broad_handlers_stand_only_at_the_outer_edge():
    allowed = {"governance/cli/app.py"}
    broad = {
        str(path.relative_to(ROOT))
        for path in sources()
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and not isinstance(node.body[-1], ast.Raise)  # tidies up and passes it on
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))
        )
    }
    assert broad <= allowed


def fault_codes() -> dict[str, str]:
    """Every code that a fault or a problem of ours carries, with one place where it stands."""
    codes: dict[str, str] = {}
    calls = re.compile(
        r'(?:Fault|Finding|BadInput|Refused|NotFound|Conflict|Tampered|Unsafe|Problem|\.add|note)\(\s*"([a-z0-9]+(?:-[a-z0-9]+)+)"'
    )
    for path in sources():
        for code in calls.findall(path.read_text("utf-8")):
            codes.setdefault(code, str(path.relative_to(ROOT)))
    return codes


def test_every_fault_code_is_described():
    page = (ROOT / "docs" / "reference" / "errors.md").read_text("utf-8")
    missing = {code: place for code, place in fault_codes().items() if f"`{code}`" not in page}
    assert missing == {}


def test_the_project_speaks_only_of_itself():
    words = re.compile(r"\b(pypi\.org|github\.com|/work/|/root/|/tmp/tw)\b")
    for path in [
        *sources(),
        *ROOT.glob("*.md"),
        *(ROOT / "docs").rglob("*.md"),
        *(ROOT / "examples").rglob("*"),
    ]:
        if path.is_file():
            assert not words.search(path.read_text("utf-8")), path


@pytest.mark.parametrize(
    "name", ["README.md", "README.zh.md", "CHANGELOG.md", "LICENSE", "SECURITY.md"]
)
def test_the_papers_of_the_house_are_there(name):
    assert len((ROOT / name).read_text("utf-8")) > 300
