"""The tests, a folder for each room; a chapter has its name in all of them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
