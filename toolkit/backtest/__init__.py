"""Moments, scores as of the moment, outcomes, counts: the only room with an engine."""
