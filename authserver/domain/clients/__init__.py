"""Clients: registrations, metadata, secrets, redirect URIs, token lifetimes and self-registration."""
