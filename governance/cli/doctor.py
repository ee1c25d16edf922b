# SPDX-License-Identifier: Apache-2.0
"""`tagwarden doctor`: what is wrong with a workspace, and what to type."""

from collections.abc import Iterator

import typer

from governance.cli.out import Json, Where, emit, table, workspace

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def doctor(where: Where = None, as_json: Json = False) -> None:
    """Say what is wrong, and what to type; changes nothing.

    Ends with exit code 1 when a check is bad.

    Example: tagwarden doctor
    """
    from dataclasses import asdict

    from governance.doctor import examine

    checks = examine(workspace(where))
    bad = sum(check.result == "bad" for check in checks)
    warned = sum(check.result == "warn" for check in checks)

    def text() -> Iterator[str]:
        rows = [(check.result, check.code, check.what) for check in checks]
        yield from table(("", "check", "found"), rows)
        for check in checks:
            if check.result != "ok" and check.hint:
                yield f"{check.code}: {check.hint}"
        yield f"{bad} bad, {warned} to look at, {len(checks) - bad - warned} in order"

    emit({"checks": [asdict(check) for check in checks], "bad": bad}, as_json, text)
    if bad:
        raise typer.Exit(1)
