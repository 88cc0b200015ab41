"""Several processes of the API behind one port: started, tethered, restarted and ended."""
