"""The processes of the local stack as children: started, watched, restarted, ended."""
