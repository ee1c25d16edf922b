# SPDX-License-Identifier: Apache-2.0
"""A shop whose people have contacts on file, and a post that keeps what was sent to them.

python -m tests.knowing FOLDER REF COUNT START COUNTER    guesses at a challenge, as a process of its own
"""

import email
import email.policy
import os
import re
import sys
from pathlib import Path

from audit.clock import DAY, FixedClock
from audit.errors import Refused
from governance import authority
from governance.actor import Actor
from governance.identity import challenges
from governance.identity.messages import send_waiting
from governance.requests import desk, proving, row
from governance.requests.desk import Asked
from tests.workshop import NOON, a_folder, reopened

EMAIL = "user.contact.email"
PHONE = "user.contact.phone_number"
CLERK = Actor("clerk", "dsr")
CATEGORIES = {
    "email": EMAIL,
    "work_email": EMAIL,
    "phone": PHONE,
    "street": "user.contact.address.street",
    "city": "user.demographic",
    "plan": "user.demographic",
    "diet": "user.health_and_medical",
    "key": "user.unique_id",
}


class Post:
    """A shop with people, requests and a folder of letters."""

    def __init__(self, folder, regime="gdpr"):
        self.folder, self.letters, self.regime = a_folder(folder), folder / "post", regime
        settings = self.folder / "tagwarden.toml"
        text = settings.read_text("utf-8")
        assert text.count('# folder = ""') == 1
        text = text.replace('# folder = ""', f'folder = "{self.letters}"')
        settings.write_text(text, "utf-8")
        self.ws = self.opened()
        authority.add(self.ws, CLERK.name, ["dsr"])
        self.count = 0

    def opened(self):
        """Open the shop once more, as another process does."""
        return reopened(self.folder, clock=FixedClock(NOON + 100 * DAY))

    def close(self):
        self.ws.close()

    def has(self, who, *, class_id=1, at=NOON, **attributes):
        """Put attributes on file for a person."""
        ((_, _, cell),) = self.ws.people.seal([(who, class_id, attributes)])
        with self.ws.store.write() as unit:
            for key in attributes:
                unit.connection.exec_driver_sql(
                    "INSERT INTO attribute (key, category, class_id) VALUES (?, ?, ?) "
                    "ON CONFLICT (key) DO NOTHING",
                    (key, CATEGORIES[key], class_id),
                )
            unit.connection.exec_driver_sql(
                "INSERT OR REPLACE INTO sealedblob (subject_id, class_id, cell, sealed_at) "
                "VALUES (?, ?, ?, ?)",
                (who, class_id, cell, at),
            )

    def person(self, **attributes):
        """Admit a person with these attributes on file."""
        self.count += 1
        name = f"C-{self.count}"
        who = self.ws.people.admit("customer", [name])[name]
        with self.ws.store.write() as unit:
            unit.connection.exec_driver_sql(
                "INSERT INTO subject VALUES (?, ?, ?, '18+', 0)",
                (who, self.ws.people.sid([who])[who], self.regime),
            )
        if attributes:
            self.has(who, **attributes)
        return who

    def asks(self, who, kind="access", **more):
        """Take a request in; returns its number."""
        return desk.open_request(self.ws, Asked(kind, **more), who).ref

    def challenged(self, ref, contact=""):
        """Ask for proof and let what waits go out."""
        asked = proving.challenge(self.ws, ref, contact)
        send_waiting(self.ws)
        return asked

    def proven(self, ref, contact=""):
        """Ask for proof, read the letter, answer."""
        self.challenged(ref, contact)
        return proving.answer(self.ws, ref, code_in(self.last()))

    def sent(self):
        """Return the letters, in the order in which they went out."""
        files = sorted(self.letters.glob("*.eml"), key=lambda path: path.stat().st_mtime_ns)
        return [
            email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
            for path in files
        ]

    def last(self):
        return self.sent()[-1]

    def request(self, ref):
        with self.ws.store.read() as connection:
            return row.load(connection, ref)

    def rows(self, ref):
        with self.ws.store.read() as connection:
            return connection.exec_driver_sql(
                "SELECT * FROM challenge WHERE ref = ? ORDER BY made_at, id", (ref,)
            ).all()


def code_in(letter):
    return re.search(r"\b\d{8}\b", letter.get_content())[0]


def token_in(letter):
    return re.search(r"^[\w-]{43}$", letter.get_content(), re.MULTILINE)[0]


def counting(counter):
    """Let every comparison leave one byte in a file, whichever process makes it."""
    compare = challenges.matches

    def counted(*given):
        handle = os.open(counter, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(handle, b".")
        os.close(handle)
        return compare(*given)

    return counted


def guesses(ws, ref, count, start):
    """Guess codes; returns how many were refused."""
    refused = 0
    for number in range(start, start + count):
        try:
            proving.answer(ws, ref, f"{number:08}")
        except Refused as fault:
            assert fault.code == "proof-refused"  # noqa: PT017
            refused += 1
    return refused


if __name__ == "__main__":
    folder, ref, count, start, counter = sys.argv[1:]
    challenges.matches = counting(counter)
    opened = reopened(Path(folder), clock=FixedClock(NOON + 100 * DAY))
    sys.exit(guesses(opened, ref, int(count), int(start)) != int(count))
