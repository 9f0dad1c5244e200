"""The exercises of lesson 01."""

from __future__ import annotations

from .judge import Exercise

EXERCISES: dict[str, Exercise] = {}
