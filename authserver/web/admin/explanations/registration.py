"""Causes for which a client could not register or change itself."""

from authserver.web.admin.explanations.explanation import Explanation

EXPLANATIONS = {
    "registration-closed": Explanation(
        "Clients may not register themselves",
        "Create the client in the console, or open the registration by the setting AUTHSERVER_REGISTRATION.",
    ),
    "registration-refused": Explanation(
        "The registration asks for something that cannot be",
        "The sentence names each member that is wrong. Correct it in the application.",
    ),
    "registration-malformed": Explanation(
        "The registration is not a JSON object", "Correct it in the application."
    ),
    "registration-identity": Explanation(
        "The change is about another client",
        "A client that changes itself sends its own client_id, and its secret or none.",
    ),
    "consumer-request-refused": Explanation(
        "The request for a consumer key cannot be read",
        "A modeling tool sends a JSON object with name and secret. Look at its log, or create the consumer here.",
    ),
    "software-statement": Explanation(
        "Software statements are not accepted",
        "Let the application register without one; an administrator approves it here.",
    ),
}
