"""Tests of the web layer, with requests as browsers and programs send them."""
