"""What happened: the active run, the notebook it is tracked in, and what it stood on."""
