# SPDX-License-Identifier: Apache-2.0
"""segment, budget, audience and model on the command line: every sentence in the language that is asked for."""

import json
import os
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from governance.budget.auditing import Report
from governance.budget.verification import Checked
from governance.cli import budget_words
from governance.cli.app import app
from tagging.learning.library_audit import UNHEARD
from tagging.segmentation.privacy_audit import Audited
from tests.unit.governance import test_learning, test_segments
from tests.workshop import a_folder, applied, reopened

NOW = "2026-03-01T12:00:00Z"
MODEL = {
    "train_at": "2026-02-08",
    "try_at": "2026-02-18",
    "horizon": "8d",
    "target": "orders(days => 8) >= 1",
}
PRIVATE = {"method": "naive-bayes-dp", "budget": {"epsilon": 0.5, "trial": 0.5}}
NAMES = re.compile(
    r"\b[0-9a-f]{16}\b|(release|charge|size|training|trial|run)-[0-9a-f]+|habits|again|kmeans|hierarchical|dbscan|synopsis(/\d)?"
    r"|recommendation|analytics-team|naive-bayes-dp|tree|epsilon|delta|rho|log|linear|opendp discrete gaussian"
    r"|diffprivlib[-a-z/.0-9]*(, floating point)?|\d+d\b|segment compare|model tag|--threshold"
    r"|orders\(days => \d+\)|spend\(days => \d+\)|\S+\.html|audience-count/\d|score-histogram/\S+"
    r"|\ball\b|\bgdpr\b|\b[TZ]?\d[-0-9:TZ.]*\b|F1|K-Means|behaviour\.\S+"
)
"""What is the same in both languages: names, and terms of the trade."""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    folder = a_folder(tmp_path / "ws", test_segments.a_shop)
    monkeypatch.setenv("TAGWARDEN_WORKSPACE", str(folder))
    monkeypatch.setenv("TAGWARDEN_CLOCK_FIXED", NOW)
    test_segments.document(tmp_path)
    test_learning.document(tmp_path, **MODEL, **PRIVATE)
    return tmp_path


def told(*arguments):
    done = CliRunner().invoke(app, [str(item) for item in arguments])
    assert done.exit_code == 0, done.output
    return done.output


def in_both(*arguments):
    """What a command says in Chinese, after looking that neither language is mixed into the other."""
    english, chinese = (told(*arguments, "--lang", language) for language in ("en", "zh"))
    assert not re.search("[一-鿿]", english)
    left = NAMES.sub("", chinese)
    assert not re.search("[A-Za-z]{2,}", left), left
    assert re.search("[一-鿿]", chinese)
    return chinese


def test_budgets_are_told_in_the_language_that_is_asked_for(shop):
    assert "终身上限" in in_both("budget", "set", "--epsilon", "8")
    assert "已用" in in_both("budget", "show")
    in_both("budget", "set", "--epsilon", 8, "--period", "365d", "--period-epsilon", 7)
    assert "365d内已用0.000000000" in in_both("budget", "show")
    told("segment", "release", shop / "habits.yaml")
    assert "已扣" in in_both("budget", "ledger")
    assert "共2条记录、1笔扣减" in in_both("budget", "verify")
    assert json.loads(told("budget", "ledger", "--json"))["records"][0]["record"] == "reserved"


def test_no_budget_is_told_in_the_language_that_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("TAGWARDEN_WORKSPACE", str(a_folder(tmp_path / "ws")))
    assert "尚未设置上限" in in_both("budget", "show")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_audit_of_privacy_is_told_in_both_languages(language):
    done = Audited(10_000, {"synopsis/3": 0.5}, sampler_p=0.5, epsilon_seen=2.8, unheard=UNHEARD)
    found = Report(done, Checked(2, 1), 3, 1, ())
    said = "\n".join(budget_words.audited(found, language))
    assert "10,000" in said
    assert bool(re.search("[一-鿿]", said)) == (language == "zh")
    if language == "zh":
        assert not re.search("[A-Za-z]{2,}", re.sub(r"[-a-z]+/[\d.]+|epsilon", "", said))


def test_segments_are_told_in_the_language_that_is_asked_for(shop):
    habits = shop / "habits.yaml"
    in_both("segment", "estimate", habits)
    assert "此前已发布" in in_both("segment", "release", habits)
    in_both("segment", "fit", "habits", "--k", 2)
    told("segment", "fit", "habits", "--k", 2, "--method", "hierarchical")
    assert "拟合数" in in_both("segment", "list")
    in_both("segment", "show", "habits")
    in_both("segment", "show", "habits/kmeans-2")
    in_both("segment", "compare", "habits/kmeans-2", "habits/hierarchical-2")
    assert "已写入" in in_both("segment", "report", "habits/kmeans-2", "--out", shop / "page.html")
    remarks = [
        [line for line in told("segment", "tag", "habits/kmeans-2", "--lang", one).splitlines() if "#" in line]
        for one in ("en", "zh")
    ]  # fmt: skip
    assert [bool(re.search("[一-鿿]", line)) for line in remarks[0]] == [False] * 5
    assert [bool(re.search("[一-鿿]", line)) for line in remarks[1]] == [False] + [True] * 4


@pytest.mark.usefixtures("shop")
def test_the_language_of_the_workspace_is_the_default(monkeypatch):
    monkeypatch.setenv("TAGWARDEN_WORKSPACE_LANGUAGE", "zh")
    assert "剩余" in told("budget", "show")
    assert "发布" in told("segment", "list")


def test_sizes_of_audiences_are_told_in_the_language_that_is_asked_for(shop):
    told("segment", "release", shop / "habits.yaml")
    told("segment", "fit", "habits", "--k", 2)
    tag = shop / "tag.yaml"
    tag.write_text(told("segment", "tag", "habits/kmeans-2"), "utf-8")
    opened = reopened(Path(os.environ["TAGWARDEN_WORKSPACE"]))
    applied(opened, tag)
    opened.close()
    told("run", "all")
    ask = ("audience", "size", "behaviour.habits = 1", "--purpose", "recommendation")
    assert "今天已问过同一问题" in in_both(*ask)


@pytest.mark.parametrize("parts", [{}, PRIVATE], ids=["plain", "private"])
def test_models_are_told_in_the_language_that_is_asked_for(shop, parts):
    path = test_learning.document(shop, **MODEL, **parts)
    assert "此前已训练" in in_both("model", "train", path)
    in_both("model", "list")
    in_both("model", "show", "again")
    assert "此前已检验" in in_both("model", "evaluate", "again")
    assert "个人信息" in told("model", "tag", "again", "--lang", "zh")
    assert "personal data" in told("model", "tag", "again", "--lang", "en")
