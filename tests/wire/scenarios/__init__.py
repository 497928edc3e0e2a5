"""What is recorded, by endpoint; each module has one function `play`."""
