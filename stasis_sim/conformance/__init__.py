"""Recordings of real Asterisks, replayed through the model and judged."""
