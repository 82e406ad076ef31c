"""Channels and bridges: what becomes of a call, and what an application controls of it."""
