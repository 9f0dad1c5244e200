"""Lesson 05: words and embeddings from trained networks, and how wrong both are."""
