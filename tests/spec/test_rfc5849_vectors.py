"""The examples of RFC 5849: sections 1.2 (the complete flow), 3.4.1 (the base string) and 3.6 (encoding)."""

import pytest

from authserver.protocol.oauth1 import base_strings, parameters, signatures
from authserver.protocol.oauth1.encoding import decode_form, escape

CLIENT_SECRET = "kd94hf93k423kf44"
COMPLETE_FLOW = [
    (
        "POST",
        "https://photos.example.net/initiate",
        (
            'OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_signature_method="HMAC-SHA1",'
            ' oauth_timestamp="137131200", oauth_nonce="wIjqoS",'
            ' oauth_callback="http%3A%2F%2Fprinter.example.com%2Fready",'
            ' oauth_signature="74KNZJeDHnMBp0EMJ9ZHt%2FXKycU%3D"'
        ),
        "",
    ),
    (
        "POST",
        "https://photos.example.net/token",
        (
            'OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="hh5s93j4hdidpola",'
            ' oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131201", oauth_nonce="walatlh",'
            ' oauth_verifier="hfdp7dh39dks9884", oauth_signature="gKgrFCywp7rO0OXSjdot%2FIHF7IU%3D"'
        ),
        "hdhd0244k9j7ao03",
    ),
    (
        "GET",
        "http://photos.example.net/photos?file=vacation.jpg&size=original",
        (
            'OAuth realm="Photos", oauth_consumer_key="dpf43f3p2l4k3l03", oauth_token="nnch734d00sl2jdk",'
            ' oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131202", oauth_nonce="chapoH",'
            ' oauth_signature="MdpQcU8iPSUjWoN%2FUDMsK2sui9I%3D"'
        ),
        "pfkkdhi9sl3r4s00",
    ),
]
BASE_STRING = (
    "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26"
    "c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26"
    "oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
)


@pytest.mark.parametrize(("method", "url", "header", "token_secret"), COMPLETE_FLOW)
def test_signatures_of_section_1_2(method, url, header, token_secret):
    target = base_strings.target(url)
    collected = parameters.collect(header, decode_form(target.query), None)
    base_string = base_strings.base_string(method, target.uri, collected.signed)
    keys = signatures.Keys((CLIENT_SECRET,), token_secret)
    assert signatures.verify("HMAC-SHA1", base_string, collected.get("oauth_signature"), keys)
    assert not signatures.verify("HMAC-SHA1", base_string + "x", collected.get("oauth_signature"), keys)
    assert collected.realm == "Photos"


def test_base_string_of_section_3_4_1_1():
    header = (
        'OAuth realm="Example", oauth_consumer_key="9djdj82h48djs9d2", oauth_token="kkk9d7dh3k39sjv7",'
        ' oauth_signature_method="HMAC-SHA1", oauth_timestamp="137131201", oauth_nonce="7d8f3e4a",'
        ' oauth_signature="bYT5CMsGcbgUdFHObYMEfcx6bsw%3D"'
    )
    target = base_strings.target("http://EXAMPLE.COM:80/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b")
    collected = parameters.collect(header, decode_form(target.query), decode_form("c2&a3=2+q"))
    assert base_strings.base_string("POST", target.uri, collected.signed) == BASE_STRING


def test_normalized_parameters_of_section_3_4_1_3_2():
    pairs = decode_form("b5=%3D%253D&a3=a&c%40=&a2=r%20b&c2&a3=2+q")
    assert base_strings.normalize(pairs) == "a2=r%20b&a3=2%20q&a3=a&b5=%3D%253D&c%40=&c2="


@pytest.mark.parametrize(
    ("url", "uri"),
    [
        ("http://EXAMPLE.COM:80/r%20v/X?id=123", "http://example.com/r%20v/X"),
        ("https://www.example.net:8080/?q=1", "https://www.example.net:8080/"),
        ("https://example.net:443", "https://example.net/"),
        ("http://example.net:443/a;b=c", "http://example.net:443/a;b=c"),
        ("HTTPS://Example.Net/A/b#part", "https://example.net/A/b"),
        ("http://[2001:DB8::1]:8000/x", "http://[2001:db8::1]:8000/x"),
        ("https://someone:secret@example.net/x", "https://example.net/x"),
    ],
)
def test_base_string_uri_of_section_3_4_1_2(url, uri):
    assert base_strings.target(url).uri == uri


@pytest.mark.parametrize(
    "url",
    ["", "example.net/x", "ftp://example.net/", "http://", "http://a:99999/", "http://a:0/", "http://a b/", "http://ä/",
     "http://[::1/x", "http://a\n/"],
)  # fmt: skip
def test_invalid_url_is_rejected(url):
    with pytest.raises(ValueError, match=r"URL|[Pp]ort|IPv6"):
        base_strings.target(url)


def test_encoding_of_section_3_6():
    unreserved = "ABCXYZabcxyz0189-._~"
    assert escape(unreserved) == unreserved
    assert escape("!*'() +/%&=@:\u2603") == "%21%2A%27%28%29%20%2B%2F%25%26%3D%40%3A%E2%98%83"


def test_plaintext_of_section_3_4_4_encodes_both_secrets():
    assert signatures.sign("PLAINTEXT", "ignored", "a&b", "c%") == "a%26b&c%25"
