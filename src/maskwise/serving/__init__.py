"""The REST service, and the local pages for the browser."""
