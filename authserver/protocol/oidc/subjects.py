"""Subject identifiers (OpenID Connect Core, section 8): by which name a relying party knows a person."""

from authserver.domain.policies import Policy


def of(policy: Policy, subject: str) -> str:
    """Return the ``sub`` under which a client knows the person with that public subject identifier."""
    return subject
