"""The error log, the causes of errors, and the redaction of secrets."""
