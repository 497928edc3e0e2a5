"""The strict parameter parser: three sources, repeated parameters, and protocol parameters in one place only."""

import pytest

from authserver.protocol.oauth1 import parameters
from authserver.protocol.oauth1.base_strings import base_string
from authserver.protocol.oauth1.encoding import encode_form
from authserver.protocol.oauth1.errors import OAuth1Error, problem_parameters

OAUTH = (("oauth_token", "t"), ("oauth_signature", "s"))


@pytest.mark.parametrize("place", ["header", "form", "query"])
def test_protocol_parameters_may_be_in_any_one_place(place):
    header = 'OAuth oauth_token="t", oauth_signature="s"' if place == "header" else ""
    collected = parameters.collect(
        header, OAUTH if place == "query" else (), OAUTH if place == "form" else None
    )
    assert collected.place == place
    assert collected.protocol == dict(OAUTH)
    assert collected.signed == (("oauth_token", "t"),)


def test_repeated_application_parameters_are_all_signed():
    collected = parameters.collect("", (("a", "2"), ("a", "1")), (("a", "1"),))
    assert collected.signed == (("a", "1"), ("a", "2"), ("a", "1"))


def test_only_the_realm_of_the_header_is_excluded():
    collected = parameters.collect('OAuth realm="a \\"b\\"", x="1"', (("realm", "kept"),), None)
    assert collected.realm == 'a "b"'
    assert collected.signed == (("x", "1"), ("realm", "kept"))


def test_values_are_decoded_once():
    collected = parameters.collect('OAuth oauth_callback="https%3A%2F%2Fa%2F%252F"', (), None)
    assert collected.get("oauth_callback") == "https://a/%2F"


def test_empty_token_is_signed_but_equals_an_absent_token():
    empty = parameters.collect('OAuth oauth_token=""', (), None)
    none = parameters.collect("OAuth", (), None)
    assert empty.get("oauth_token") == none.get("oauth_token") == ""
    assert base_string("GET", "http://a/", empty.signed) == "GET&http%3A%2F%2Fa%2F&oauth_token%3D"
    assert base_string("GET", "http://a/", none.signed) == "GET&http%3A%2F%2Fa%2F&"


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer x", "OAuth2 x", "oauthx", 'Digest realm="x"'])
def test_other_schemes_have_no_parameters(header):
    assert parameters.collect(header, (), None).place == "nowhere"


@pytest.mark.parametrize("header", ['oauth a="b",,c="d" , ', 'OAUTH\ta="b" ,c = "d"', ' OAuth ,a="b",c="d"'])
def test_white_space_and_empty_elements_are_allowed(header):
    assert parameters.collect(header, (), None).signed == (("a", "b"), ("c", "d"))


@pytest.mark.parametrize(
    "header",
    [
        "OAuth a",
        "OAuth a=b",
        'OAuth a="b',
        'OAuth a="b" c="d"',
        'OAuth ="b"',
        'OAuth a="%zz"',
        'OAuth a="%2"',
        'OAuth a="b";c="d"',
        'OAuth a="\u00e9"',
        'OAuth realm="a", realm="b"',
        'OAuth a="b", OAuth c="d"',
        "OAuth " + '"' * 4000,
        "OAuth " + "a" * 60000,
    ],
)
def test_malformed_header_is_rejected(header):
    with pytest.raises(OAuth1Error) as error:
        parameters.collect(header, (), None)
    assert error.value.error == "parameter_rejected"
    assert error.value.status == 400


@pytest.mark.parametrize(
    ("header", "query", "form"),
    [
        ('OAuth oauth_token="t"', OAUTH, None),
        ('OAuth oauth_token="t"', (), OAUTH),
        ("", OAUTH, OAUTH),
        ('OAuth oauth_token="t", oauth_token="t"', (), None),
        ("", (*OAUTH, ("oauth_token", "u")), None),
        ('OAuth oauth_nonce="a%00b"', (), None),
        ('OAuth oauth_nonce="%FF"', (), None),
        ("", (("oauth_nonce", "a" * 5000),), None),
        ("", (("oauth_a\n", "1"),), None),
        ("", (("a", "1"),) * 1001, None),
    ],
)
def test_ambiguous_or_unreadable_parameters_are_rejected(header, query, form):
    with pytest.raises(OAuth1Error) as error:
        parameters.collect(header, query, form)
    assert error.value.error == "parameter_rejected"
    assert encode_form(problem_parameters(error.value)).isascii()
