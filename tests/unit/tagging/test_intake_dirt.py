# SPDX-License-Identifier: Apache-2.0
"""Every dirt that shops' files have, one scenario each: what is kept, what is put aside, and why."""

import pytest

from audit.clock import iso
from audit.errors import BadInput
from tagging.intake import source
from tests.intake import HEADER, a_file, a_map, an_order_file, e4, read


def times(result):
    return [iso(ts) for ts in result.column("ts")]


def one(folder, row, **parts):
    return read(an_order_file(folder, row), a_map(**parts))


# ids


def test_leading_zeros_of_ids_stay(tmp_path):
    result = one(tmp_path, "0078895770025,2026-01-05 10:00:00,00012,01104905,1,2.50")
    (row,) = result.rows
    assert (row["subject"], row["session"], row["item"]) == ("0078895770025", "00012", "01104905")


def test_ids_of_19_digits_keep_every_digit(tmp_path):
    near = ["1234567890123456789", "1234567890123456788"]
    result = read(
        an_order_file(tmp_path, *[f"{i},2026-01-05 10:00:00,1,a,1,1" for i in near]), a_map()
    )
    assert result.column("subject") == near


def test_an_id_with_point_zero_stays_and_is_counted(tmp_path):
    result = one(tmp_path, "12345.0,2026-01-05 10:00:00,1,a,1,1")
    assert result.column("subject") == ["12345.0"]
    assert result.findings == {"id-decimal-zero": 1}


def test_point_zero_is_dropped_when_the_mapping_says_so(tmp_path):
    result = one(
        tmp_path,
        "12345.0,2026-01-05 10:00:00,1,a,1,1",
        subject={"column": "customer", "trailing_zero": "drop"},
    )
    assert result.column("subject") == ["12345"]
    assert result.findings == {}


def test_lost_leading_zeros_are_put_back_up_to_a_width(tmp_path):
    result = one(
        tmp_path,
        "1104905,2026-01-05 10:00:00,1,a,1,1",
        subject={"column": "customer", "width": 8},
    )
    assert result.column("subject") == ["01104905"]


def test_an_id_that_a_spreadsheet_rounded_is_put_aside(tmp_path):
    result = one(tmp_path, "1.23457E+18,2026-01-05 10:00:00,1,a,1,1")
    assert result.reasons == {"id-lost-digits": 1}
    assert result.bad[0].column == "customer"


def test_an_id_with_invisible_signs_is_put_aside(tmp_path):
    result = one(tmp_path, "A\u200b1,2026-01-05 10:00:00,1,a,1,1")
    assert result.reasons == {"unusable-id": 1}


def test_spaces_around_cells_do_not_count(tmp_path):
    result = one(tmp_path, " A1\u3000, 2026-01-05 10:00:00 ,1,a, 2 , 1.5 ")
    (row,) = result.rows
    assert (row["subject"], row["quantity"], row["amount"]) == ("A1", e4(2), e4(3))


# nothing


@pytest.mark.parametrize("word", ["#N/A", "NULL", "unknown", "匿名", "n/a", "-"])
def test_a_word_for_nobody_never_becomes_one_person(tmp_path, word):
    result = one(tmp_path, f"{word},2026-01-05 10:00:00,1,a,1,1")
    assert result.reasons == {"placeholder-subject": 1}


def test_a_listed_spelling_of_nothing_is_nobody(tmp_path):
    path = an_order_file(
        tmp_path, "#N/A,2026-01-05 10:00:00,1,#N/A,1,1", "A,2026-01-05 10:00:00,1,NA,1,1"
    )
    result = read(path, a_map(source={"nulls": ["", "#N/A"]}))
    assert result.outcomes == {"nobody": 1, "kept": 1}
    assert result.column("item") == [None, "NA"]


def test_a_customer_who_is_called_unknown_can_be_accepted(tmp_path):
    result = one(
        tmp_path,
        "unknown,2026-01-05 10:00:00,1,a,1,1",
        subject={"column": "customer", "accept": ["unknown"]},
    )
    assert result.column("subject") == ["unknown"]


def test_rows_without_a_subject_feed_totals_only(tmp_path):
    path = an_order_file(
        tmp_path,
        ",2026-01-05 10:00:00,1,a,1,2",
        "0,2026-01-05 10:00:00,2,a,1,3",
        "A,2026-01-05 10:00:00,3,a,1,4",
    )
    result = read(path, a_map(subject={"column": "customer", "none": ["", "0"]}))
    assert result.outcomes == {"nobody": 2, "kept": 1}
    assert [row["subject"] for row in result.rows] == [None, None, "A"]


# clocks


def test_a_local_clock_is_read_in_its_zone(tmp_path):
    result = one(
        tmp_path,
        "A,2025-07-06 22:30:00,1,a,1,1",
        time={"column": "at", "zone": "Asia/Shanghai"},
    )
    (row,) = result.rows
    assert iso(row["ts"]) == "2025-07-06T14:30:00Z"
    assert (row["hour"], row["weekday"]) == (22, 7)


def test_utc_without_an_offset_keeps_the_shops_hour_and_weekday(tmp_path):
    result = one(
        tmp_path,
        "A,2026-01-05 02:30:00,1,a,1,1",
        time={"column": "at", "zone": "America/New_York", "stored": "UTC"},
    )
    (row,) = result.rows
    assert iso(row["ts"]) == "2026-01-05T02:30:00Z"
    assert (row["hour"], row["weekday"]) == (21, 7)


def test_the_hour_that_comes_twice_is_the_earlier_one_and_counted(tmp_path):
    row = "A,2025-11-02 01:30:00,1,a,1,1"
    time = {"column": "at", "zone": "America/New_York"}
    assert times(one(tmp_path, row, time=time)) == ["2025-11-02T05:30:00Z"]
    later = one(tmp_path, row, time={**time, "ambiguous": "later"})
    assert times(later) == ["2025-11-02T06:30:00Z"]
    assert later.findings == {"clock-ambiguous": 1}
    aside = one(tmp_path, row, time={**time, "ambiguous": "quarantine"})
    assert aside.reasons == {"clock-ambiguous": 1}


def test_the_hour_that_is_skipped_moves_forward_and_is_counted(tmp_path):
    row = "A,2025-03-30 02:30:00,1,a,1,1"
    time = {"column": "at", "zone": "Europe/Berlin"}
    result = one(tmp_path, row, time=time)
    assert times(result) == ["2025-03-30T01:30:00Z"]
    assert result.findings == {"clock-nonexistent": 1}
    aside = one(tmp_path, row, time={**time, "nonexistent": "quarantine"})
    assert aside.reasons == {"clock-nonexistent": 1}


def test_an_offset_in_the_text_wins_over_the_zone(tmp_path):
    path = an_order_file(
        tmp_path,
        "A,2026-01-05T10:00:00+08:00,1,a,1,1",
        "B,2026-01-05 10:00:00 +0800,1,a,1,1",
        "C,2026-01-05T10:00:00Z,1,a,1,1",
        "D,2026-01-05 10:00:00,1,a,1,1",
    )
    result = read(path, a_map(time={"column": "at", "zone": "America/New_York"}))
    assert times(result) == [
        "2026-01-05T02:00:00Z",
        "2026-01-05T02:00:00Z",
        "2026-01-05T10:00:00Z",
        "2026-01-05T15:00:00Z",
    ]


def test_seconds_and_milliseconds_since_1970_and_compact_dates(tmp_path):
    path = an_order_file(
        tmp_path,
        "A,1767607200,1,a,1,1",
        "A,1767607200123,1,b,1,1",
        "A,20260105,1,c,1,1",
        "A,20260105100000,1,d,1,1",
        "A,2026/1/5 10:00,1,e,1,1",
    )
    assert times(read(path, a_map())) == [
        "2026-01-05T10:00:00Z",
        "2026-01-05T10:00:00.123000Z",
        "2026-01-05T00:00:00Z",
        "2026-01-05T10:00:00Z",
        "2026-01-05T10:00:00Z",
    ]


def test_day_month_year_is_read_as_the_mapping_says(tmp_path):
    time = {"column": "at", "zone": "UTC", "format": "%d/%m/%Y %H:%M"}
    path = an_order_file(tmp_path, "A,05/01/2026 10:00,1,a,1,1", "A,13/01/2026 9:05,1,b,1,1")
    result = read(path, a_map(time=time))
    assert times(result) == ["2026-01-05T10:00:00Z", "2026-01-13T09:05:00Z"]


def test_a_date_whose_day_and_month_could_change_places_is_never_guessed(tmp_path):
    result = one(tmp_path, "A,05/01/2026 10:00,1,a,1,1")
    assert result.reasons == {"bad-time": 1}


def test_date_and_time_of_day_in_two_columns(tmp_path):
    path = a_file(tmp_path, "customer,day,hm\nA,2026-01-05,10:30\nB,5/1/2026,10:30\n")
    parts = dict.fromkeys(("item", "session", "quantity", "price"))
    time = {"column": "day", "clock": "hm", "zone": "UTC"}
    result = read(path, a_map(time=time, **parts))
    assert times(result) == ["2026-01-05T10:30:00Z"]
    assert result.reasons == {"bad-time": 1}


def test_times_that_nobody_believes_are_put_aside(tmp_path):
    path = an_order_file(
        tmp_path,
        "A,1970-01-01 00:00:00,1,a,1,1",
        "A,2199-01-01 00:00:00,1,a,1,1",
        "A,2026-02-30 00:00:00,1,a,1,1",
        "A,,1,a,1,1",
    )
    result = read(path, a_map())
    assert result.reasons == {"time-out-of-bounds": 2, "bad-time": 1, "no-time": 1}


# encodings and forms of files


def test_latin_1(tmp_path):
    path = an_order_file(tmp_path, "A,2026-01-05,1,Käse,1,1", encoding="latin-1")
    assert read(path, a_map(source={"encoding": "latin-1"})).column("item") == ["Käse"]


def test_gb18030(tmp_path):
    text = "会员号,下单时间,订单号,商品,数量,单价\n007,2026-01-05 10:00:00,1,电子产品,2,3.5\n"
    mapping = a_map(
        source={"encoding": "gb18030"},
        subject="会员号",
        time={"column": "下单时间", "zone": "Asia/Shanghai"},
        session="订单号",
        item="商品",
        quantity="数量",
        price="单价",
    )
    result = read(a_file(tmp_path, text, encoding="gb18030"), mapping)
    (row,) = result.rows
    assert (row["subject"], row["item"], row["amount"]) == ("007", "电子产品", e4(7))


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    path = an_order_file(tmp_path, "A,2026-01-05,1,a,1,1", encoding="utf-8-sig")
    assert read(path, a_map()).column("subject") == ["A"]


def test_utf_16(tmp_path):
    path = an_order_file(tmp_path, "A,2026-01-05,1,商,1,1", encoding="utf-16")
    assert read(path, a_map(source={"encoding": "utf-16"})).column("item") == ["商"]


def test_a_file_without_a_header(tmp_path):
    path = a_file(tmp_path, "A,2026-01-05,1,a,1,1\nB,2026-01-05,1,b,1,1\n")
    mapping = a_map(source={"header": False, "columns": HEADER.split(",")})
    assert read(path, mapping).column("subject") == ["A", "B"]


def test_semicolons_and_tabs_are_found_out(tmp_path):
    for sign, name in ((";", "a.csv"), ("\t", "b.tsv"), ("\t", "c.txt"), ("|", "d.csv")):
        text = f"{HEADER}\nA,2026-01-05,1,a,1,1\n".replace(",", sign)
        assert read(a_file(tmp_path, text, name), a_map()).column("subject") == ["A"]


def test_lines_that_end_in_different_ways(tmp_path):
    path = a_file(tmp_path, f"{HEADER}\r\nA,2026-01-05,1,a,1,1\nB,2026-01-05,1,b,1,1\r\n")
    assert read(path, a_map()).column("subject") == ["A", "B"]


def test_title_lines_before_the_header_are_skipped(tmp_path):
    path = a_file(tmp_path, f"Orders of January\n\n{HEADER}\nA,2026-01-05,1,a,1,1\n")
    assert read(path, a_map(source={"skip": 2})).column("subject") == ["A"]


def test_packed_files_are_read_as_they_are(tmp_path):
    import gzip

    data = gzip.compress(f"{HEADER}\nA,2026-01-05,1,a,1,1\n".encode())
    assert read(a_file(tmp_path, data, "a.csv.gz"), a_map()).column("subject") == ["A"]


@pytest.mark.parametrize("name", ["a[1].csv", "a*.csv", "it's.csv", "{x} ?.csv"])
def test_a_file_is_read_whatever_its_name_and_no_other(tmp_path, name):
    a_file(tmp_path, f"{HEADER}\nOTHER,2026-01-05,1,a,1,1\n", "a1.csv")
    path = a_file(tmp_path, f"{HEADER}\nA,2026-01-05,1,a,1,1\n", name)
    assert read(path, a_map()).column("subject") == ["A"]


def test_names_and_words_with_any_signs_in_them(tmp_path):
    odd = """c "1'};--{0}"""
    path = a_file(
        tmp_path, f'"{odd.replace(chr(34), chr(34) * 2)}",at\nA,2026-01-05\n%s,2026-01-05\n'
    )
    a_file(tmp_path, "k,v\nA,x\n", "l.csv")
    parts = dict.fromkeys(("item", "session", "quantity", "price"))
    source = {
        "nulls": ["", "%s", "{}", "';--"],
        "join": [{"file": "l.csv", "on": odd, "key": "k", "take": {"it's": "v"}}],
    }
    result = read(path, a_map(subject=odd, source=source, category="it's", **parts))
    assert result.column("subject") == ["A", None]
    assert result.column("category") == ["x", None]


def test_json_lines_keep_long_numbers_and_leading_zeros(tmp_path):
    path = a_file(
        tmp_path,
        '{"customer": 1234567890123456789, "at": "2026-01-05", "quantity": 2, "price": 1.25}\n'
        "\n"
        '{"customer": "007", "at": "2026-01-05", "quantity": "1", "price": "0.1", "item": "x"}\n'
        "not json\n"
        "[1, 2]\n",
        "events.jsonl",
    )
    result = read(path, a_map(session=None))
    assert result.column("subject") == ["1234567890123456789", "007"]
    assert result.column("amount") == [e4(2.5), e4(0.1)]
    assert [(bad.line, bad.reason) for bad in result.bad] == [(4, "not-json"), (5, "not-an-object")]


def parquet(folder, sql, name="events.parquet"):
    import duckdb

    with duckdb.connect() as db:
        db.execute(f"COPY ({sql}) TO '{folder / name}' (FORMAT parquet)")
    return folder / name


def test_parquet_with_typed_columns(tmp_path):
    path = parquet(
        tmp_path,
        "SELECT 7::BIGINT customer, TIMESTAMP '2026-01-05 10:00:00' AS \"at\", 'o' AS \"order\", "
        "12::DOUBLE item, 3::INTEGER quantity, 1.005::DECIMAL(9,3) price",
    )
    (row,) = read(path, a_map()).rows
    assert (row["subject"], row["item"], row["quantity"]) == ("7", "12", e4(3))
    assert (row["price"], row["amount"]) == (10050, 30150)


def test_an_id_that_floating_point_cannot_hold_is_put_aside(tmp_path):
    path = parquet(
        tmp_path,
        "SELECT 1234567890123456789::DOUBLE customer, DATE '2026-01-05' AS \"at\", 'o' \"order\", "
        "'a' item, 1 quantity, 1 price",
    )
    assert read(path, a_map()).reasons == {"id-lost-digits": 1}


# numbers


@pytest.mark.parametrize(
    ("text", "units"),
    [
        ("1.00005", 10000),
        ("1.00015", 10002),
        ("2.842170943040401e-14", 0),
        ("0.1", 1000),
        ("１２．５", 125000),
        ("99999999999.9999", 999999999999999),
    ],
)
def test_prices_are_exact_to_a_hundredth_of_a_cent_and_half_even(tmp_path, text, units):
    assert one(tmp_path, f"A,2026-01-05,1,a,1,{text}").column("price") == [units]


@pytest.mark.parametrize("text", ["abc", "1_000", "12,5", "1.2.3", "0x1F", "--1"])
def test_a_number_that_is_none_is_put_aside_with_its_column(tmp_path, text):
    result = one(tmp_path, f'A,2026-01-05,1,a,1,"{text}"')
    assert result.reasons == {"bad-number": 1}
    assert result.bad[0].column == "price"


def test_decimal_commas_and_currency_signs(tmp_path):
    numbers = {"decimal": ",", "thousands": ".", "strip": "€"}
    result = one(tmp_path, 'A,2026-01-05,1,a,1,"1.234,50 €"', source={"numbers": numbers})
    assert result.column("amount") == [e4(1234.5)]


def test_a_line_total_called_price_is_divided_by_the_quantity(tmp_path):
    price = {"column": "price", "means": "line_total"}
    (row,) = one(tmp_path, "A,2026-01-05,1,a,4,10.00", price=price).rows
    assert (row["price"], row["amount"]) == (e4(2.5), e4(10))


def test_price_times_quantity_that_is_not_the_amount_is_counted(tmp_path):
    path = a_file(tmp_path, f"{HEADER},amount\nA,2026-01-05,1,a,2,5,10\nA,2026-01-05,1,b,2,5,7\n")
    result = read(path, a_map(amount="amount"))
    assert result.findings == {"price-times-quantity-differs": 1}
    assert result.column("amount") == [e4(10), e4(7)]


# meaning of rows


def test_cancelled_orders_as_negative_lines(tmp_path):
    rules = [{"type": "cancel", "when": {"column": "order", "starts_with": "C"}}]
    path = an_order_file(tmp_path, "A,2026-01-05,536365,a,3,2", "A,2026-01-06,C536365,a,-3,2")
    result = read(path, a_map(rules=rules))
    assert result.column("event_type") == ["purchase", "cancel"]
    assert result.column("quantity") == [e4(3), e4(-3)]
    assert result.column("amount") == [e4(6), e4(-6)]
    assert result.column("price") == [e4(2), e4(2)]


def test_returns_end_negative_whatever_their_sign_was(tmp_path):
    rules = [{"type": "return", "when": {"column": "order", "one_of": ["R1", "R2"]}}]
    path = an_order_file(tmp_path, "A,2026-01-05,R1,a,3,2", "A,2026-01-06,R2,a,-3,2")
    result = read(path, a_map(rules=rules))
    assert result.column("quantity") == [e4(-3), e4(-3)]
    assert result.column("amount") == [e4(-6), e4(-6)]


def test_a_negative_quantity_that_no_rule_explains_is_put_aside(tmp_path):
    result = one(tmp_path, "A,2026-01-05,1,a,-1,2")
    assert result.reasons == {"negative-quantity": 1}


def test_an_adjustment_keeps_its_sign(tmp_path):
    rules = [{"type": "adjustment", "when": {"column": "item", "equals": "ADJ"}}]
    result = one(tmp_path, "A,2026-01-05,1,ADJ,1,-11.5", rules=rules)
    assert result.column("amount") == [e4(-11.5)]


def test_types_are_read_through_the_list_and_others_put_aside(tmp_path):
    path = a_file(tmp_path, "customer,at,kind\nA,2026-01-05,buy\nA,2026-01-05,pv\nA,2026-01-05,x\n")
    parts = dict.fromkeys(("item", "session", "quantity", "price"))
    kind = {"column": "kind", "values": {"buy": "purchase", "pv": "view"}}
    result = read(path, a_map(type=kind, **parts))
    assert result.column("event_type") == ["purchase", "view"]
    assert result.column("quantity") == [e4(1), None]
    assert result.reasons == {"unknown-type": 1}


def test_rows_are_left_out_with_their_reason_and_are_not_bad(tmp_path):
    drop = [
        {"reason": "zero-quantity", "when": {"column": "quantity", "equals": 0}},
        {"reason": "test-shop", "when": {"column": "order", "contains": "TEST"}},
    ]
    path = an_order_file(
        tmp_path, "A,2026-01-05,1,a,0.00,2", "A,2026-01-05,TEST7,a,1,2", "A,2026-01-05,2,a,1,2"
    )
    result = read(path, a_map(drop=drop))
    assert result.dropped == {"zero-quantity": 1, "test-shop": 1}
    assert (result.bad, len(result.rows)) == ([], 1)


def test_quoted_text_is_compared_as_text_and_a_bare_number_as_a_number(tmp_path):
    drop = [{"reason": "text", "when": {"column": "quantity", "equals": "0"}}]
    path = an_order_file(tmp_path, "A,2026-01-05,1,a,0.0,2", "A,2026-01-05,1,a,0,2")
    assert read(path, a_map(drop=drop)).dropped == {"text": 1}


def test_categories_are_renamed_and_unexpected_ones_counted(tmp_path):
    path = a_file(tmp_path, "customer,at,c\nA,2026-01-05,ELEC\nA,2026-01-05,odd\nA,2026-01-05,\n")
    parts = dict.fromkeys(("item", "session", "quantity", "price"))
    category = {"column": "c", "map": {"ELEC": "electronics"}, "known": ["electronics"]}
    result = read(path, a_map(category=category, **parts))
    assert result.column("category") == ["electronics", "odd", None]
    assert result.findings == {"unknown-category": 1, "no-category": 1}


def test_a_look_up_never_makes_two_rows_of_one(tmp_path):
    a_file(tmp_path, "item,group\na,food\na,food\nb,toys\nb,games\n", "goods.csv")
    look_ups = {"join": [{"file": "goods.csv", "on": "item", "take": {"group": "group"}}]}
    path = an_order_file(
        tmp_path, "A,2026-01-05,1,a,1,1", "A,2026-01-05,1,b,1,1", "A,2026-01-05,1,c,1,1"
    )
    result = read(path, a_map(source=look_ups, category="group"))
    assert result.column("category") == ["food", None, None]
    assert result.findings["contradicting-look-up-keys"] == 1
    assert result.findings["no-record-for-group"] == 1


def test_two_look_ups_where_the_second_uses_what_the_first_gave(tmp_path):
    a_file(tmp_path, "item,group\na,g1\n", "goods.csv")
    a_file(tmp_path, "id,name\ng1,Food\n", "groups.csv")
    look_ups = {
        "join": [
            {"file": "goods.csv", "on": "item", "take": {"group": "group"}},
            {"file": "groups.csv", "on": "group", "key": "id", "take": {"name": "name"}},
        ]
    }
    result = read(
        an_order_file(tmp_path, "A,2026-01-05,1,a,1,1"), a_map(source=look_ups, category="name")
    )
    assert result.column("category") == ["Food"]


def test_extra_columns_have_the_type_that_the_mapping_says(tmp_path):
    path = a_file(tmp_path, f"{HEADER},brand,off,points\nA,2026-01-05,1,a,1,1,Acme,0.25,12\n")
    extra = {
        "brand": "brand",
        "discount": {"column": "off", "type": "decimal"},
        "points": {"column": "points", "type": "integer"},
    }
    (row,) = read(path, a_map(extra=extra)).rows
    assert (row["brand"], row["discount"], row["points"]) == ("Acme", e4(0.25), 12)


# places of broken rows


def test_broken_rows_are_put_aside_with_line_and_text(tmp_path):
    path = an_order_file(
        tmp_path,
        "A,2026-01-05,1,a,1,1",
        "B,2026-01-05,1,a",
        "C,2026-01-05,1,a,1,1,1",
        "D,no time,1,a,1,1",
        'E,2026-01-05,1,"a" b,1,1',
        "F,2026-01-05,1,a,1,1",
    )
    result = read(path, a_map())
    assert result.column("subject") == ["A", "F"]
    assert [(bad.line, bad.reason) for bad in result.bad] == [
        (3, "too-few-columns"),
        (4, "too-many-columns"),
        (5, "bad-time"),
        (6, "broken-quote"),
    ]
    assert result.bad[0].content == '"B,2026-01-05,1,a"'
    assert '"customer":"D"' in result.bad[2].content
    assert result.count == 6


def test_the_line_is_right_behind_blank_lines_and_quoted_line_ends(tmp_path):
    path = an_order_file(
        tmp_path,
        'A,2026-01-05,1,"two\nlines",1,1',
        "",
        "B,no time,1,a,1,1",
        "C,2026-01-05,1",
        "D,no time,1,a,1,1",
    )
    result = read(path, a_map())
    assert [(bad.line, bad.reason) for bad in result.bad] == [
        (5, "bad-time"),
        (6, "too-few-columns"),
        (7, "bad-time"),
    ]


def test_where_quotes_do_not_add_up_the_row_is_told_and_no_wrong_line(tmp_path):
    path = an_order_file(
        tmp_path,
        'A,2026-01-05,1,5" nail,1,1',
        "B,no time,1,a,1,1",
        'A,2026-01-05,1,6" nail,1,1',
        "",
        "C,2026-01-05,1,a,1,1",
        "D,2026-01-05,1,a,1,1",
    )
    (bad,) = read(path, a_map()).bad
    assert (bad.line, bad.row) == (None, 2)


def test_a_quote_that_never_closes_counts_every_line_it_swallows(tmp_path):
    rows = [f"A,2026-01-05,{number},a,1,1" for number in range(5)]
    path = an_order_file(tmp_path, "A,2026-01-05,1,a,1,1", 'B,2026-01-05,1,"a,1,1', *rows)
    result = read(path, a_map())
    assert result.reasons == {"broken-quote": 6}
    assert result.count == 7


def test_the_parquet_row_is_told_instead_of_a_line(tmp_path):
    path = parquet(
        tmp_path,
        "SELECT 'A' customer, unnest(['2026-01-05', 'x']) AS \"at\", 'o' AS \"order\", 'a' item, "
        "1 quantity, 1 price",
    )
    (bad,) = read(path, a_map()).bad
    assert (bad.line, bad.row) == (None, 2)


def test_two_pieces_of_one_file_give_the_same_as_one(tmp_path, monkeypatch):
    monkeypatch.setattr(source, "_MANY_ROWS", 100)
    path = parquet(
        tmp_path,
        "SELECT i % 97 AS customer, TIMESTAMP '2026-01-05' + to_seconds(i) AS \"at\", "
        'i // 3 AS "order", i % 11 AS item, 1 quantity, 1.5 price FROM range(1000) t(i)',
    )
    together = read(path, a_map(), threads=1)
    split = read(path, a_map(), threads=2)
    assert together.count == split.count == 1000
    assert together.column("dedup") == split.column("dedup")


def test_a_mapping_that_names_columns_that_are_not_there_says_where(tmp_path):
    path = a_file(tmp_path, "custmer,at,order,item,quantity,price\nA,2026-01-05,1,a,1,1\n")
    with pytest.raises(BadInput) as caught:
        read(path, a_map())
    (problem,) = caught.value.problems
    assert (problem.code, problem.line) == ("unknown-column", 1)
    assert problem.hint == 'did you mean "custmer"?'


def test_a_header_that_is_none_is_not_repeated_in_the_message(tmp_path):
    path = a_file(tmp_path, "Ann Smith,2026-01-05,1,a,1,1\nBob,2026-01-05,1,a,1,1\n")
    with pytest.raises(BadInput) as caught:
        read(path, a_map())
    assert caught.value.code == "missing-header"
    assert "Ann" not in f"{caught.value.message}{caught.value.hint}{caught.value.problems}"
