"""What the cells of a notebook did to each other: names, flow, and how far the notebook can be trusted."""
