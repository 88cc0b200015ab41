"""The page for people in a real browser, where there is one."""
