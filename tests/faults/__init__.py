"""Races, crashes and malformed requests: the tests of the invariants in the threat model."""
