"""From a click of the explorer until all of its views are painted."""
