"""Lesson 04: from tables of measurements to an inference. statsmodels does the statistics; this is the wiring."""
