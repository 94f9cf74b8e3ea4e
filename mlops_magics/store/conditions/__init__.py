"""The language of ``--where``: ``auc > 0.7 and params.depth <= 6 and tag.team = 'ops'``."""
