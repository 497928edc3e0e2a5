"""The grants of the token endpoint; each defines ``load``, ``check`` and ``issue`` (``base``)."""
