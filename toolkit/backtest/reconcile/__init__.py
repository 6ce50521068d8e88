"""Recorded scores against replayed ones."""
