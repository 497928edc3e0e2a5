"""Generated requests, signed by oauthlib, an independent implementation. Every signature must match.

`make test` generates 2,450 requests, always the same ones, and `make test-all` generates 10,100.

oauthlib decodes protocol parameters in the query or body twice, so these contain no percent signs here. In the
header, the default, they contain any characters.
"""

from urllib.parse import quote, quote_plus, urlencode, urlsplit

from cryptography.hazmat.primitives.asymmetric import rsa
from hypothesis import given, settings
from hypothesis import strategies as st
from oauthlib import oauth1
from oauthlib.oauth1.rfc5849 import signature as theirs

from authserver.protocol.oauth1 import base_strings, parameters, signatures
from authserver.protocol.oauth1.encoding import decode_form

FORM = "application/x-www-form-urlencoded"
METHODS = ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "get", "Post", "MKCOL", "X-CUSTOM!"]
HMAC_METHODS = ["HMAC-SHA1", "HMAC-SHA256", "HMAC-SHA512", "PLAINTEXT"]

RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)

letters = st.characters(codec="utf-8", exclude_characters="\0")
text = st.text(letters, max_size=12) | st.sampled_from(
    ["", "a", "%2F", "%", "+", " ", "a&b=c", "~", "ü", "%25", "\U0001f600"]
)
names = st.sampled_from(["a", "b", "c@", "a3", "realm", "file", "=", "A", "é", "x y"]) | st.text(
    letters, max_size=6
).filter(lambda name: not name.startswith("oauth_"))
pairs = st.lists(st.tuples(names, text), max_size=6)
paths = st.lists(
    st.text(st.sampled_from("abzAZ09-._~!$&'()*+,=:@%"), max_size=6).map(
        lambda part: quote(part, safe="!$&'()*+,=:@")
    ),
    max_size=4,
)
hosts = st.sampled_from(
    ["example.com", "EXAMPLE.com", "127.0.0.1", "[::1]", "a-b.c.example.org", "localhost"]
)
ports = st.sampled_from(["", ":80", ":443", ":8080", ":1", ":65535"])
secrets = st.text(
    st.characters(min_codepoint=33, max_codepoint=0x2FFF, exclude_categories=["Cs"]), min_size=1, max_size=20
)
tokens = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=30)
printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=30)
callbacks = st.sampled_from(
    [None, "oob", "https://a.example/cb", "https://a.example/cb?x=%2F&y=1%252", "https://a/%2Fü"]
)

# RSA signatures take longer than all other work.
check_rarely = settings(max_examples=settings.default.max_examples // 16)


@st.composite
def urls(draw):
    encode = draw(st.sampled_from([quote_plus, quote]))
    path = "".join("/" + part for part in draw(paths))
    query = urlencode(draw(pairs), quote_via=encode, safe=draw(st.sampled_from(["", "/:~", "!*'()"])))
    return f"{draw(st.sampled_from(['http', 'https', 'HTTPS']))}://{draw(hosts)}{draw(ports)}{path}" + (
        query and f"?{query}"
    )


@given(
    st.sampled_from(METHODS),
    urls(),
    pairs,
    st.lists(st.tuples(st.sampled_from(["oauth_token", "oauth_nonce"]), text)),
)
def test_base_strings_agree(method, url, form, protocol):
    target = base_strings.target(url)
    signed = (*decode_form(target.query), *form, *protocol)
    expected = theirs.signature_base_string(
        method, theirs.base_string_uri(url), theirs.normalize_parameters(list(signed))
    )
    assert base_strings.base_string(method, target.uri, signed) == expected


@given(
    st.sampled_from(METHODS),
    urls(),
    pairs,
    st.sampled_from(HMAC_METHODS),
    secrets,
    secrets,
    tokens,
    callbacks,
    st.data(),
)
def test_signed_headers_agree(
    method, url, form, signature_method, secret, token_secret, token, callback, data
):
    signer = oauth1.Client(
        data.draw(printable),
        client_secret=secret,
        resource_owner_key=token,
        resource_owner_secret=token_secret,
        callback_uri=callback,
        verifier=data.draw(st.none() | printable),
        nonce=data.draw(printable),
        timestamp="137131200",
        signature_method=signature_method,
        realm=data.draw(st.sampled_from([None, "Photos", "a b"])),
    )
    assert_accepted(signer, method, url, form, signatures.Keys((secret,), token_secret), signature_method)


@given(
    st.sampled_from(["QUERY", "BODY"]),
    urls(),
    pairs,
    st.sampled_from(HMAC_METHODS),
    secrets,
    secrets,
    st.data(),
)
def test_signed_queries_and_bodies_agree(place, url, form, signature_method, secret, token_secret, data):
    signer = oauth1.Client(
        data.draw(st.text("abcXYZ019-._~ +/&=", min_size=1, max_size=12)),
        client_secret=secret,
        resource_owner_key="" if data.draw(st.booleans()) else "a+b c",
        resource_owner_secret=token_secret,
        callback_uri=data.draw(st.sampled_from([None, "oob", "https://a.example/cb?x=1&y=2"])),
        nonce="n o+n=c&e",
        timestamp="137131200",
        signature_method=signature_method,
        signature_type=place,
    )
    keys = signatures.Keys((secret,), token_secret)
    assert_accepted(signer, "POST" if place == "BODY" else "GET", url, form, keys, signature_method)


@check_rarely
@given(st.sampled_from(["RSA-SHA1", "RSA-SHA256"]), st.sampled_from(METHODS), urls(), pairs, tokens)
def test_rsa_signatures_agree(signature_method, method, url, form, token):
    signer = oauth1.Client(
        "key",
        resource_owner_key=token,
        rsa_key=RSA_KEY,  # A PEM string would be parsed and checked again for every signature.
        signature_method=signature_method,
        nonce="n",
        timestamp="137131200",
    )
    assert_accepted(
        signer, method, url, form, signatures.Keys((), "", (RSA_KEY.public_key(),)), signature_method
    )


def assert_accepted(signer, method, url, form, keys, signature_method):
    has_body = bool(form) and method.upper() not in {"GET", "HEAD"}
    body, headers = (urlencode(form), {"Content-Type": FORM}) if has_body else (None, {})
    if signer.signature_type == "BODY":
        body, headers = urlencode(form), {"Content-Type": FORM}
    uri, headers, body = signer.sign(url, method, body=body, headers=headers)
    target = base_strings.target(uri)
    collected = parameters.collect(
        headers.get("Authorization", ""),
        decode_form(urlsplit(uri).query),
        decode_form(body) if headers.get("Content-Type") == FORM and body else None,
    )
    base_string = base_strings.base_string(method, target.uri, collected.signed)
    assert signatures.verify(signature_method, base_string, collected.get("oauth_signature"), keys), (
        base_string
    )
