"""What changed between variants, and which of them did best."""
