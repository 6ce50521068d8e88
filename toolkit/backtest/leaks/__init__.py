"""Counting what leaks show in: values of single fields by outcome, and what was recorded when.

fields   leads by the value of each field and their outcome, in folds
timing   what was first set, done or scored on which side of hand-off and outcome
sources  the leads of a CRM and of a flat file
"""

from __future__ import annotations

from toolkit.backtest.leaks.sources import count_fields, count_fields_and_timing

__all__ = ["count_fields", "count_fields_and_timing"]
