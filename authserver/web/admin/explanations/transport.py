"""Causes for which a request was not even read: its method, its size, its letters."""

from authserver.web.admin.explanations.explanation import Compare, Explanation

_APPLICATION = "This is a mistake in the application's program or library, or of a proxy before this server."

EXPLANATIONS = {
    "method-not-allowed": Explanation(
        "The request has the wrong method",
        "Machines send a form or a document to this address; a browser that is led here shows an error. Look whether the"
        " application mixes up two addresses of the discovery document.",
        Compare.WORDS,
    ),
    "body-too-large": Explanation(
        "The request is too large",
        "Send less. The limit is the setting AUTHSERVER_MAX_BODY_BYTES; where consumer keys are requested it is fixed.",
    ),
    "body-broken": Explanation(
        "The request ends too early", f"The connection broke, or the length is wrong. {_APPLICATION}"
    ),
    "body-not-utf-8": Explanation(
        "The request is not UTF-8", f"Encode what is sent as UTF-8. {_APPLICATION}"
    ),
    "content-length": Explanation("The length of the request is no number", _APPLICATION),
    "parameters-not-utf-8": Explanation(
        "The parameters are not UTF-8", f"Encode them as UTF-8 and then percent-encode them. {_APPLICATION}"
    ),
    "parameters-too-many": Explanation("The request has too many parameters", _APPLICATION),
    "parameter-unstorable": Explanation(
        "A parameter contains letters that cannot be stored",
        f"NUL characters and lone surrogates belong to no text. {_APPLICATION}",
    ),
}
