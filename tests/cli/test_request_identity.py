# SPDX-License-Identifier: Apache-2.0
"""`tagwarden request challenge` and kin: secrets come from stdin or a file, and answers tell nothing."""

import json
import re

import pytest
from typer.testing import CliRunner

from audit.clock import iso
from governance.cli.app import app
from tests.knowing import Post, code_in

SECRET = re.compile(r"\b\d{8}\b|ann@")


@pytest.fixture
def post(tmp_path, monkeypatch):
    opened = Post(tmp_path)
    monkeypatch.setenv("TAGWARDEN_CLOCK_FIXED", iso(opened.ws.clock.now()))
    yield opened
    opened.close()


def run(post, *arguments, code=0, stdin=""):
    command = ["request", *map(str, arguments), "-w", str(post.folder)]
    done = CliRunner().invoke(app, command, input=stdin)
    assert done.exit_code == code, (done.output, done.exception)
    assert not SECRET.search(done.output)
    return done


def test_a_request_is_challenged_and_confirmed_on_the_command_line(post, tmp_path):
    ref = post.asks(post.person(email="ann@shop.example", phone="+49 170 1234567"))
    run(post, "challenge", ref)
    code = code_in(post.last())
    told = json.loads(run(post, "confirm", ref, "-", "--json", stdin=f"{code}\n").stdout)
    assert (told["ref"], told["state"], told["known"]) == (ref, "verifying", 1)
    run(post, "challenge", ref, "--to", "phone", "--later")
    assert len(post.sent()) == 1
    assert run(post, "deliver").stdout == "1 sent, 0 nowhere, 0 failed\n"
    file = tmp_path / "code.txt"
    file.write_text(code_in(post.last()), "utf-8")
    assert run(post, "confirm", ref, f"@{file}").stdout == f"{ref}: open\nthe proof is enough\n"


def test_the_answer_is_the_same_whether_or_not_somebody_is_known(post):
    refs = [post.asks(post.person(email="ann@shop.example")), post.asks(None)]
    for command in (("challenge",), ("challenge", "--json"), ("challenge", "--to", "phone")):
        one, two = (run(post, command[0], ref, *command[1:]) for ref in refs)
        assert one.output.replace(refs[0], refs[1]) == two.output
    one, two = (run(post, "confirm", ref, "-", stdin="1\n", code=3) for ref in refs)
    assert one.output == two.output


def test_a_secret_in_the_arguments_is_refused_before_it_is_looked_at(post):
    ref = post.asks(post.person(email="ann@shop.example"))
    for wrong in (("12345678",), ("--known-data", '{"a": "b"}')):
        done = CliRunner().invoke(app, ["request", "confirm", ref, *wrong, "-w", str(post.folder)])
        assert "secret-in-arguments" in done.output
    for wrong in ((), ("-", "--known-data", "-")):
        done = CliRunner().invoke(app, ["request", "confirm", ref, *wrong, "-w", str(post.folder)])
        assert "one-proof" in done.output


def test_what_a_person_states_comes_as_json(post):
    ref = post.asks(post.person(email="ann@shop.example", city="Köln", plan="gold"))
    run(post, "challenge", ref)
    run(post, "confirm", ref, "-", stdin=code_in(post.last()))
    for wrong in ("[]", "{", '{"city": 1}'):
        done = run(post, "confirm", ref, "--known-data", "-", stdin=wrong, code=2)
        assert "bad-statement" in done.output
    said = json.dumps({"city": "köln", "plan": "Gold"})
    assert ": open" in run(post, "confirm", ref, "--known-data", "-", stdin=said).stdout


def test_an_agents_mandate_and_masked_contacts(post, tmp_path):
    who = post.person(email="ann@shop.example")
    ref = post.asks(who, "restriction", requester="agent")
    assert "bad-mandate" in run(post, "mandate", ref, code=2).output
    assert ": received" in run(post, "mandate", ref, "--document", "M-17").stdout
    file = tmp_path / "mandate.json"
    assert "file-unreadable" in run(post, "mandate", ref, "--signed", file, code=2).output
    file.write_text("{}", "utf-8")
    assert "bad-mandate" in run(post, "mandate", ref, "--signed", file, code=2).output
    assert "a…@s….example" in run(post, "contacts", ref).stdout
