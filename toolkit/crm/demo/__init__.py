"""A synthetic B2B CRM with a planted truth: what the toolkit must find, and must not.

    people -> behavior -> changes -> scoring -> sales -> pipeline -> tables -> files

`demo_frames` draws it in memory, `make_demo` writes it as a folder. Leads are handed over at the
first instant their score reaches the bar; whether they become SQL follows the planted true
points, an account effect and the effect of being worked. `DemoPlan` holds the switches.
"""

from __future__ import annotations

from .files import make_demo
from .plan import DemoFrames, DemoPlan, DemoTruth
from .tables import demo_frames

__all__ = ["DemoFrames", "DemoPlan", "DemoTruth", "demo_frames", "make_demo"]
