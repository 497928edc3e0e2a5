"""The options of a consumer and its callback rules."""

import pytest

from authserver.domain.clients.redirect_uris import UriRules
from authserver.domain.oauth1 import consumers
from authserver.domain.oauth1.consumers import ConsumerOptions

REGISTERED = ("https://tool.example/app", "http://127.0.0.1/cb")


def test_options_survive_a_round_trip():
    options = ConsumerOptions(
        signature_methods=("PLAINTEXT",), allows_1_0=True, functional_user_id=7, public_key="x"
    )
    assert consumers.options_of(options.details()) == options
    assert consumers.options_of({}) == ConsumerOptions()


def test_unknown_stored_options_are_ignored():
    assert consumers.options_of({"oauth1": {"allows_1_0": True, "from_tomorrow": 1}}) == ConsumerOptions(
        allows_1_0=True
    )


@pytest.mark.parametrize(
    "callback", ["oob", "https://tool.example/app", "http://127.0.0.1/cb", "http://127.0.0.1:4711/cb"]
)
def test_registered_callback_is_accepted(callback):
    assert consumers.callback_error(ConsumerOptions(), REGISTERED, callback) == ""


@pytest.mark.parametrize("allows_prefix", [False, True])
def test_doubly_encoded_callback_is_explained(allows_prefix):
    error = consumers.callback_error(
        ConsumerOptions(allows_prefix=allows_prefix), REGISTERED, "https%3A%2F%2Ftool.example%2Fapp"
    )
    assert error == consumers.ENCODED_TWICE


def test_setting_allows_http_callbacks():
    callback, rules = "http://10.1.2.3:9443/cb", UriRules(http_hosts=("10.0.0.0/8",))
    assert consumers.callback_error(ConsumerOptions(), (), callback)
    assert consumers.callback_error(ConsumerOptions(), (), callback, rules) == ""
    registered = ("http://10.1.2.3:9443/cb", "cameo://tool/cb")
    for below in ("http://10.1.2.3:9443/cb/x", "cameo://tool/cb/x"):
        assert consumers.callback_error(ConsumerOptions(allows_prefix=True), registered, below) == ""


@pytest.mark.parametrize("allows_prefix", [False, True])
@pytest.mark.parametrize(
    "callback",
    ["", "OOB", "https://tool.example/application", "https://tool.example/APP", "https://tool.example:443/app",
     "https://tool.example./app", "https://tool.example/app/../x", "https://tool.example/app/%2E%2E/x", "http://tool.example/app",
     "https://tool.example/app/\\x", "https://tool.example@evil.example/app/", "https://evil.example/?https://tool.example/app"],
)  # fmt: skip
def test_other_callback_is_rejected(callback, allows_prefix):
    assert consumers.callback_error(ConsumerOptions(allows_prefix=allows_prefix), REGISTERED, callback)


@pytest.mark.parametrize(
    "callback",
    ["https://tool.example/app/", "https://tool.example/app/a/b?c=d", "https://tool.example/app?a=b"],
)
def test_prefix_rule_accepts_paths_below_the_registered_callback(callback):
    assert consumers.callback_error(ConsumerOptions(), REGISTERED, callback)
    assert consumers.callback_error(ConsumerOptions(allows_prefix=True), REGISTERED, callback) == ""
