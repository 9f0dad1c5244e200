"""What runs, checks and publishes the notebooks: for those who use or write them, not for lessons."""
