"""Waiting for what goes on beside a test."""

import threading


def settle() -> None:
    """Wait for the looks at the environment that runs began; they go on after a short run has ended."""
    for thread in threading.enumerate():
        if thread.name == "mlops-environment":
            thread.join()
