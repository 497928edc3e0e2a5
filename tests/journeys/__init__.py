"""Whole stories in a real browser, as the people in them live them."""
