"""stasis-sim: what happens to calls when the ARI application that should control them is away."""

__version__ = "0.1.0"
