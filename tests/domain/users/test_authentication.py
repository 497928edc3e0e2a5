"""Password authentication: equal work and equal errors in every case, and throttling before any work."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from authserver.context import SYSTEM, Actor
from authserver.domain.audit import AuditEvent
from authserver.domain.users import authentication, known_browsers, second_factors, users
from authserver.domain.users.authentication import (
    CodeAttempt,
    PasswordAuthenticator,
    PendingSecondFactor,
    SignInAttempt,
    WrongCredentials,
)
from authserver.domain.users.users import User
from authserver.errors import Throttled
from authserver.settings import Settings
from tests.support.sample_users import PASSWORD
from tests.support.second_factors import set_up

HERE = Actor("anonymous", address="192.0.2.1", channel="browser")
ELSEWHERE = Actor("anonymous", address="198.51.100.1", channel="browser")


class CountingPasswords:
    """Verifies passwords as the application does, and counts the verifications."""

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
def authenticator(services, passwords, sample_users):
    return PasswordAuthenticator(services.settings, services.database, services.vault, passwords)


def fail_attempts(authenticator, *attempts, actor=HERE):
    for attempt in attempts:
        with pytest.raises(WrongCredentials):
            authenticator.check(actor, attempt)


def confirm(database, proof):
    with database.transaction() as db:
        return authentication.complete_sign_in(db, proof)


def test_correct_password_signs_in(authenticator, database):
    assert confirm(database, authenticator.check(HERE, SignInAttempt("alice", PASSWORD))).username == "alice"


@pytest.mark.parametrize("spelling", ["ALICE", " alice ", "\uff41lice"])
def test_spelling_variants_of_a_user_name_are_equal(authenticator, spelling):
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
def test_all_failures_have_equal_errors_and_equal_work(
    authenticator, database, passwords, sample_users, attempt
):
    with database.transaction() as db:
        users.disable(db, SYSTEM, db.get_one(User, sample_users["charlie"].id))
    with pytest.raises(WrongCredentials, match="The user name or password is wrong"):
        authenticator.check(HERE, attempt)
    assert passwords.verified == 1


def test_throttled_attempt_does_no_hashing(authenticator, passwords):
    fail_attempts(authenticator, *[SignInAttempt("alice", "wrong")] * 3)
    with pytest.raises(Throttled):
        authenticator.check(HERE, SignInAttempt("alice", PASSWORD))
    assert passwords.verified == 3


def test_unknown_user_name_is_throttled_too(authenticator):
    fail_attempts(authenticator, *[SignInAttempt("nobody", "wrong")] * 3)
    with pytest.raises(Throttled):
        authenticator.check(HERE, SignInAttempt("nobody", "wrong"))


def test_other_networks_are_not_throttled(authenticator):
    fail_attempts(authenticator, *[SignInAttempt("alice", "wrong")] * 3)
    assert authenticator.check(ELSEWHERE, SignInAttempt("alice", PASSWORD))


def test_attempts_of_one_network_on_many_accounts_are_throttled(authenticator):
    fail_attempts(authenticator, *[SignInAttempt(f"user{number}", "wrong") for number in range(5)])
    with pytest.raises(Throttled):
        authenticator.check(HERE, SignInAttempt("alice", PASSWORD))


def test_attempts_of_many_networks_on_one_account_are_throttled(authenticator):
    for number in range(7):
        fail_attempts(
            authenticator,
            SignInAttempt("alice", "wrong"),
            actor=Actor("anonymous", address=f"198.51.{number}.1"),
        )
    with pytest.raises(Throttled):
        authenticator.check(HERE, SignInAttempt("alice", PASSWORD))


def test_successful_sign_in_is_refunded(authenticator, database):
    for _ in range(10):
        confirm(database, authenticator.check(HERE, SignInAttempt("alice", PASSWORD)))
    fail_attempts(authenticator, *[SignInAttempt("alice", "wrong")] * 2)
    assert authenticator.check(HERE, SignInAttempt("alice", PASSWORD)), (
        "all attempts except the two failed ones are refunded"
    )


def test_known_browser_is_not_locked_out_by_other_networks(authenticator, services, alice):
    cookie_value = known_browsers.remember_browser(services.vault, "", alice.id, alice.epoch)
    for number in range(7):
        fail_attempts(
            authenticator,
            SignInAttempt("alice", "wrong"),
            actor=Actor("anonymous", address=f"198.51.{number}.1"),
        )
    fail_attempts(authenticator, *[SignInAttempt(f"user{number}", "wrong") for number in range(5)])
    assert authenticator.check(HERE, SignInAttempt("alice", PASSWORD, cookie_value))


def test_known_browser_has_its_own_limit(authenticator, services, alice):
    cookie_value = known_browsers.remember_browser(services.vault, "", alice.id, alice.epoch)
    fail_attempts(authenticator, *[SignInAttempt("alice", "wrong", cookie_value)] * 3)
    with pytest.raises(Throttled):
        authenticator.check(HERE, SignInAttempt("alice", PASSWORD, cookie_value))


def test_browser_is_known_only_for_its_own_users(services, sample_users):
    alice, bob = sample_users["alice"], sample_users["bob"]
    cookie_value = known_browsers.remember_browser(services.vault, "", alice.id, alice.epoch)
    assert known_browsers.find_browser_id(services.vault, cookie_value, alice.id, alice.epoch)
    assert known_browsers.find_browser_id(services.vault, cookie_value, bob.id, bob.epoch) is None
    assert known_browsers.find_browser_id(services.vault, cookie_value, alice.id, alice.epoch + 1) is None


def test_browser_can_be_known_for_several_users(services, sample_users):
    cookie_value = ""
    for user in sample_users.values():
        cookie_value = known_browsers.remember_browser(services.vault, cookie_value, user.id, user.epoch)
    assert all(
        known_browsers.find_browser_id(services.vault, cookie_value, user.id, user.epoch)
        for user in sample_users.values()
    )


def test_browser_known_before_the_second_factor_has_no_extra_attempts(
    app, authenticator, services, database, alice
):
    """A browser that became known by the password alone counts as unknown when a code is checked."""
    collected = [known_browsers.remember_browser(services.vault, "", alice.id, alice.epoch) for _ in range(3)]
    set_up(app)
    with database.transaction() as db:
        factor = second_factors.enrollment_id(db, alice.id)
    pending = PendingSecondFactor(alice.id, alice.epoch)
    for cookie_value in collected:
        authenticator.charge_code(pending, CodeAttempt("000000", cookie_value, HERE.address))
    with pytest.raises(Throttled):
        authenticator.charge_code(pending, CodeAttempt("000000", collected[0], HERE.address))
    proved = known_browsers.remember_browser(services.vault, collected[0], alice.id, alice.epoch, factor)
    assert authenticator.charge_code(pending, CodeAttempt("000000", proved, HERE.address))
    assert known_browsers.find_browser_id(services.vault, proved, alice.id, alice.epoch, "another") is None


def test_cookie_contains_one_value_per_user(services, alice):
    before = known_browsers.remember_browser(services.vault, "", alice.id, alice.epoch)
    after = known_browsers.remember_browser(services.vault, before, alice.id, alice.epoch, "app")
    assert "~" not in after
    assert (
        known_browsers.find_browser_id(services.vault, after, alice.id, alice.epoch, "app")
        == before.split(".")[0]
    )


@pytest.mark.parametrize(
    "cookie_value", ["x", "a.b.c", "a.b.c.d", "a.b.c.d.e", "a.b.%s.d", "~", "é", "." * 1001, "a.%s.c"]
)
def test_forged_value_is_not_recognized(services, alice, cookie_value):
    cookie_value = cookie_value.replace("%s", services.vault.pepper_id)
    assert known_browsers.find_browser_id(services.vault, cookie_value, alice.id, alice.epoch) is None


def test_parallel_guesses_share_the_limit(authenticator, passwords):
    def guess(number):
        try:
            authenticator.check(HERE, SignInAttempt("alice", f"wrong {number}"))
        except WrongCredentials:
            return "refused"
        except Throttled:
            return "throttled"

    with ThreadPoolExecutor(50) as threads:
        responses = list(threads.map(guess, range(50)))
    assert (responses.count("refused"), responses.count("throttled")) == (3, 47)
    assert passwords.verified == 3


def test_attempt_is_refunded_if_the_process_is_busy(authenticator, passwords, monkeypatch):
    def busy(stored, password):
        raise Throttled(5)

    with monkeypatch.context() as patch:
        patch.setattr(passwords, "verify", busy, raising=False)
        for _ in range(5):
            with pytest.raises(Throttled):
                authenticator.check(HERE, SignInAttempt("alice", PASSWORD))
    assert authenticator.check(HERE, SignInAttempt("alice", PASSWORD))


@pytest.mark.parametrize("change", ["disable", "set_password"])
def test_password_check_is_void_after_a_change_of_the_account(authenticator, database, alice, change):
    proof = authenticator.check(HERE, SignInAttempt("alice", PASSWORD))
    with database.transaction() as db:
        user = db.get_one(User, alice.id)
        users.disable(db, SYSTEM, user) if change == "disable" else users.set_password(db, SYSTEM, user, "x")
    with pytest.raises(WrongCredentials):
        confirm(database, proof)


def test_password_is_rehashed_after_the_work_factor_is_raised(services, database, sample_users):
    stronger = Settings(
        **services.settings.model_dump(exclude={"password_hash_rounds"}), password_hash_rounds=2
    )
    authenticator = PasswordAuthenticator(
        stronger, database, services.vault, type(services.passwords)(stronger)
    )
    before = sample_users["alice"].password_hash
    user = confirm(database, authenticator.check(HERE, SignInAttempt("alice", PASSWORD)))
    assert user.password_hash != before
    assert authenticator.check(HERE, SignInAttempt("alice", PASSWORD)).new_hash is None


def test_failures_are_recorded_without_the_typed_values(authenticator, database, sample_users):
    with database.transaction() as db:
        users.disable(db, SYSTEM, db.get_one(User, sample_users["bob"].id))
    fail_attempts(
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


def test_failure_that_exhausts_the_limit_is_marked_in_the_audit_event(authenticator, database):
    fail_attempts(authenticator, *[SignInAttempt("alice", "wrong")] * 3)
    with database.transaction(write=False) as db:
        rows = db.scalars(
            select(AuditEvent.after).where(AuditEvent.event == "session:refuse").order_by(AuditEvent.id)
        )
        assert ["throttled" in after for after in rows] == [False, False, True]


@pytest.mark.parametrize("spelling", ["alice@example.org", " ALICE@Example.org "])
def test_address_of_an_account_signs_in(authenticator, database, spelling):
    assert confirm(database, authenticator.check(HERE, SignInAttempt(spelling, PASSWORD))).username == "alice"


def test_address_of_another_account_does_not_sign_in(authenticator, database):
    """An address that several accounts have belongs to one of them."""
    with database.transaction() as db:
        bob = users.find(db, "bob")
        bob.email, bob.email_key, bob.password_hash = "alice@example.org", None, None
    proof = authenticator.check(HERE, SignInAttempt("alice@example.org", PASSWORD))
    assert confirm(database, proof).username == "alice"


def test_address_of_a_disabled_account_is_the_same_error(authenticator, database, passwords):
    """S19: the same error after the same work as for an unknown address."""
    with database.transaction() as db:
        users.disable(db, SYSTEM, users.find(db, "alice"))
    fail_attempts(authenticator, *(SignInAttempt(f"{name}@example.org", PASSWORD) for name in ("alice", "x")))
    assert passwords.verified == 2


def test_name_and_address_share_the_limit_of_the_account(authenticator):
    """S20: somebody who knows both has no more attempts."""
    names = ("alice", "alice@example.org", "ALICE@EXAMPLE.ORG")
    fail_attempts(authenticator, *(SignInAttempt(name, "wrong") for name in names))
    for name in names:
        with pytest.raises(Throttled):
            authenticator.check(HERE, SignInAttempt(name, PASSWORD))


def test_failed_sign_in_with_an_address_is_recorded_for_the_account(authenticator, database):
    fail_attempts(authenticator, SignInAttempt("alice@example.org", "wrong"))
    with database.transaction(write=False) as db:
        event = db.scalars(select(AuditEvent).order_by(AuditEvent.id.desc())).first()
    assert event.subject_name == "alice"
