"""The rules of the architecture. Each test also fails on a planted violation."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
