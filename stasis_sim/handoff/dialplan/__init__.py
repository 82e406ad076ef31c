"""The dialplan and its interpreter: contexts, patterns, variables, expressions. Knows neither ARI nor bridges."""
