"""The browser and the HTTP API; never reaches a device."""
