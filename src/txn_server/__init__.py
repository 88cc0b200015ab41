"""The production server of the API: HTTP connections of our own on uvicorn, for one process or several."""
