"""The open-loop engine: scenarios in which no call acts back on a connection, computed for all calls at once."""
