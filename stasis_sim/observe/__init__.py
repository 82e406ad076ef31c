"""What a run leaves behind: traces while it runs, then tables, measures and intervals."""
