"""Helpers for the audio-as-data tutorial: one module a lesson, of the same name, and what they share."""
