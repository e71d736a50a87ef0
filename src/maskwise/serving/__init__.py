"""What people reach through a browser or over a network: thin."""
