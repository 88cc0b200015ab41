"""The local stack: the servers, the processes and the data of one folder, on this machine alone."""
