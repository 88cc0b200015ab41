"""What an operator asks of a running system, read from its stores once for the pages and for the commands."""
