# SPDX-License-Identifier: Apache-2.0
"""Whoever submits or approves a deletion hears beforehand whether the person will be told of it."""

import json

import pytest
from typer.testing import CliRunner

from audit.errors import Conflict
from governance import delivery
from governance.cli.app import app
from governance.requests import executing
from governance.requests.announcing import WORDS, Announcement, announcement
from tests.holding import setting
from tests.knowing import Post
from tests.workshop import as_reviewer


@pytest.fixture
def post(tmp_path):
    opened = Post(tmp_path)
    yield opened
    opened.close()


def deletion(post, target="", **attributes):
    ref = post.asks(post.person(**attributes), "deletion", target=target)
    executing.desk.vouch(post.ws, ref, "in-person")
    return ref


def approved(post, ref):
    executing.submit(post.ws, ref)
    as_reviewer(post.ws, lambda: executing.approve(post.ws, ref))


def test_every_contact_on_file_is_counted_and_hears_of_it(post):
    ref = deletion(post, email="ann@shop.example", phone="+49 228 1234567")
    assert announcement(post.ws, ref) == Announcement(2)
    approved(post, ref)
    assert announcement(post.ws, ref) == Announcement(2)
    assert len(post.sent()) == 2


def test_that_nobody_can_be_told_is_said_before_it_is_approved(post):
    ref = deletion(post)
    assert announcement(post.ws, ref) == Announcement(0, "no-contact")
    setting(post.ws, delivery_folder="")
    other = deletion(post, email="ann@shop.example")
    assert announcement(post.ws, other) == Announcement(0, "no-delivery")
    setting(post.ws, erasure_grace_hours=0)
    assert announcement(post.ws, other) == Announcement(0, "no-grace")


def test_what_could_not_be_sent_yet_is_said(post, monkeypatch):
    def lost(*_):
        raise Conflict("delivery-failed", "the post is closed")

    monkeypatch.setattr(delivery, "hand_over", lost)
    ref = deletion(post, email="ann@shop.example")
    approved(post, ref)
    found = announcement(post.ws, ref)
    assert found == Announcement(1, "", 1)
    assert "request deliver" in found.lines("en")[1]


def test_what_is_no_deletion_of_a_person_is_not_announced(post):
    assert announcement(post.ws, post.asks(post.person())) is None
    with post.ws.store.write() as unit:
        unit.connection.exec_driver_sql(
            "INSERT INTO attribute (key, category, class_id) VALUES ('diet', ?, 2)",
            ("user.health_and_medical",),
        )
    part = deletion(post, "category:user.health_and_medical", email="ann@shop.example")
    assert announcement(post.ws, part) is None


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_command_line_says_it_with_the_preview_the_submission_and_the_approval(post, language):
    ref = deletion(post)
    said = WORDS["no-contact"].in_(language)
    where = ["--workspace", str(post.folder), "--lang", language]

    def request(*arguments, actor="officer"):
        done = CliRunner().invoke(
            app, ["request", *arguments, ref, *where], env={"TAGWARDEN_ACTOR": actor}
        )
        assert done.exit_code == 0, done.output
        return done.stdout

    as_reviewer(post.ws, lambda: None)
    assert said in request("preview")
    assert said in request("submit")
    assert said in request("approve", actor="reviewer")
    found = json.loads(request("show", "--json"))
    assert found["request"]["state"] == "executing"
    free = {"en": "is free again", "zh": "均已恢复"}
    assert free[language] in request("revoke")
