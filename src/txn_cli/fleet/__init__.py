"""Several processes behind the API's one port, for more cores than one interpreter can use."""
