"""What is a table: opened, profiled, fingerprinted, and the signature a model expects of it."""
