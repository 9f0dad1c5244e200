"""Helpers for the audio-as-data tutorial: a module or a folder of modules for each lesson, and what they share."""
