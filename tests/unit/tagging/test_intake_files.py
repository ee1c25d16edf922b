# SPDX-License-Identifier: Apache-2.0
"""A file that is empty, binary, cut off or wrongly encoded gets one clear error, before anything."""

import gzip

import pytest

from audit.errors import BadInput
from tagging.intake.encoding import guess_encoding
from tests.intake import HEADER, a_file, a_map, an_order_file, read

ROWS = [f"A{n},2026-01-05,1,Käse,1,1" for n in range(3)]


def fault(path, **parts):
    with pytest.raises(BadInput) as caught:
        read(path, a_map(**parts))
    return caught.value


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.csv", b"", "file-empty"),
        ("blank.csv", b"\n\r\n\n", "file-empty"),
        ("header.csv", HEADER.encode() + b"\n", "file-empty"),
        ("mark.csv", b"\xef\xbb\xbf", "file-empty"),
        ("sheet.csv", b"PK\x03\x04" + bytes(60), "file-binary"),
        ("old.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60), "file-binary"),
        ("paper.csv", b"%PDF-1.7\n" + bytes(60), "file-binary"),
        ("noise.csv", bytes(range(256)) * 8, "file-binary"),
        ("late.csv", HEADER.encode() + b"\nA,2026-01-05,1,a\0,1,1\n", "file-binary"),
        ("array.json", b'[{"customer": "A"}]', "file-unreadable"),
        ("words.jsonl", b"hello\nworld\n", "file-unreadable"),
        ("text.parquet", b"customer,at\nA,2026-01-05\n", "file-unreadable"),
    ],
)
def test_what_is_no_table_of_rows(tmp_path, name, content, code):
    found = fault(a_file(tmp_path, content, name))
    assert found.code == code
    assert found.hint


def test_a_binary_end_far_behind_the_first_bytes(tmp_path):
    rows = "\n".join(f"A{n},2026-01-05,1,a,1,1" for n in range(2000))
    path = a_file(tmp_path, f"{HEADER}\n{rows}\n".encode() + b"A,\0\0,\n")
    assert fault(path).code == "file-binary"


def test_a_folder_and_a_file_that_is_not_there(tmp_path):
    assert fault(tmp_path).code == "file-unreadable"
    assert fault(tmp_path / "none.csv").code == "file-unreadable"


def test_latin_1_that_is_called_utf_8_says_line_and_way_out(tmp_path):
    found = fault(an_order_file(tmp_path, *ROWS, encoding="latin-1"))
    assert (found.code, found.facts["line"]) == ("file-encoding", 2)
    assert "latin-1" in found.hint


def test_gb18030_that_is_called_utf_8_is_recognised(tmp_path):
    text = f"{HEADER}\nA,2026-01-05,1,电子产品和家用电器,1,1\n"
    found = fault(a_file(tmp_path, text, encoding="gb18030"))
    assert (found.code, "gb18030" in found.hint) == ("file-encoding", True)


def test_utf_16_that_is_called_utf_8_is_recognised(tmp_path):
    found = fault(an_order_file(tmp_path, *ROWS, encoding="utf-16"))
    assert (found.code, "utf-16" in found.hint) == ("file-encoding", True)


def test_utf_8_that_is_called_gb18030_does_not_pass(tmp_path):
    found = fault(an_order_file(tmp_path, *ROWS), source={"encoding": "gb18030"})
    assert found.code == "file-encoding"


def test_no_message_repeats_a_value_of_the_file(tmp_path):
    found = fault(a_file(tmp_path, f"{HEADER}\nAnn Smith,\xe9".encode("latin-1")))
    assert "Ann" not in f"{found.message}{found.hint}{found.facts}"


def test_a_packed_file_that_is_cut_off(tmp_path):
    data = gzip.compress("\n".join([HEADER, *ROWS]).encode() * 50)
    assert fault(a_file(tmp_path, data[: len(data) // 2], "a.csv.gz")).code == "file-truncated"


def test_a_packed_file_whose_check_sum_is_wrong(tmp_path):
    data = bytearray(gzip.compress("\n".join([HEADER, *ROWS]).encode()))
    data[-6] ^= 0xFF
    assert fault(a_file(tmp_path, bytes(data), "a.csv.gz")).code == "file-truncated"


@pytest.mark.parametrize("keep", [0.3, 0.9, 0.999])
def test_a_parquet_file_that_is_cut_off(tmp_path, keep):
    import duckdb

    whole = tmp_path / "whole.parquet"
    with duckdb.connect() as db:
        db.execute(f"COPY (SELECT i AS customer FROM range(5000) t(i)) TO '{whole}'")
    data = whole.read_bytes()
    cut = a_file(tmp_path, data[: int(len(data) * keep)], "cut.parquet")
    assert fault(cut).code == "file-truncated"


def test_a_parquet_file_with_a_damaged_footer(tmp_path):
    import duckdb

    whole = tmp_path / "whole.parquet"
    with duckdb.connect() as db:
        db.execute(f"COPY (SELECT i AS customer FROM range(5000) t(i)) TO '{whole}'")
    data = bytearray(whole.read_bytes())
    data[-120:-8] = bytes(112)
    assert fault(a_file(tmp_path, bytes(data), "cut.parquet")).code == "file-unreadable"


@pytest.mark.parametrize("end", ["B,2026-01-05,1", 'B,2026-01-05,1,"abc'])
def test_a_text_whose_last_row_is_cut_off(tmp_path, end):
    found = fault(a_file(tmp_path, f"{HEADER}\nA,2026-01-05,1,a,1,1\n{end}"))
    assert (found.code, found.facts["line"]) == ("file-truncated", 3)


def test_a_last_row_without_a_line_end_is_a_row(tmp_path):
    path = a_file(tmp_path, f"{HEADER}\nA,2026-01-05,1,a,1,1")
    assert read(path, a_map()).column("subject") == ["A"]


def test_json_lines_whose_last_line_is_cut_off(tmp_path):
    path = a_file(tmp_path, '{"customer": "A", "at": "2026-01-05"}\n{"customer": "B', "a.jsonl")
    parts = dict.fromkeys(("item", "session", "quantity", "price"))
    assert fault(path, **parts).code == "file-truncated"


def test_a_text_that_ends_inside_a_character(tmp_path):
    data = f"{HEADER}\nA,2026-01-05,1,商".encode()[:-1]
    assert fault(a_file(tmp_path, data)).code == "file-truncated"


def test_names_that_do_not_fit_the_first_row(tmp_path):
    path = a_file(tmp_path, "A,2026-01-05,1\n")
    assert fault(path, source={"header": False, "columns": ["a", "b"]}).code == "column-count"


def test_a_name_that_two_columns_have(tmp_path):
    path = a_file(tmp_path, f"{HEADER},price\nA,2026-01-05,1,a,1,1,2\n")
    found = fault(path)
    assert [problem.code for problem in found.problems] == ["duplicate-column"]


def test_a_look_up_without_the_column(tmp_path):
    a_file(tmp_path, "item,group\na,food\n", "goods.csv")
    source = {"join": [{"file": "goods.csv", "on": "item", "take": {"kind": "kind"}}]}
    path = an_order_file(tmp_path, *ROWS)
    assert fault(path, source=source, category="kind").code == "lookup-column"
    source = {"join": [{"file": "none.csv", "on": "item", "take": {"kind": "kind"}}]}
    assert fault(path, source=source, category="kind").code == "file-unreadable"


def test_a_mapping_for_a_database_is_not_used_on_a_file(tmp_path):
    path = an_order_file(tmp_path, *ROWS)
    assert fault(path, source={"format": "database", "table": "x"}).code == "not-a-file"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("商品,数量\n电子产品,1\n", "utf-8"),
        ("商品,数量\n电子产品,1\n", "gb18030"),
        ("naïve café,1\n", "latin-1"),
        ("商品,数量\n", "utf-16"),
    ],
)
def test_the_encoding_is_guessed_for_a_proposal(text, encoding):
    assert guess_encoding(text.encode(encoding)) == encoding
