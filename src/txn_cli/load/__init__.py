"""The load of a file by a command: resumable, with its rejections kept and its progress shown."""
