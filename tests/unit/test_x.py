import pytest
from audit.clock import DAY, HOUR
from tests.consenting import *


@pytest.fixture
def house():
    return House()


def show(f):
    print(
        "\nUNF",
        f.unfounded,
        "assign",
        f.assignments,
        "EFF",
        [(e.stop, e.rested, e.late, e.standing) for e in f.effects],
        f.earlier_law,
        f.earlier_regime,
    )


def test_1_before_period_standing(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=100)
    house.says(1, "withdrawn", ago=50)
    house.assigned(tv, 1, ago=90)
    show(house.audit())


def test_3_never(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.assigned(tv, 1, ago=90)
    show(house.audit())


def test_2_unknown_run(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.assigned(tv, 1, ago=5)
    house.sql("UPDATE run SET state='failed'")
    show(house.audit())


def test_5_regime(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    tv2 = house.offers("interest.other")
    house.assigned(tv, 1, ago=5, until=2)
    house.assigned(tv2, 1, ago=5, until=5, by="regime")
    show(house.audit())


def test_6_expired(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=100, expires_at=at(50))
    house.assigned(tv, 1, ago=90)
    show(house.audit())


def test_7_kept_midway(house):
    house.people({1: ("gdpr", "18+")})
    tv = house.offers()
    house.says(1, ago=100, expires_at=at(20))
    house.says(1, ago=10)
    house.assigned(tv, 1, ago=90)
    for d in (18, 15, 5):
        house.ran(d)
    show(house.audit())
