"""From one run to an answer: replications, comparisons, expectations, and results on disk."""
