# SPDX-License-Identifier: Apache-2.0
"""A proposal for a file nobody has described, in English and Chinese; what is unsure is marked."""

import pytest

from governance.intake.preview import preview, shape
from policies.document import parse_documents
from tagging.intake.loading import parsed
from tagging.intake.mapping import KINDS
from tests.intake import NOW, a_file, a_map, an_order_file


def propose(folder, content, name="file.csv", **more):
    found = preview(a_file(folder, content, name, **more), None, zone="Asia/Shanghai", now=NOW)
    document = parse_documents(found.proposal, "proposal.yaml")[0]
    return found, parsed(document, KINDS[document.value["kind"]]).map


def test_orders_with_english_names(tmp_path):
    rows = "".join(
        f"{n},2026-01-{n % 28 + 1:02d} 10:00,A{n % 3},P{n},{n % 4 + 1},2.5\n" for n in range(40)
    )
    found, mapping = propose(
        tmp_path, "Invoice No,Order Date,Customer ID,StockCode,Qty,Unit Price\n" + rows
    )
    assert mapping.subject.column == "Customer ID"
    assert (mapping.time.column, mapping.time.zone) == ("Order Date", "Asia/Shanghai")
    assert (mapping.session.column, mapping.item.column) == ("Invoice No", "StockCode")
    assert (mapping.quantity.column, mapping.price.column) == ("Qty", "Unit Price")
    assert found.outcomes == {"kept": 40}
    assert "CHECK" in found.proposal


def test_behaviour_with_chinese_names_and_encoding(tmp_path):
    text = (
        "用户ID,商品ID,商品类目,行为类型,时间戳\n"
        "u1,电1,电子产品,浏览,1767607200\nu2,电2,电子产品,加购,1767607201\n"
        "u2,电2,电子产品,购买,1767607202\nu2,电2,家用电器,收藏,1767607203\n"
    )
    found, mapping = propose(tmp_path, text, encoding="gb18030")
    assert mapping.source.encoding == "gb18030"
    assert mapping.type.values == {
        "浏览": "view",
        "加购": "cart",
        "购买": "purchase",
        "收藏": "favourite",
    }
    assert found.outcomes == {"kept": 4}


def test_a_file_without_header_is_told_by_its_values(tmp_path):
    rows = "1,2268318,2520377,pv,1767607200\n1,2333346,2520771,buy,1767607201\n"
    found, mapping = propose(tmp_path, rows)
    assert mapping.source.header is False
    assert mapping.source.columns == ("c1", "c2", "c3", "c4", "c5")
    assert (mapping.time.column, mapping.type.column) == ("c5", "c4")
    assert mapping.type.values == {"buy": "purchase", "pv": "view"}
    assert "which column says who" in found.proposal
    assert found.unusable


def test_day_first_dates_that_prove_themselves(tmp_path):
    _, mapping = propose(tmp_path, "customer,date\nA,05/01/2026 10:00\nA,25/01/2026 10:00\n")
    assert mapping.time.format == "%d/%m/%Y %H:%M"


def test_dates_that_do_not_prove_themselves_are_marked(tmp_path):
    found, mapping = propose(tmp_path, "customer,date\nA,05/01/2026\nA,02/01/2026\n")
    assert mapping.time.format == "%d/%m/%Y"
    assert "day first, or month first" in found.proposal


def test_month_first_with_a_half_day_clock(tmp_path):
    _, mapping = propose(tmp_path, "customer,date\nA,1/25/2026 3:05 PM\nA,1/26/2026 9:00 AM\n")
    assert mapping.time.format == "%m/%d/%Y %I:%M %p"


def test_chinese_dates(tmp_path):
    found, mapping = propose(tmp_path, "用户,时间\nA,2026年1月5日 10:30\nB,2026年1月6日 9:00\n")
    assert mapping.time.format == "%Y年%m月%d日 %H:%M"
    assert found.outcomes == {"kept": 2}


def test_negative_lines_of_cancelled_orders(tmp_path):
    rows = "536365,A,5,2026-01-05\nC536366,A,-5,2026-01-06\n"
    found, mapping = propose(tmp_path, "invoice,customer,quantity,date\n" + rows)
    assert [rule.type for rule in mapping.rules] == ["cancel", "return"]
    assert found.outcomes == {"kept": 2}


def test_spellings_of_nothing_and_nobody(tmp_path):
    rows = "#N/A,2026-01-05\nunknown,2026-01-05\n0,2026-01-05\n0,2026-01-06\nA,2026-01-05\n"
    found, mapping = propose(tmp_path, "customer,date\n" + rows)
    assert "#N/A" in mapping.source.nulls
    assert mapping.subject.none == ("0", "unknown")
    assert found.outcomes == {"kept": 1, "nobody": 4}


def test_ids_with_point_zero(tmp_path):
    _, mapping = propose(tmp_path, "customer,date\n12345.0,2026-01-05\n12346.0,2026-01-05\n")
    assert mapping.subject.trailing_zero == "drop"


def test_a_price_that_is_a_line_total(tmp_path):
    rows = "".join(f"A,2026-01-05,i{n},{q},{q * 2}\n" for n in range(5) for q in (1, 2, 3))
    _, mapping = propose(tmp_path, "customer,date,item,qty,price\n" + rows)
    assert mapping.price.means == "line_total"


def test_decimal_commas(tmp_path):
    rows = 'A;2026-01-05;"1.234,50"\nB;2026-01-05;2,25\n'
    _, mapping = propose(tmp_path, "customer;date;amount\n" + rows)
    assert (mapping.source.delimiter, mapping.source.numbers.decimal) == (";", ",")


def test_members_become_profiles_and_a_birthday_an_age(tmp_path):
    text = "会员号,性别,出生日期,城市,爱好\n007,女,2010-05-05,杭州,茶\n"
    found, mapping = propose(tmp_path, text)
    assert (mapping.kind, mapping.age.means) == ("ProfileMap", "birth_date")
    assert mapping.attributes["gender"].category == "user.demographic.gender"
    assert len(mapping.attributes) == 3
    assert "which category of data is it?" in found.proposal


def test_consents(tmp_path):
    text = "customer,purpose,consent,date\nA,recommendation,yes,2026-01-05\n"
    found, mapping = propose(tmp_path, text)
    assert (mapping.kind, mapping.state.values) == ("ConsentMap", {"yes": "given"})
    assert found.outcomes == {"kept": 1}


def test_parquet_and_json_lines(tmp_path):
    import duckdb

    with duckdb.connect() as db:
        db.execute(
            f"COPY (SELECT 7 AS user_id, TIMESTAMP '2026-01-05' AS event_time, 'buy' AS action) "
            f"TO '{tmp_path / 'a.parquet'}'"
        )
    found = preview(tmp_path / "a.parquet", None, zone="UTC", now=NOW)
    assert found.outcomes == {"kept": 1}
    found, _ = propose(tmp_path, '{"user_id": "A", "ts": "2026-01-05T10:00:00Z"}\n', "b.jsonl")
    assert found.outcomes == {"kept": 1}


def test_a_preview_shows_shapes_and_values_only_when_asked(tmp_path):
    path = an_order_file(tmp_path, "Zoë-41,2026-01-05,o1,Milk 3,1,2.5", "B,never,o1,i,1,1")
    hidden = preview(path, a_map(), zone="UTC", now=NOW)
    fields = {field.name: field.samples for field in hidden.fields}
    assert fields["subject"] == ("Aaa-99",)
    assert fields["item"] == ("Aaaa 9",)
    assert fields["event_type"] == ("purchase",)
    assert (hidden.outcomes, hidden.reasons) == ({"bad": 1, "kept": 1}, {"bad-time": 1})
    shown = preview(path, a_map(), zone="UTC", now=NOW, show_values=True)
    assert {f.name: f.samples for f in shown.fields}["subject"] == ("Zoë-41",)


def test_a_preview_reads_only_the_beginning(tmp_path):
    rows = [f"A{n},2026-01-05,o1,i,1,2.5" for n in range(3000)]
    found = preview(an_order_file(tmp_path, *rows), a_map(), zone="UTC", now=NOW)
    assert found.rows == 1000


@pytest.mark.parametrize(
    ("text", "masked"), [("张三 7", "字字 9"), ("a-B_9", "a-A_9"), ("", ""), ("x" * 90, "a" * 40)]
)
def test_a_shape_tells_nothing_but_the_shape(text, masked):
    assert shape(text) == masked
