"""The only owner of Nornir: plugins, one step on one appliance each, runs over the fleet."""
