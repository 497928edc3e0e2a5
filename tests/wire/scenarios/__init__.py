"""The recorded scenarios, by endpoint. Each module defines the function `play`."""
