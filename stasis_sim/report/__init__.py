"""What a person reads: tables in the terminal, sentences, and pictures."""
