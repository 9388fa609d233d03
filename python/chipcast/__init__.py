"""Chipcast for Python."""
