"""Applications of the dialplan: Dial(), Goto(), Stasis() and their like."""
