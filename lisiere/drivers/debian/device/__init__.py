"""What runs on an appliance: `main` and its neighbours, standard library only, shipped as one file `lisiere-edge`."""
