"""Authorizations, and the consents and authorization requests that lead to them."""
