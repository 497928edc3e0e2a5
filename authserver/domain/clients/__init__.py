"""Clients: registrations, secrets, redirect URIs, token lifetimes and the per-process cache."""
