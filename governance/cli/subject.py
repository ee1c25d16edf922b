# SPDX-License-Identifier: Apache-2.0
"""`tagwarden subject`: look at one person, logged; correct; give people their data."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from governance.cli.out import Json, Lang, Where, emit, note, table, workspace
from governance.cli.who import Who, Whom, language_of, subject_of

if TYPE_CHECKING:
    from governance.correcting import Corrected
    from governance.subject import Profile

Form = Literal["html", "json", "csv-zip"]
_ENDINGS: dict[str, Form] = {".json": "json", ".zip": "csv-zip"}

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Look at one person, correct, give them their data.",
)


@app.command()
def show(
    subject: Who,
    purpose: Annotated[str, typer.Option("--purpose", "-p", help="Purpose of the look.")],
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Show tags, consents and choices of one person.

    Example: tagwarden subject show --subject @number.txt --purpose first_party_recommendation
    """
    from governance.subject import show as look

    ws = workspace(where)
    profile = look(ws, subject_of(ws, subject), purpose)
    language = language_of(ws, lang)
    emit(_data(profile), as_json, lambda: _lines(profile, language))


@app.command()
def regime(
    subject: Who,
    to: Annotated[str, typer.Option("--set", help="Regime: gdpr, pipl_cn or ccpa.")],
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Put one person under another regime.

    Example: tagwarden subject regime --subject @number.txt --set pipl_cn
    """
    from governance.subject import set_regime

    ws = workspace(where)
    ended = set_regime(ws, subject_of(ws, subject), to)
    if ended is None:
        emit({"changed": False, "ended": 0}, as_json, [f"nothing to do: {to} already"])
        return
    emit(
        {"changed": True, "ended": ended},
        as_json,
        [f"under {to} now; {ended} tags ended because {to} does not permit them"],
    )


@app.command()
def readmit(subject: Whom, where: Where = None, as_json: Json = False) -> None:
    """Let somebody come in again who was erased and now asks for it.

    Example: tagwarden subject readmit @number.txt
    """
    from governance.cli.out import read_argument
    from governance.subject import readmit as let_in

    done = let_in(workspace(where), read_argument(subject))
    said = "may be admitted again" if done else "nothing to do: this number is not suppressed"
    emit({"changed": done}, as_json, [said])


@app.command()
def export(
    subject: Whom,
    out: Annotated[Path, typer.Option("--out", help="File to write, outside the workspace.")],
    *,
    form: Annotated[
        Form | None, typer.Option("--format", help="[default: by the ending of --out, or html]")
    ] = None,
    portable: Annotated[
        bool, typer.Option("--portable", help="Without what was inferred, to take along.")
    ] = False,
    encrypt: Annotated[
        bool, typer.Option("--encrypt", help="With a passphrase that is shown once (age).")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that is there.")] = False,
    where: Where = None,
    lang: Lang = None,
    as_json: Json = False,
) -> None:
    """Write everything that is stored about one person to a file for that person.

    Example: tagwarden subject export @number.txt --out ../my-data.html --lang zh
    """
    from governance.access import export as exported

    ws = workspace(where)
    done = exported(
        ws,
        subject_of(ws, subject),
        out,
        form=form or _form_of(out),
        language="zh" if language_of(ws, lang) == "zh" else "en",
        portable=portable,
        force=force,
        encrypt=encrypt,
    )
    if done.passphrase:
        note(f"passphrase, shown once and kept nowhere: {done.passphrase}")
    total = sum(done.counts.values())
    data = {"written": str(out), "bytes": done.size, "records": total, "places": dict(done.counts)}
    lines = [*table(("place", "records"), done.counts.items()), f"{out}: {total} records"]
    emit(data, as_json, lines)


Attribute = Annotated[str, typer.Option("--attribute", "-a", help="Key of an attribute.")]


@app.command()
def correct(
    subject: Whom,
    attribute: Attribute,
    *,
    value: Annotated[
        str | None, typer.Option("--value", help="What is right: - reads stdin, @FILE a file.")
    ] = None,
    delete: Annotated[bool, typer.Option("--delete", help="Delete it, for good.")] = False,
    lift: Annotated[
        bool, typer.Option("--lift", help="Let the next import decide about it again.")
    ] = False,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Correct, complete or delete one attribute of a person; tags that rest on it follow at once.

    Example: tagwarden subject correct @number.txt --attribute city --value @city.txt
    """
    from audit.errors import BadInput
    from governance import correcting
    from governance.cli.out import read_argument

    if (value is not None) + delete + lift != 1:
        raise BadInput("one-of-three", "say one of --value, --delete and --lift")
    ws = workspace(where)
    who = subject_of(ws, subject)
    if value is not None:
        done, verb = correcting.correct(ws, who, attribute, read_argument(value)), "corrected"
    elif delete:
        done, verb = correcting.delete(ws, who, attribute), "deleted"
    else:
        done, verb = correcting.lift(ws, who, attribute), "lifted"
    _emit_corrected(done, f"{verb}: {attribute}", as_json=as_json)


@app.command()
def contest(
    subject: Whom,
    tag: Annotated[str, typer.Option("--tag", "-t", help="Key of a tag.")],
    outcome: Annotated[
        Literal["upheld", "rejected"] | None,
        typer.Option(help="End it: upheld, the tag goes for good; rejected, it comes back."),
    ] = None,
    where: Where = None,
    as_json: Json = False,
) -> None:
    """Take a tag of a person out of use while its accuracy is contested; --outcome settles it.

    Example: tagwarden subject contest @number.txt --tag interest.coffee_drinker
    """
    from governance import correcting

    ws = workspace(where)
    who = subject_of(ws, subject)
    if outcome is None:
        done, said = correcting.contest(ws, who, tag), "out of use until settled"
    else:
        done, said = correcting.settle(ws, who, tag, upheld=outcome == "upheld"), outcome
    _emit_corrected(done, f"{said}: {tag}", as_json=as_json)


def _emit_corrected(done: "Corrected", said: str, *, as_json: bool) -> None:
    tags = [{"key": t.key, "value": t.value, "gained": t.gained} for t in done.tags]
    lines = [said if done.changed else "nothing to do"]
    lines += [f"{'gained' if t.gained else 'lost'} at once: {t.key}" for t in done.tags]
    emit({"changed": done.changed, "tags": tags}, as_json, lines)


def _form_of(out: Path) -> Form:
    """Return the form that an ending names: me.json, me.json.age."""
    plain = out.with_suffix("") if out.suffix == ".age" else out
    return _ENDINGS.get(plain.suffix, "html")


def _data(profile: "Profile") -> dict[str, Any]:
    from audit.clock import iso

    return {
        "regime": profile.regime,
        "age_band": profile.age_band,
        "tags": [
            {
                "key": tag.key,
                "name": tag.name.model_dump(),
                "value": tag.value,
                "since": iso(tag.since),
                "basis": tag.verdict.basis,
                "consent_event": tag.verdict.consent_event_id,
                "cites": list(tag.verdict.cites),
            }
            for tag in profile.tags
        ],
        "withheld": dict(profile.withheld),
        "consents": {
            key: {
                kind: {"state": said.state, "since": iso(said.since), "until": iso(said.expires_at)}
                for kind, said in standing.kinds.items()
            }
            for key, standing in profile.consents.items()
        },
        "choices": [
            {"kind": held.kind, "target": held.target, "since": iso(held.since)}
            for held in profile.choices
        ],
    }


def _lines(profile: "Profile", language: str) -> Iterator[str]:
    from audit.clock import iso
    from policies.vocabulary import label

    band = label("age", profile.age_band, language)
    yield f"{label('regime', profile.regime, language)}; {band}"
    yield ""
    yield from table(
        ("tag", "name", "value", "since", "basis"),
        [
            (
                tag.key,
                tag.name.in_(language),
                tag.value,
                iso(tag.since),
                label("basis", tag.verdict.basis, language),
            )
            for tag in profile.tags
        ],
    )
    for reason, count in sorted(profile.withheld.items()):
        yield f"{count} not shown: {label('reason', reason, language)}"
    said = [
        (
            key,
            label("consent", kind, language),
            label("state", what.state, language),
            iso(what.since),
        )
        for key, standing in profile.consents.items()
        for kind, what in standing.kinds.items()
    ]
    if said:
        yield ""
        yield from table(("purpose", "consent", "state", "since"), said)
    if profile.choices:
        yield ""
        rows = [
            (label("choice", c.kind, language), c.target, iso(c.since)) for c in profile.choices
        ]
        yield from table(("choice", "of", "since"), rows)
