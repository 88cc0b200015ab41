"""POST /control: changes what goes wrong and reports what happened, for another process."""
