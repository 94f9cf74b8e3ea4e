"""Every promised figure of speed and memory, measured against its limit or a peer in the same run.

    python -m tests.bench [all | notebook | store | drift]

A figure that misses its goal is said to be MISSED. The exit code is 0 all the same: this measures, it does not judge.
"""
