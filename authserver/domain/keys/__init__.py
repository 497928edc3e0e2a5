"""The signing keys, their per-process cache, and the salt of pairwise subject identifiers."""
