"""The signature algorithms of JWTs. Each use allows exactly one of them (RFC 8725, section 3.1)."""

from functools import cache

from joserfc.jws import JWSRegistry

from authserver.domain.clients.metadata_types import SECRET_ALGORITHMS
from authserver.domain.keys.signing_keys import ALGORITHMS

ASYMMETRIC = ALGORITHMS
SYMMETRIC = SECRET_ALGORITHMS


class _Registry(JWSRegistry):
    """A joserfc registry with one allowed algorithm. Unknown header parameters are ignored (RFC 7515, section 4.2)."""

    max_header_length = 4096

    def get_alg(self, name: str) -> object:  # type: ignore[override]
        # joserfc warns about the name EdDSA, which RFC 9864 deprecates. Verifiers still expect it, so skip the warning.
        if name != "EdDSA" or name not in (self.allowed or ()):
            return super().get_alg(name)
        return self.algorithms[name]


@cache
def registry(algorithm: str) -> JWSRegistry:
    """Return the registry that signs and verifies with one algorithm and rejects all others."""
    return _Registry(algorithms=[algorithm], strict_check_header=False)
