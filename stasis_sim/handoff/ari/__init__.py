"""ARI's resources: what requests do, and what they answer."""
