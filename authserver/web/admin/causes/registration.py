"""Causes for which a client could not register or change itself."""

from authserver.web.admin.causes.words import Words

WORDS = {
    "registration-closed": Words(
        "Clients may not register themselves",
        "Create the client in the console, or open the registration by the setting AUTHSERVER_REGISTRATION.",
    ),
    "registration-refused": Words(
        "The registration asks for something that cannot be",
        "The sentence names each member that is wrong. Correct it in the application.",
    ),
    "registration-malformed": Words(
        "The registration is not a JSON object", "Correct it in the application."
    ),
    "registration-identity": Words(
        "The change is about another client",
        "A client that changes itself sends its own client_id, and its secret or none.",
    ),
    "consumer-request-refused": Words(
        "The request for a consumer key cannot be read",
        "A modeling tool sends a JSON object with name and secret. Look at its log, or create the consumer here.",
    ),
    "software-statement": Words(
        "Software statements are not accepted",
        "Let the application register without one; an administrator approves it here.",
    ),
}
