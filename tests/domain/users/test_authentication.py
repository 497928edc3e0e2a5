"""Passwords are checked with the same work and answer in every case, throttled before the work is done."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from authserver.context import SYSTEM, Actor
from authserver.domain.audit import AuditEvent
from authserver.domain.sessions import known_browsers
from authserver.domain.users import authentication, second_factors, users
from authserver.domain.users.authentication import (
    PasswordAuthenticator,
    PendingSecondFactor,
    SignInAttempt,
    WrongCredentials,
)
from authserver.domain.users.users import User
from authserver.errors import Throttled
from authserver.settings import Settings
from tests.support.people import PASSWORD
from tests.support.second_factors import set_up

HERE = Actor("anonymous", address="192.0.2.1", channel="browser")
ELSEWHERE = Actor("anonymous", address="198.51.100.1", channel="browser")


class CountingPasswords:
    """The real passwords, counting how often they were asked to do the work."""

    def __init__(self, passwords):
        self._passwords = passwords
        self.verified = 0

    def verify(self, stored, password):
        self.verified += 1
        return self._passwords.verify(stored, password)

    def __getattr__(self, name):
        return getattr(self._passwords, name)


@pytest.fixture
def settings(settings):
    return settings.model_copy(
        update={
            "sign_in_attempts": 3,
            "sign_in_attempts_per_account": 7,
            "sign_in_attempts_per_network": 5,
            "password_hash_concurrency": 8,
        }
    )


@pytest.fixture
def passwords(services):
    return CountingPasswords(services.passwords)


@pytest.fixture
def authenticator(services, passwords, people):
    return PasswordAuthenticator(services.settings, services.database, services.vault, passwords)


def refuse(authenticator, *attempts, actor=HERE):
    for attempt in attempts:
        with pytest.raises(WrongCredentials):
            authenticator.check(actor, attempt)


def confirm(database, proof):
    with database.transaction() as db:
        return authentication.complete_sign_in(db, proof)


def test_the_right_password_proves_who_it_is(authenticator, database):
    assert confirm(database, authenticator.check(HERE, SignInAttempt("alice", PASSWORD))).username == "alice"


@pytest.mark.parametrize("spelling", ["ALICE", " alice ", "\uff41lice"])
def test_spellings_of_a_name_are_one_name(authenticator, spelling):
    assert authenticator.check(HERE, SignInAttempt(spelling, PASSWORD)).username == "alice"


@pytest.mark.parametrize(
    "attempt",
    [
        SignInAttempt("alice", "wrong"),
        SignInAttempt("alice", ""),
        SignInAttempt("alice", PASSWORD + " "),
        SignInAttempt("alice", "x" * 100_000),
        SignInAttempt("alice", "\ud800"),
        SignInAttempt("alice", "nul\0"),
        SignInAttempt("nobody", PASSWORD),
        SignInAttempt("", ""),
        SignInAttempt("\0", PASSWORD),
        SignInAttempt("\ud800", PASSWORD),
        SignInAttempt("n" * 60_000, PASSWORD),
        SignInAttempt("charlie", PASSWORD),
    ],
)
def test_every_refusal_is_the_same_and_costs_the_same(authenticator, database, passwords, people, attempt):
    with database.transaction() as db:
        users.disable(db, SYSTEM, db.get_one(User, people["charlie"].id))
    with pytest.raises(WrongCredentials, match="The user name or the password is wrong"):
        authenticator.check(HERE, attempt)
    assert passwords.verified == 1


def test_too_many_tries_are_refused_without_the_work(authenticator, passwords):
    refuse(authenticator, *[SignInAttempt("alice", "wrong")] * 3)
    with pytest.raises(Throttled):
        authenticator.check(HERE, SignInAttempt("alice", PASSWORD))
    assert passwords.verified == 3


def test_a_name_that_nobody_has_is_throttled_alike(authenticator):
    refuse(authenticator, *[SignInAttempt("nobody", "wrong")] * 3)
    with pytest.raises(Throttled):
        authenticator.check(HERE, SignInAttempt("nobody", "wrong"))


def test_another_network_is_not_throttled(authenticator):
    refuse(authenticator, *[SignInAttempt("alice", "wrong")] * 3)
    assert authenticator.check(ELSEWHERE, SignInAttempt("alice", PASSWORD))


def test_one_network_cannot_try_many_accounts(authenticator):
    refuse(authenticator, *[SignInAttempt(f"user{number}", "wrong") for number in range(5)])
    with pytest.raises(Throttled):
        authenticator.check(HERE, SignInAttempt("alice", PASSWORD))


def test_many_networks_cannot_try_one_account(authenticator):
    for number in range(7):
        refuse(
            authenticator,
            SignInAttempt("alice", "wrong"),
            actor=Actor("anonymous", address=f"198.51.{number}.1"),
        )
    with pytest.raises(Throttled):
        authenticator.check(HERE, SignInAttempt("alice", PASSWORD))


def test_success_costs_nothing(authenticator, database):
    for _ in range(10):
        confirm(database, authenticator.check(HERE, SignInAttempt("alice", PASSWORD)))
    refuse(authenticator, *[SignInAttempt("alice", "wrong")] * 2)
    assert authenticator.check(HERE, SignInAttempt("alice", PASSWORD)), (
        "all tries but the two that failed are left"
    )


def test_the_owner_is_not_shut_out_of_a_browser_that_knows_them(authenticator, services, alice):
    carried = known_browsers.remember_browser(services.vault, "", alice.id, alice.epoch)
    for number in range(7):
        refuse(
            authenticator,
            SignInAttempt("alice", "wrong"),
            actor=Actor("anonymous", address=f"198.51.{number}.1"),
        )
    refuse(authenticator, *[SignInAttempt(f"user{number}", "wrong") for number in range(5)])
    assert authenticator.check(HERE, SignInAttempt("alice", PASSWORD, carried))


def test_a_known_browser_has_a_limit_of_its_own(authenticator, services, alice):
    carried = known_browsers.remember_browser(services.vault, "", alice.id, alice.epoch)
    refuse(authenticator, *[SignInAttempt("alice", "wrong", carried)] * 3)
    with pytest.raises(Throttled):
        authenticator.check(HERE, SignInAttempt("alice", PASSWORD, carried))


def test_a_browser_that_knows_one_person_is_a_stranger_to_another(services, people):
    alice, bob = people["alice"], people["bob"]
    carried = known_browsers.remember_browser(services.vault, "", alice.id, alice.epoch)
    assert known_browsers.recognise(services.vault, carried, alice.id, alice.epoch)
    assert known_browsers.recognise(services.vault, carried, bob.id, bob.epoch) is None
    assert known_browsers.recognise(services.vault, carried, alice.id, alice.epoch + 1) is None


def test_a_browser_can_know_several_people(services, people):
    carried = ""
    for user in people.values():
        carried = known_browsers.remember_browser(services.vault, carried, user.id, user.epoch)
    assert all(
        known_browsers.recognise(services.vault, carried, user.id, user.epoch) for user in people.values()
    )


def test_a_browser_that_knew_a_person_before_their_second_factor_has_no_budget_for_codes(
    app, authenticator, services, database, alice
):
    """Whoever collected known browsers with a stolen password guesses codes within the account's one budget."""
    collected = [known_browsers.remember_browser(services.vault, "", alice.id, alice.epoch) for _ in range(3)]
    set_up(app)
    with database.transaction() as db:
        factor = second_factors.enrolment(db, alice.id)
    half = PendingSecondFactor(alice.id, alice.epoch)
    for carried in collected:
        authenticator.charge_code(half, carried)
    with pytest.raises(Throttled):
        authenticator.charge_code(half, collected[0])
    proved = known_browsers.remember_browser(services.vault, collected[0], alice.id, alice.epoch, factor)
    assert authenticator.charge_code(half, proved)
    assert known_browsers.recognise(services.vault, proved, alice.id, alice.epoch, "another") is None


def test_a_browser_carries_one_word_for_a_person(services, alice):
    before = known_browsers.remember_browser(services.vault, "", alice.id, alice.epoch)
    after = known_browsers.remember_browser(services.vault, before, alice.id, alice.epoch, "app")
    assert "~" not in after
    assert (
        known_browsers.recognise(services.vault, after, alice.id, alice.epoch, "app") == before.split(".")[0]
    )


@pytest.mark.parametrize(
    "carried", ["x", "a.b.c", "a.b.c.d", "a.b.c.d.e", "a.b.%s.d", "~", "é", "." * 1001, "a.%s.c"]
)
def test_a_made_up_word_is_not_recognised(services, alice, carried):
    carried = carried.replace("%s", services.vault.pepper_id)
    assert known_browsers.recognise(services.vault, carried, alice.id, alice.epoch) is None


def test_parallel_guesses_are_admitted_up_to_the_limit(authenticator, passwords):
    def guess(number):
        try:
            authenticator.check(HERE, SignInAttempt("alice", f"wrong {number}"))
        except WrongCredentials:
            return "refused"
        except Throttled:
            return "throttled"

    with ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(guess, range(50)))
    assert (answers.count("refused"), answers.count("throttled")) == (3, 47)
    assert passwords.verified == 3


def test_a_busy_process_gives_the_try_back(authenticator, passwords, monkeypatch):
    def busy(stored, password):
        raise Throttled(5)

    with monkeypatch.context() as patch:
        patch.setattr(passwords, "verify", busy, raising=False)
        for _ in range(5):
            with pytest.raises(Throttled):
                authenticator.check(HERE, SignInAttempt("alice", PASSWORD))
    assert authenticator.check(HERE, SignInAttempt("alice", PASSWORD))


@pytest.mark.parametrize("change", ["disable", "set_password"])
def test_a_proof_is_worth_nothing_once_the_account_changed(authenticator, database, alice, change):
    proof = authenticator.check(HERE, SignInAttempt("alice", PASSWORD))
    with database.transaction() as db:
        user = db.get_one(User, alice.id)
        users.disable(db, SYSTEM, user) if change == "disable" else users.set_password(db, SYSTEM, user, "x")
    with pytest.raises(WrongCredentials):
        confirm(database, proof)


def test_a_password_is_hashed_anew_when_the_settings_ask_for_more_work(services, database, people):
    stronger = Settings(
        **services.settings.model_dump(exclude={"password_hash_rounds"}), password_hash_rounds=2
    )
    authenticator = PasswordAuthenticator(
        stronger, database, services.vault, type(services.passwords)(stronger)
    )
    before = people["alice"].password_hash
    user = confirm(database, authenticator.check(HERE, SignInAttempt("alice", PASSWORD)))
    assert user.password_hash != before
    assert authenticator.check(HERE, SignInAttempt("alice", PASSWORD)).new_hash is None


def test_refusals_are_recorded_without_what_was_typed(authenticator, database, people):
    with database.transaction() as db:
        users.disable(db, SYSTEM, db.get_one(User, people["bob"].id))
    refuse(
        authenticator,
        SignInAttempt("alice", "secret one"),
        SignInAttempt("secret two", "x"),
        SignInAttempt("bob", PASSWORD),
    )
    with database.transaction(write=False) as db:
        query = select(AuditEvent).where(AuditEvent.event == "session:refuse").order_by(AuditEvent.id)
        rows = list(db.scalars(query))
    assert [(row.subject_name, row.after["reason"]) for row in rows] == [
        ("alice", "wrong password"),
        ("", "no such user"),
        ("bob", "account disabled"),
    ]
    assert "secret" not in str([vars(row) for row in rows])


def test_the_refusal_that_fills_a_bucket_says_so(authenticator, database):
    refuse(authenticator, *[SignInAttempt("alice", "wrong")] * 3)
    with database.transaction(write=False) as db:
        rows = db.scalars(
            select(AuditEvent.after).where(AuditEvent.event == "session:refuse").order_by(AuditEvent.id)
        )
        assert ["throttled" in after for after in rows] == [False, False, True]
