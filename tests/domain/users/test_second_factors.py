"""The second factor: the test vectors of RFC 6238, single use under concurrency, and encrypted storage."""

import base64
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest
import time_machine
from sqlalchemy import MetaData, select

from authserver import clock
from authserver.context import SYSTEM
from authserver.domain import typed_codes
from authserver.domain.users import authenticator_apps, recovery_codes, second_factors, users
from authserver.domain.users.authenticator_apps import AuthenticatorApp, TotpSeed
from authserver.domain.users.recovery_codes import RecoveryCode
from authserver.domain.users.users import User
from authserver.domain.vault import KEY_BYTES, Key, Vault
from authserver.errors import Conflict, InvalidInput
from tests.support.second_factors import TotpApp, set_up

VECTOR_SEED = TotpSeed(base64.b32encode(b"12345678901234567890").decode())
# RFC 6238, appendix B, SHA-1: the last six of the eight digits.
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
    (20000000000, "353130"),
]
AT_ONCE = 16
NOON = datetime(2030, 1, 1, 12, 0, 5, tzinfo=UTC)


@pytest.fixture
def now():
    """Freeze the clock until the test moves it."""
    with time_machine.travel(NOON, tick=False) as traveler:
        yield traveler


@pytest.fixture
def totp_app(app, alice, now):
    return set_up(app)


def redeem(services, user, typed):
    with services.database.transaction() as db:
        return second_factors.redeem(db, services.vault, user.id, typed)


def redeem_at_once(services, user, typed):
    """Return the results of many threads that redeem the same code at once."""
    barrier = Barrier(AT_ONCE)

    def one(_number):
        barrier.wait(timeout=30)
        return redeem(services, user, typed)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(one, range(AT_ONCE)))


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_rfc6238_vectors(seconds, code):
    with time_machine.travel(datetime.fromtimestamp(seconds, UTC), tick=False):
        assert VECTOR_SEED.step_of(code) == seconds // 30


@pytest.mark.parametrize(("seconds", "code"), VECTORS[1:])
@pytest.mark.parametrize(("away", "is_valid"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_code_is_valid_for_one_step_before_and_after(seconds, code, away, is_valid):
    """Section 5.2: the clocks of the server and the device may differ by one step."""
    instant = datetime.fromtimestamp(seconds, UTC) + timedelta(seconds=away)
    with time_machine.travel(instant, tick=False):
        assert VECTOR_SEED.step_of(code) == (seconds // 30 if is_valid else None)


@pytest.mark.parametrize(
    "typed", ["", "28708", "2870820", "28708a", "２８７０８２", "²87082", "\0\0\0\0\0\0", "-87082", "+87082"]
)
def test_malformed_code_has_no_step(typed):
    with time_machine.travel(datetime.fromtimestamp(59, UTC), tick=False):
        assert VECTOR_SEED.step_of(typed) is None


def test_seeds_are_unique_and_long_enough():
    """RFC 4226, section 4: 160 bits."""
    seeds = {authenticator_apps.new_seed().text for _ in range(100)}
    assert {len(base64.b32decode(text)) for text in seeds} == {20}
    assert len(seeds) == 100


def test_code_works_once(services, alice, totp_app):
    assert redeem(services, alice, totp_app.code()) == second_factors.OTP
    assert redeem(services, alice, totp_app.code()) is None


def test_enrollment_code_cannot_be_reused(services, alice, totp_app):
    assert redeem(services, alice, totp_app.code(steps=-1)) is None


def test_spaces_in_a_code_are_ignored(services, alice, totp_app):
    code = totp_app.code()
    assert redeem(services, alice, f" {code[:3]} {code[3:]}\u00a0") == second_factors.OTP


def test_earlier_code_is_rejected_after_a_later_one(services, alice, totp_app, now):
    early = totp_app.code()
    now.shift(30)
    assert redeem(services, alice, totp_app.code()) == second_factors.OTP
    assert redeem(services, alice, early) is None


def test_code_cannot_be_reused_after_the_clock_goes_back(services, alice, totp_app, now):
    code = totp_app.code()
    assert redeem(services, alice, code) == second_factors.OTP
    now.shift(-30)
    assert redeem(services, alice, code) is None
    assert redeem(services, alice, totp_app.code()) is None
    now.shift(60)
    assert redeem(services, alice, totp_app.code()) == second_factors.OTP


def test_last_use_of_the_app_is_recorded(services, alice, totp_app, now):
    now.shift(3600)
    redeem(services, alice, totp_app.code())
    with services.database.transaction(write=False) as db:
        status = second_factors.status_of(db, alice.id)
    assert status == second_factors.SecondFactorStatus(NOON, NOON + timedelta(hours=1), 10)


def test_code_works_once_under_concurrency(services, alice, totp_app):
    outcomes = redeem_at_once(services, alice, totp_app.code())
    assert sorted(outcomes, key=str) == [None] * (AT_ONCE - 1) + [second_factors.OTP]


def test_recovery_code_works_once_under_concurrency(services, alice, totp_app):
    outcomes = redeem_at_once(services, alice, totp_app.recovery_codes[0])
    assert sorted(outcomes, key=str) == [None] * (AT_ONCE - 1) + [second_factors.RECOVERY]


def test_app_is_set_up_once_under_concurrency(services, alice, now):
    """Two tabs, each with its own seed: one seed is stored, and only its codes are valid."""
    barrier = Barrier(AT_ONCE)

    def one(_number):
        seed = authenticator_apps.new_seed()
        barrier.wait(timeout=30)
        try:
            with services.database.transaction() as db:
                user = users.get(db, alice.id)
                code = TotpApp(seed.text, []).code()
                return second_factors.enroll(db, services.vault, SYSTEM, user, seed, code)
        except Conflict:
            return None

    with ThreadPoolExecutor(AT_ONCE) as pool:
        [codes] = [found for found in pool.map(one, range(AT_ONCE)) if found]
    assert all(redeem(services, alice, code) == second_factors.RECOVERY for code in codes)


def test_each_recovery_code_works_once(services, alice, totp_app):
    assert len(set(totp_app.recovery_codes)) == recovery_codes.COUNT == 10
    for code in totp_app.recovery_codes:
        assert redeem(services, alice, code) == second_factors.RECOVERY
        assert redeem(services, alice, code) is None


@pytest.mark.parametrize(
    "write",
    [
        str.lower,
        lambda code: code.replace("-", ""),
        lambda code: code.replace("-", " "),
        lambda code: f"  {code.replace('-', '–')} ",
    ],
    ids=["lower case", "without hyphens", "spaces", "dashes"],
)
def test_recovery_code_ignores_case_hyphens_and_spaces(services, alice, totp_app, write):
    assert redeem(services, alice, write(totp_app.recovery_codes[3])) == second_factors.RECOVERY


@pytest.mark.parametrize(
    "typed", ["", "-", "BBBB-BBBB-BBBB", "A" * 12, "\0", "\ud800", "B" * 61, "BBBB BBBB BBBB B"]
)
def test_unknown_code_is_rejected(services, alice, totp_app, typed):
    assert redeem(services, alice, typed) is None


def test_codes_of_other_users_are_rejected(app, services, sample_users, totp_app):
    bobs_app = set_up(app, "bob")
    assert redeem(services, sample_users["alice"], bobs_app.recovery_codes[0]) is None
    assert redeem(services, sample_users["alice"], bobs_app.code()) is None
    assert redeem(services, sample_users["charlie"], totp_app.recovery_codes[0]) is None


def test_new_recovery_codes_replace_the_old_ones(services, alice, totp_app):
    with services.database.transaction() as db:
        user = users.get(db, alice.id)
        fresh = second_factors.renew_codes(db, services.vault, SYSTEM, user)
    assert redeem(services, alice, totp_app.recovery_codes[0]) is None
    assert redeem(services, alice, fresh[0]) == second_factors.RECOVERY


def with_new_keys(vault, *, keeps_old):
    """Return the vault after its pepper and encryption key were replaced, with or without an overlap."""
    fresh = Key("fresh", bytes(range(KEY_BYTES)))
    old = list(vault._peppers.values()) if keeps_old else []
    old_encryption = list(vault._encryption_keys.values()) if keeps_old else []
    return Vault(vault.session_keys, [fresh, *old], [fresh, *old_encryption])


def test_codes_still_work_after_key_rotation(services, alice, totp_app):
    rotated = replace(services, vault=with_new_keys(services.vault, keeps_old=True))
    assert redeem(rotated, alice, totp_app.recovery_codes[0]) == second_factors.RECOVERY
    assert redeem(rotated, alice, totp_app.code()) == second_factors.OTP
    with rotated.database.transaction() as db:
        user = users.get(db, alice.id)
        [code, *_] = second_factors.renew_codes(db, rotated.vault, SYSTEM, user)
    assert redeem(services, alice, code) is None, "the code was made with the new pepper"
    assert redeem(rotated, alice, code) == second_factors.RECOVERY


def test_recovery_code_without_its_pepper_is_rejected(services, alice, totp_app):
    rotated = replace(services, vault=with_new_keys(services.vault, keeps_old=False))
    with services.database.transaction() as db:
        taken = recovery_codes.redeem(db, rotated.vault, alice.id, totp_app.recovery_codes[0])
    assert taken is False


def test_seed_is_encrypted_for_one_user(services, sample_users, totp_app):
    """A row that is copied to another account is useless there."""
    with services.database.transaction(write=False) as db:
        sealed = db.get_one(AuthenticatorApp, sample_users["alice"].id).sealed
    assert (
        services.vault.open(f"authenticator app:{sample_users['alice'].id}", sealed).decode() == totp_app.seed
    )
    with services.database.transaction() as db:
        now = clock.now()
        bobs_app = AuthenticatorApp(
            user_id=sample_users["bob"].id, sealed=sealed, last_step=0, created_at=now, last_used_at=now
        )
        db.add(bobs_app)
    assert redeem(services, sample_users["bob"], totp_app.code()) is None


def test_database_contains_no_plain_secrets(services, totp_app):
    """No table, including the audit trail, contains the seed or a recovery code in any spelling."""
    metadata = MetaData()
    metadata.reflect(services.database.engine)
    with services.database.transaction(write=False) as db:
        rows = [row for table in metadata.tables.values() for row in db.execute(select(table))]
    text = "\n".join(repr(tuple(row)) for row in rows)
    assert "authenticator_apps" in metadata.tables
    assert len(text) > 1000
    plain = [totp_app.seed, base64.b32decode(totp_app.seed).hex(), repr(base64.b32decode(totp_app.seed))]
    plain += [code for shown in totp_app.recovery_codes for code in (shown, shown.replace("-", ""))]
    assert [secret for secret in plain if secret.lower() in text.lower()] == []


@pytest.mark.parametrize("typed", ["", "000000", "12345678901234567890"])
def test_wrong_code_does_not_enroll_the_app(services, alice, now, typed):
    with services.database.transaction() as db:
        user = users.get(db, alice.id)
        with pytest.raises(InvalidInput) as error:
            second_factors.enroll(db, services.vault, SYSTEM, user, VECTOR_SEED, typed)
        assert list(error.value.fields) == ["code"]
        assert second_factors.status_of(db, alice.id) == second_factors.SecondFactorStatus(None, None, 0)


def test_second_app_is_rejected(services, alice, totp_app):
    with services.database.transaction() as db:
        user = users.get(db, alice.id)
        with pytest.raises(Conflict):
            second_factors.enroll(db, services.vault, SYSTEM, user, TotpSeed(totp_app.seed), totp_app.code())


def test_removed_second_factor_no_longer_works(services, alice, totp_app):
    with services.database.transaction() as db:
        user = users.get(db, alice.id)
        assert second_factors.remove(db, SYSTEM, user) is True
        assert second_factors.remove(db, SYSTEM, user) is False
        assert db.scalars(select(RecoveryCode)).all() == []
        with pytest.raises(Conflict):
            second_factors.renew_codes(db, services.vault, SYSTEM, user)
    assert redeem(services, alice, totp_app.code()) is None
    assert redeem(services, alice, totp_app.recovery_codes[0]) is None


def test_users_and_administrators_without_a_second_factor_are_listed(app, services, sample_users, totp_app):
    ids = [person.id for person in sample_users.values()]
    with services.database.transaction(write=False) as db:
        assert second_factors.enrolled_among(db, ids) == {sample_users["alice"].id}
        assert second_factors.enrolled_among(db, []) == set()
        assert second_factors.administrators_without(db) == ["admin"]
    set_up(app, "admin")
    with services.database.transaction(write=False) as db:
        assert second_factors.administrators_without(db) == []


def test_deleting_a_user_deletes_the_second_factor(services, alice, totp_app):
    """Deleting the row of a user also deletes the second factor."""
    with services.database.transaction() as db:
        db.delete(db.get_one(User, alice.id))
    with services.database.transaction(write=False) as db:
        assert db.scalars(select(AuthenticatorApp)).all() == []
        assert db.scalars(select(RecoveryCode)).all() == []


def test_typed_codes_are_formatted_in_groups():
    code = typed_codes.generate_code(12)
    assert typed_codes.format_code(code) == f"{code[:4]}-{code[4:8]}-{code[8:]}"
    assert typed_codes.normalize_code(typed_codes.format_code(code), 12) == code


def test_recovery_code_works_without_the_encryption_key(services, alice, totp_app):
    """If the encryption key is lost, the authenticator app stops working, but the account remains accessible."""
    vault = services.vault
    lost = Vault(vault.session_keys, list(vault._peppers.values()), [Key("other", bytes(range(KEY_BYTES)))])
    with services.database.transaction() as db:
        assert second_factors.redeem(db, lost, alice.id, totp_app.code()) is None
        kind = second_factors.redeem(db, lost, alice.id, totp_app.recovery_codes[0])
    assert kind == second_factors.RECOVERY
