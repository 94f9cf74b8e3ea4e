"""Is the better one really better? Paired tests of two runs on the same rows, and what they say in words."""
