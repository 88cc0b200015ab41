"""What a million transactions cost: counts times prices."""
