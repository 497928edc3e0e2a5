"""Authorizations, and what they are granted by: consents, authorization requests, codes and device authorizations."""
