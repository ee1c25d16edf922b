# SPDX-License-Identifier: Apache-2.0
"""Settings of a workspace: defaults < `tagwarden.toml` < `TAGWARDEN_…`; each knows its origin."""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from audit.errors import BadInput, Problems
from policies.document import nearest

FILE = "tagwarden.toml"

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting: its default, and what it means in one sentence."""

    default: Value
    meaning: str
    secret: bool = False


KNOWN: dict[str, Setting] = {
    "workspace.id": Setting("", "random name of this workspace, made by init; never change it"),
    "workspace.name": Setting("", "what people call this shop"),
    "workspace.language": Setting("en", "language of what is printed: en or zh"),
    "workspace.regime": Setting(
        "gdpr", "regime of a person whose own is not known: gdpr, pipl_cn, ccpa"
    ),
    "workspace.zone": Setting("UTC", "time zone of the shop's calendar"),
    "clock.fixed": Setting(
        "", "an instant at which the clock stands still; for demonstrations only"
    ),
    "store.url": Setting("", "database URL of the control store; empty: data/control.db"),
    "keys.ring": Setting("", "path of the key ring; empty: outside the workspace, per user"),
    "keys.level": Setting(
        "file", "what the key ring is sealed with: file, passphrase, keyring, pkcs11"
    ),
    "keys.passphrase_from": Setting(
        "",
        "where its passphrase or PIN is read: fd:N or a file; empty: a terminal. Not the passphrase!",
    ),
    "keys.pkcs11_module": Setting("", "for pkcs11: path of the module of the token, an .so file"),
    "keys.pkcs11_token": Setting("", "for pkcs11: label of the token"),
    "keys.backup_days": Setting(7, "how old a backup of the keys may become"),
    "keys.rotate_days": Setting(
        30, "how old the key of an epoch may become before keys are rotated"
    ),
    "evidence.anchors": Setting(
        "",
        "where checkpoints of the evidence log go: file:FOLDER, rfc3161:URL, separated by commas",
    ),
    "requests.calendar": Setting(
        "",
        "whose days off count for deadlines: DE, FR, …, US-CA-state; empty: none or the federal ones",
    ),
    "requests.keep_months": Setting(
        36, "how long an ended request is kept; in California it is at least 24 months"
    ),
    "identity.max_per_hour": Setting(
        100, "how many proofs of identity may be asked for in one hour, over all people"
    ),
    "identity.key_attribute": Setting(
        "",
        "attribute that holds the public key (ed25519:…) with which a person signs mandates; or empty",
    ),
    "delivery.command": Setting(
        "",
        "program that sends a message to a person: the message is JSON on its standard input",
    ),
    "delivery.folder": Setting(
        "", "folder outside the workspace where messages are written as .eml, without a program"
    ),
    "delivery.link": Setting(
        "",
        "page that takes links from messages; the request and the secret follow after #; empty: none",
    ),
    "delivery.seconds": Setting(30, "how long the program that sends may take for one message"),
    "consent.ask_again_days": Setting(
        180, "days after a refusal in which nobody is asked again; in California it is 12 months"
    ),
    "lake.buckets": Setting(16, "number of buckets of the event lake; fixed once events are in"),
    "gate.mode": Setting(
        "strict", "strict: nothing is computed without a basis; mask: cut afterwards"
    ),
    "intake.max_bad_share": Setting(
        0.05, "a file with a larger share of unreadable rows is refused"
    ),
    "policy.role": Setting(
        "", "what the shop is in EU law: own_shop or online_platform (a marketplace)"
    ),
    "plan.max_lost_share": Setting(
        0.3, "a change that loses a larger share of a tag's people needs a reason"
    ),
    "plan.max_gained_share": Setting(
        0.3, "a change that gains a larger share of a tag's people needs a reason"
    ),
    "erasure.preview_hours": Setting(24, "how old a preview may be from which an erasure begins"),
    "erasure.grace_hours": Setting(
        72, "hours in which an erasure can be cancelled; until then nothing of the person is used"
    ),
    "erasure.max_per_hour": Setting(
        100,
        "how many deletions of people may be granted in an hour, by all officers together",
    ),
    "erasure.proof_years": Setting(
        3, "years for which consents and choices of erased people are kept as proof"
    ),
    "holds.longest_days": Setting(1095, "how many days ahead the last day of a legal hold may lie"),
    "retention.events_days": Setting(
        0, "days for which events are kept; 0: as long as the purposes that use them say"
    ),
    "retention.transactions_years": Setting(
        0, "years for which tax law keeps transactions even of erased people; 0: none"
    ),
    "retention.attributes_days": Setting(
        30, "days after which attributes of people whom no purpose permits are deleted; 0: never"
    ),
    "retention.people_days": Setting(
        0, "days without event, consent or choice after which people are erased; 0: never"
    ),
    "retention.quarantine_days": Setting(30, "days for which rows that could not be read are kept"),
    "audits.bias_days": Setting(
        365,
        "days after which an audit of prices is too old, and one of a tag that is good or bad for people "
        "and of which the fairness policy in force says nothing",
    ),
    "controller.name": Setting("", "name of the controller, for the record of processing"),
    "controller.contact": Setting("", "contact of the controller, for the record"),
    "controller.joint": Setting("", "joint controller with contact; none where there is none"),
    "controller.representative": Setting(
        "", "representative in the Union; none where there is none"
    ),
    "controller.dpo": Setting(
        "", "data protection officer, or officer under PIPL Art. 52; or none"
    ),
    "controller.recipients": Setting(
        "", "names, contacts, purposes and methods of recipients, for the record"
    ),
    "controller.transfers": Setting(
        "", "countries of recipients abroad, and the safeguards, for the record"
    ),
    "controller.measures": Setting(
        "", "organisational and other measures beyond the product, for the record"
    ),
    "engine.memory": Setting("2GB", "memory limit of the compute engine"),
    "engine.threads": Setting(0, "threads of the compute engine; 0: as many as there are cores"),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings in force, and where each came from: default, file or environment."""

    values: Mapping[str, Value]
    origins: Mapping[str, str]

    def text(self, key: str) -> str:
        """Return a setting as text."""
        return str(self.values[key])

    def number(self, key: str) -> int:
        """Return a setting as an integer."""
        return int(self.values[key])

    def share(self, key: str) -> float:
        """Return a setting as a share between 0 and 1."""
        return float(self.values[key])


def load(folder: Path, environment: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of a workspace folder; raises BadInput with every problem of the file."""
    problems = Problems(FILE)
    values: dict[str, Value] = {key: setting.default for key, setting in KNOWN.items()}
    origins = dict.fromkeys(values, "default")
    for key, value in _from_file(folder / FILE, problems).items():
        if key not in KNOWN:
            problems.add("unknown-setting", f'"{key}" is not a setting', hint=nearest(key, KNOWN))
        elif (typed := _typed(key, value)) is None:
            wanted = type(KNOWN[key].default).__name__
            problems.add("bad-setting", f'"{key}" must be of type {wanted}')
        else:
            values[key], origins[key] = typed, "file"
    for key in KNOWN:
        name = "TAGWARDEN_" + key.upper().replace(".", "_")
        given = (os.environ if environment is None else environment).get(name)
        if given is not None:
            typed = _typed(key, given)
            if typed is None:
                problems.add("bad-setting", f"{name} has the wrong type")
            else:
                values[key], origins[key] = typed, "environment"
    _check(values, problems)
    problems.raise_if_any("bad-settings", f"{FILE} has settings that cannot be used")
    return Settings(values, origins)


def render(values: Mapping[str, Value]) -> str:
    """Return the text of a settings file, every setting with its meaning, defaults commented out."""
    lines = ["# Settings of this workspace. `tagwarden config show` prints those in force."]
    section = ""
    for key, setting in KNOWN.items():
        head, _, tail = key.partition(".")
        if head != section:
            section = head
            lines += ["", f"[{head}]"]
        lines.append(f"# {setting.meaning}")
        value = values.get(key, setting.default)
        lines.append(f"{'' if key in values else '# '}{tail} = {_toml(value)}")
    return "\n".join(lines) + "\n"


def _from_file(path: Path, problems: Problems) -> dict[str, object]:
    try:
        tree = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        problems.add("settings-syntax", f"not TOML: {error}")
        return {}
    except OSError as error:
        raise BadInput("file-unreadable", f"{FILE} cannot be read: {error.strerror}") from None
    flat: dict[str, object] = {}
    for section, items in tree.items():
        if isinstance(items, dict):
            flat |= {f"{section}.{key}": value for key, value in items.items()}
        else:
            flat[section] = items
    return flat


def _typed(key: str, value: object) -> Value | None:
    default = KNOWN[key].default
    try:
        if isinstance(default, int) and not isinstance(value, float | bool):
            return int(str(value))
        if isinstance(default, float) and not isinstance(value, bool):
            return float(str(value))
    except ValueError:
        return None
    return value if isinstance(default, str) and isinstance(value, str) else None


_LEAST: Final = {
    "audits.bias_days": 1,
    "delivery.seconds": 1,
    "erasure.grace_hours": 0,
    "erasure.max_per_hour": 1,
    "erasure.preview_hours": 1,
    "erasure.proof_years": 1,
    "holds.longest_days": 1,
    "identity.max_per_hour": 1,
    "keys.backup_days": 1,
    "keys.rotate_days": 1,
    "requests.keep_months": 24,
    "retention.attributes_days": 0,
    "retention.events_days": 0,
    "retention.people_days": 0,
    "retention.quarantine_days": 0,
    "retention.transactions_years": 0,
}
"""The least that a number may be."""


def _check(values: Mapping[str, Value], problems: Problems) -> None:
    allowed = {
        "workspace.language": ("en", "zh"),
        "workspace.regime": ("gdpr", "pipl_cn", "ccpa"),
        "keys.level": ("file", "passphrase", "keyring", "pkcs11"),
        "gate.mode": ("strict", "mask"),
        "policy.role": ("", "own_shop", "online_platform"),
    }
    for key, choices in allowed.items():
        if values[key] not in choices:
            problems.add("bad-setting", f'"{key}" must be one of {", ".join(choices)}')
    if not 1 <= int(values["lake.buckets"]) <= 1024:
        problems.add("bad-setting", '"lake.buckets" must be between 1 and 1024')
    for key, least in _LEAST.items():
        if int(values[key]) < least:
            problems.add("bad-setting", f'"{key}" must be at least {least}')
    if not 0 <= float(values["intake.max_bad_share"]) <= 1:
        problems.add("bad-setting", '"intake.max_bad_share" must be between 0 and 1')


def _toml(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return str(value)
