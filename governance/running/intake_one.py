# SPDX-License-Identifier: Apache-2.0
"""One event as JSON → the fields of an event. The same units as in bulk intake."""

import json
from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal, InvalidOperation
from hashlib import sha256
from typing import Any
from zoneinfo import ZoneInfo

from audit.clock import from_micros, parse_time
from audit.errors import BadInput, NotFound, Problems, Refused
from governance.catalogue import known
from governance.workspace import Workspace
from tagging.rules.tree import SCALE, Kind

_EPOCH_DAY = 719_163
_SIGNED = ("return", "cancel")


def from_json(ws: Workspace, text: str) -> tuple[int, dict[str, Any]]:
    """Return (subject_id, fields) of an event with customer, time, event_type and columns.

    Amounts are decimal numbers or texts; hour and weekday follow from the time in the shop's zone.
    Raises BadInput with every problem, NotFound for a customer who is not known, Refused
    `subject-suppressed` for one who was erased.
    """
    given = _object(text)
    problems = Problems("event")
    with ws.store.read() as connection:
        columns = known(connection).columns
    fields = _fields(ws, given, columns, problems)
    problems.raise_if_any("bad-event", "the event cannot be used")
    customer = str(given["customer"])
    if ws.people.suppressed("customer", [customer]):
        raise Refused(
            "subject-suppressed",
            "the event is about somebody who was erased; nothing of it is kept",
            hint="when they came back and asked for it: tagwarden subject readmit @FILE",
        )
    found = ws.people.find("customer", [customer])
    if customer not in found:
        raise NotFound("subject-unknown", "nobody of that number is known", hint="tagwarden ingest")
    return found[customer], fields


def _object(text: str) -> dict[str, Any]:
    try:
        given = json.loads(text, parse_float=Decimal)
    except ValueError:
        raise BadInput(
            "bad-json", "the event is not JSON", hint='{"customer": …, "time": …}'
        ) from None
    if not isinstance(given, dict):
        raise BadInput("bad-json", "the event is not a JSON object")
    return given


def _fields(
    ws: Workspace, given: dict[str, Any], columns: Mapping[str, Kind], problems: Problems
) -> dict[str, Any]:
    for name in ("customer", "time", "event_type"):
        if not given.get(name):
            problems.add("missing-column", f'"{name}" is missing')
    fields: dict[str, Any] = {}
    for name, value in given.items():
        if name not in ("customer", "time", "key"):
            _field(fields, name, value, columns, problems)
    _time(fields, str(given.get("time", "")), ws.settings.text("workspace.zone"), problems)
    if fields.get("event_type") in _SIGNED:
        fields |= {name: -abs(fields[name]) for name in ("amount", "quantity") if name in fields}
    if "key" in given:
        fields["dedup"] = _key_number(str(given["key"]))
    return fields


def _field(
    fields: dict[str, Any],
    name: str,
    value: Any,
    columns: Mapping[str, Kind],
    problems: Problems,
) -> None:
    if name not in columns:
        problems.add("unknown-column", f'events have no column "{name}"')
        return
    try:
        fields[name] = _number(value) if columns[name] == "dec" else _plain(value, columns[name])
    except (InvalidOperation, ValueError):
        problems.add("bad-number", f'"{name}" is not a number')


def _time(fields: dict[str, Any], text: str, zone: str, problems: Problems) -> None:
    """Set ts, and hour and weekday on the shop's clock."""
    try:
        fields["ts"] = parse_time(text)
    except ValueError:
        problems.add("bad-time", '"time" is not an ISO 8601 time', hint="2018-01-02T09:00:00Z")
        return
    local = from_micros(fields["ts"]).astimezone(ZoneInfo(zone))
    fields |= {"hour": local.hour, "weekday": local.isoweekday()}
    day = local.date().toordinal() - _EPOCH_DAY  # as in bulk intake: a day without sessions is one
    fields.setdefault("session", str(day))


def _number(value: Any) -> int:
    scaled = Decimal(str(value)) * SCALE
    return int(scaled.to_integral_value(rounding=ROUND_HALF_EVEN))


def _plain(value: Any, kind: Kind) -> Any:
    if value is None:
        return None
    return int(str(value)) if kind == "int" else str(value)


def _key_number(key: str) -> int:
    return int.from_bytes(sha256(key.encode()).digest()[:8], "big", signed=True)
