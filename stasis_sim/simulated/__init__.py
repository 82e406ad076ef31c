"""SimPy around the model: channels, applications, links, callers and faults, in virtual time."""
