"""The signing keys of tokens, and the secret keys of the installation."""
