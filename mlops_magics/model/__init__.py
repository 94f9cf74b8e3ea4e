"""What is an estimator? Its task, its parameters, how well it does, and how it is kept as bytes."""
