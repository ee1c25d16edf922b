# SPDX-License-Identifier: Apache-2.0
"""A release for DBSCAN: asked for in the document, charged, fitted, told, explained."""

import pytest
from typer.testing import CliRunner

from governance.budget import auditing
from governance.budget.verification import verify
from governance.cli.app import app
from governance.explaining import explain
from governance.fitted import contract_of
from governance.segments import fits, releasing
from governance.segments.comparing import compare
from governance.segments.profiles import profiles
from governance.segments.report import page
from tagging.segmentation.histogram import cells_of
from tests.segments import NoNoise
from tests.unit.governance.test_segments import (
    DOCUMENT,
    PEOPLE,
    charges,
    document,
    released,
    segment_of,
    tagged,
    ws,
)
from tests.workshop import code_of

__all__ = ["ws"]
DENSE = {"segments": None, "dbscan": {"eps": 0.3}, "rows": 2000}


def problems_of(call):
    """The code of each problem of a document, with where it stands."""
    with pytest.raises(Exception, match="cannot be used") as fault:
        call()
    return {problem.code: (problem.line, problem.hint) for problem in fault.value.problems}


@pytest.fixture
def dense(ws, tmp_path):
    found = releasing.release(ws, document(tmp_path, **DENSE), noise=NoNoise())
    return found, fits.fit(ws, found.name, "dbscan")


def test_the_document_asks_for_it_and_the_record_says_so(ws, tmp_path):
    found = released(ws, tmp_path, **DENSE)
    assert found.artefact["mechanism"] == found.statement["mechanism"] == "histogram/1"
    assert found.statement["cells"] == found.artefact["queries"][-1]["dimension"]
    contract = contract_of(found.artefact["contract"])
    assert found.statement["cells"] == cells_of(contract, 0.3, (True, False))  # orders are whole
    assert found.statement["seen_from"] > 0
    assert "signal_tenths" not in found.statement
    assert released(ws, tmp_path, **DENSE).name == found.name
    assert charges(ws) == ["reserved", "released"]
    assert released(ws, tmp_path, **{**DENSE, "dbscan": {"eps": 0.4}}).charged
    assert verify(ws).problems == []
    with ws.store.read() as connection:
        assert auditing._published(connection) == (2, 0, [])


@pytest.mark.parametrize(
    ("parts", "code"),
    [
        ({"dbscan": {"eps": 0.3}}, "segmentation-for"),
        ({"segments": None}, "segmentation-for"),
        ({**DENSE, "dbscan": {"eps": 0.001}, "features": [DOCUMENT["features"][1]] * 2}, "histogram-cells"),
        ({**DENSE, "features": DOCUMENT["features"] * 2}, "histogram-features"),
        ({**DENSE, "dbscan": {"eps": 30}}, "histogram-distance"),
    ],
)  # fmt: skip
def test_a_grid_that_cannot_be_made_is_refused_with_its_place_and_uncharged(
    ws, tmp_path, parts, code
):
    found = problems_of(lambda: released(ws, tmp_path, **parts))
    assert found[code][0] > 0
    assert charges(ws) == []


def test_too_few_people_and_the_baseline_are_refused_and_uncharged(ws, tmp_path):
    assert code_of(lambda: released(ws, tmp_path, **{**DENSE, "rows": 50})) == "release-hopeless"
    path = document(tmp_path, **DENSE)
    assert code_of(lambda: releasing.release(ws, path, method="diffprivlib-kmeans")) == (
        "release-method"
    )
    assert charges(ws) == []


def test_a_request_for_segments_is_the_same_as_before_there_was_another_way(ws, tmp_path):
    first = released(ws, tmp_path)
    assert "dbscan" not in first.document["segmentation"]
    assert not released(ws, tmp_path, dbscan=None).charged


def test_dbscan_takes_the_distance_of_the_release_or_a_longer_one(ws, dense):
    found, fit = dense
    assert fit.name == f"{found.name}/dbscan-0.3-5"
    assert fits.fit(ws, found.name, "dbscan", eps=0.5).name.endswith("dbscan-0.5-5")
    assert code_of(lambda: fits.fit(ws, found.name, "dbscan", eps=0.2)) == "segment-finer"
    assert sorted(fit.document["sizes"]) == [119, 120]
    shown = sorted(profiles(found, fit), key=lambda one: one.values[0])
    assert [round(one.values[0]) for one in shown] == [1, 8]


def test_other_methods_are_refused_and_dbscan_of_two_distances_is_compared(ws, dense):
    found, fit = dense
    for method in ("kmeans", "hierarchical", "gmm"):
        for clusters in (None, 2):
            refused = code_of(lambda m=method, k=clusters: fits.fit(ws, found.name, m, clusters=k))
            assert refused == "segment-histogram"
    wider = fits.fit(ws, found.name, "dbscan", eps=0.5)
    for one in compare(ws, [fit.name, wider.name]):
        assert one["agreement"] == [1.0] * 2
        assert one["mechanism"] == "histogram/1"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_draws_the_middles_and_the_tree_of_the_segments(ws, dense, language):
    text = page(ws, dense[1].name, language)
    assert text.count("<circle") == 4
    assert text.count("<path") == 1


def test_it_becomes_a_tag_that_runs_assigns_and_explains(ws, tmp_path, dense):
    key = tagged(ws, tmp_path, dense)
    (answer,) = explain(ws, 1, [key], depth="engineer")
    assert answer.replays
    assert answer.segment.margin == sum(part.part for part in answer.segment.parts) > 0
    assert {segment_of(ws, who) for who in range(1, PEOPLE)} == {"1", "2"}


def test_the_estimate_and_the_statement_speak_of_cells(ws, tmp_path):
    path = str(document(tmp_path, **DENSE))
    where = ["-w", str(ws.paths.root)]
    ws.close()
    for rows, word in ((2000, "good"), (50, "it would be refused")):
        path = str(document(tmp_path, **{**DENSE, "rows": rows}))
        said = CliRunner().invoke(app, ["segment", "estimate", path, *where])
        assert said.exit_code == 0, said.stderr
        assert word in said.stdout
        assert "people within eps" in said.stdout
    as_json = CliRunner().invoke(app, ["segment", "estimate", path, "--json", *where])
    assert '"seen_from"' in as_json.stdout
