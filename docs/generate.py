# SPDX-License-Identifier: Apache-2.0
"""Writes the reference pages from the program itself: `python docs/generate.py [--check]`.

docs/reference/errors.md     every code, what it says, the way out, the exit status
docs/reference/commands.md   `--help` of every command
docs/reference/settings.md   every setting, its default and meaning
docs/reference/lints.md      every lint: what it finds, why, how to mend it, two examples
docs/reference/obligations.md  what the law asks, what covers it, which tests show it
policies/library/tested.json   the tests of each obligation, which compliance audits name
"""

import ast
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
os.environ.update(COLUMNS="100", NO_COLOR="1", TERM="dumb")

from audit import errors  # noqa: E402
from governance.intake.report import MEANINGS  # noqa: E402
from governance.settings import KNOWN  # noqa: E402

if TYPE_CHECKING:
    from policies.obligations import Obligation

PAGES = ROOT / "docs" / "reference"
TESTED = ROOT / "policies" / "library" / "tested.json"
PACKAGES = ("governance", "tagging", "policies", "audit")
CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)+")
FAULTS = ("Fault", "Finding", "BadInput", "Refused", "NotFound", "Conflict", "Tampered", "Unsafe")


def text_of(node: ast.expr | None) -> str:
    """Return the text of a literal or an f-string, with `…` for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(text_of(part) or "…" for part in node.values)
    if isinstance(node, ast.BinOp):
        return (text_of(node.left) or "…") + (text_of(node.right) or "…")
    if isinstance(node, ast.BoolOp):
        return next((text for part in node.values if (text := text_of(part))), "")
    return ""


def calls() -> Iterator[tuple[str, str, str, str]]:
    """Yield (code, class or 'problem', message, hint) of each place that reports one."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Call):
                    yield from reported(node)


def reported(call: ast.Call) -> Iterator[tuple[str, str, str, str]]:
    """Yield what a call reports, when it makes a fault or notes a problem."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name not in (*FAULTS, "Problem", "add", "note", "Check") or not call.args:
        return
    if name == "add" and not ast.unparse(call.func).endswith(
        ("problems.add", "found.add", "result.add", "self.add", "walk.add")
    ):
        return
    given = {word.arg: word.value for word in call.keywords}
    message = text_of(call.args[1] if len(call.args) > 1 else given.get("message")) or "…"
    hint = text_of(given.get("hint"))
    if not hint and len(call.args) > 3:
        hint = text_of(call.args[3])
    first = call.args[0]
    for part in (first.body, first.orelse) if isinstance(first, ast.IfExp) else (first,):
        code = text_of(part)
        if CODE.fullmatch(code):
            yield code, name if name in FAULTS else "problem", message, hint


def errors_page() -> str:
    """Return the page of all codes."""
    found: dict[str, dict[str, list[str]]] = {}
    for code, kind, message, hint in calls():
        entry = found.setdefault(code, {"kinds": [], "messages": [], "hints": []})
        for key, value in (("kinds", kind), ("messages", message), ("hints", hint)):
            if value and value not in entry[key]:
                entry[key].append(value)
    lines = [
        "# Errors",
        "",
        "Every refusal carries a stable code. With `--json` the same code stands in `error.code`, and each",
        "problem of a document in `error.problems`. Codes are never reused. The exit status follows the class:",
        "1 finding, 2 bad input, 3 refused, 4 not found, 5 conflict, 6 tampered, 7 unsafe, 70 bug, 130 interrupted.",
        "`…` stands for what is filled in; it is never a person's data.",
        "",
    ]
    for code, entry in sorted(found.items()):
        exits = sorted(
            {getattr(errors, kind).exit_code for kind in entry["kinds"] if kind in FAULTS}
        )
        status = f"exit {', '.join(map(str, exits))}" if exits else "a problem of a document"
        lines += [f"### `{code}`", "", f"{status[:1].upper()}{status[1:]}."]
        lines += [f"- {message}" for message in entry["messages"]]
        lines += [f"- way out: `{hint}`" for hint in entry["hints"]]
        lines.append("")
    lines += [
        "## Rows of a file",
        "",
        "Reasons for which intake leaves a row out, or finds it odd.",
        "",
    ]
    lines += [f"- `{code}`: {meaning}" for code, meaning in sorted(MEANINGS.items())]
    return "\n".join(lines).rstrip() + "\n"


def commands_page() -> str:
    """Return the page of all commands."""
    from typer.testing import CliRunner

    from governance.cli.app import COMMANDS, NOUNS, app

    runner = CliRunner()
    lines = ["# Commands", "", "Every command has `--json` and `--help`.", ""]
    for name in sorted([*NOUNS, *COMMANDS]):
        for path in subcommands(name):
            shown = runner.invoke(app, [*path, "--help"], prog_name="tagwarden").output
            lines += [f"## tagwarden {' '.join(path)}", "", "```text", shown.strip(), "```", ""]
    return "\n".join(lines).rstrip() + "\n"


def subcommands(name: str) -> list[list[str]]:
    """Return the full names of a noun's commands, or of the command itself."""
    import importlib

    import typer

    command = typer.main.get_command(importlib.import_module(f"governance.cli.{name}").app)

    def walk(node: object, path: list[str]) -> Iterator[list[str]]:
        inner = getattr(node, "commands", None)
        if not inner:
            yield path
            return
        for key, child in sorted(inner.items()):
            yield from walk(child, [*path, key])

    return list(walk(command, [name]))


def settings_page() -> str:
    """Return the page of all settings."""
    lines = [
        "# Settings",
        "",
        "In `tagwarden.toml` of the workspace, or as environment variables `TAGWARDEN_…`, which win.",
        "`tagwarden config show` prints each value in force and where it comes from.",
        "",
        "| setting | default | meaning |",
        "|---|---|---|",
    ]
    lines += [
        f"| `{key}` | `{setting.default}` | {setting.meaning} |" for key, setting in KNOWN.items()
    ]
    return "\n".join(lines) + "\n"


def obligations_page() -> str:
    """Return the page of all obligations, each with what covers it and its tests."""
    from policies.obligations import counts, obligations, register
    from policies.vocabulary import Regime, label
    from tests.law import links

    tests = links(obligations())
    counted = counts(obligations())
    summary = (
        f"{counted['done']} of {len(obligations())} rows are covered, {counted['partly']} in part; "
        f"**{counted['open']} are open**: nothing in the product covers them yet."
    )
    lines = [
        "# Obligations",
        "",
        "What the law asks of whoever tags people, row by row, and what of it the product covers. Not legal",
        f"advice; the law as of {register().as_of}. A row marked † is from knowledge and waits for a lawyer's eye.",
        "",
        "*How*: decided by the engine (ids of the policy pack, reasons of the gate), shown by evidence (acts of the",
        "log, fields of documents), done by people (commands), a deadline (ids of the deadline rules). *Tests*: how",
        "many, and where; of a case file, the cases that exercise one of the rules; of an open deadline, only its date",
        "is tested. A row that is covered, or covered in part, without a test fails the build. The same list:",
        "`tagwarden policy obligations`.",
        "",
        summary,
        "",
    ]
    for regime in Regime:
        rows = obligations(regime)
        counted = counts(rows)
        lines += [
            f"## {label('regime', regime)}",
            "",
            f"{counted['done']} covered, {counted['partly']} in part, {counted['open']} open.",
            "",
            "| id | article | the law asks | how | covered by | state | tests |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [obligation_line(row, tests[row.id]) for row in rows]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"


def obligation_line(row: "Obligation", tests: Mapping[str, int]) -> str:
    """Return one row of the table of obligations."""
    from policies.vocabulary import label

    covered = row.by.get("en", "")
    if row.lacks:
        covered += f"{'; ' if covered else ''}*missing*: {row.lacks['en']}"
    if row.names:
        covered += "<br>" + ", ".join(f"`{name}`" for name in row.names)
    places = [
        f"`{place}`{f' ({count})' if place.startswith('cases/') else ''}"
        for place, count in sorted(tests.items())
    ]
    tested = f"{sum(tests.values())}: {', '.join(places)}" if places else "none"
    if row.state == "open" and places:
        tested = f"none; the date only: {', '.join(places)}"
    cells = (
        row.id + ("" if row.provenance == "verified" else " †"),
        row.article,
        f"{row.when['en']}: {row.must['en']}",
        label("obligation", row.kind),
        covered,
        label("coverage", row.state) if row.state != "open" else "**open**",
        tested,
    )
    return f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |"


def tested_file() -> str:
    """Return the tests of each obligation, as the program carries them: reports name them."""
    from policies.obligations import obligations
    from tests.law import links

    found = {row: sorted(places) for row, places in links(obligations()).items() if places}
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def lints_page() -> str:
    """Return the page of all lints: their manuals, with the examples as YAML."""
    from tagging.lints import registry

    found = list(registry().values())
    lines = [
        "# Lints",
        "",
        "What `tagwarden tag lint` finds besides documents that cannot be read. An error ends with status 1, a warning does not.",
        "`tagwarden tag lint --explain CODE` prints the same; `--only CODE` looks for one. Articles marked † are from knowledge",
        "and wait for a lawyer's eye. The examples are what is different from a tag that has no finding.",
        "",
        "| lint | | finds | 中文 |",
        "|---|---|---|---|",
    ]
    for one in found:
        code, title = one.lint.code, one.title
        lines.append(f"| [`{code}`](#{code}) | {one.lint.severity} | {title.en} | {title.zh} |")
    for one in found:
        mark = " †" if one.lint.provenance == "knowledge" else ""
        cites = f"{'; '.join(one.lint.cites)}{mark}" if one.lint.cites else ""
        lines += ["", f"## `{one.lint.code}`", "", f"{one.title.en}. ({one.lint.severity})"]
        lines += ["", f"{one.title.zh}。", ""] + ([cites, ""] if cites else [])
        lines.append(fenced(one.manual.partition("\n")[2].strip()))
    return "\n".join(lines).rstrip() + "\n"


def fenced(manual: str) -> str:
    """Return a manual with its indented examples as blocks of YAML."""
    return re.sub(
        r"(?:^    .*\n?|^\n(?=    ))+",
        lambda block: "\n```yaml\n" + dedent(block[0]).strip("\n") + "\n```\n",
        manual,
        flags=re.MULTILINE,
    )


def main() -> int:
    """Write the pages, or with --check say which are not what the program says."""
    pages = {
        PAGES / "errors.md": errors_page(),
        PAGES / "commands.md": commands_page(),
        PAGES / "settings.md": settings_page(),
        PAGES / "lints.md": lints_page(),
        PAGES / "obligations.md": obligations_page(),
        TESTED: tested_file(),
    }
    PAGES.mkdir(exist_ok=True)
    stale = [path for path, text in pages.items() if not same(path, text)]
    if "--check" in sys.argv:
        for path in stale:
            name = path.relative_to(ROOT).as_posix()
            sys.stderr.write(f"{name} is stale: python docs/generate.py\n")
        return int(bool(stale))
    for path in stale:
        path.write_text(pages[path], "utf-8")
    return 0


def same(path: Path, text: str) -> bool:
    """Return whether a page says what the program says."""
    return path.is_file() and path.read_text("utf-8") == text


if __name__ == "__main__":
    sys.exit(main())
