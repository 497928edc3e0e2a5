"""User accounts: passwords, profiles, second factors, sign-in and first-run setup."""
