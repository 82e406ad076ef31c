"""The HTTP server: who is let in, what a WebSocket needs to be opened, and what stands in http.conf and ari.conf."""
