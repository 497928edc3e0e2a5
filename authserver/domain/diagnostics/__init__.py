"""The error log that administrators search by reference."""
