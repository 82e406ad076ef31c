"""The model of Asterisk's handoff to ARI: pure Python, standard library only; no clock, no I/O, no randomness."""
