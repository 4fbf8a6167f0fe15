"""Hold programs of arrays: their lines, the passes that improve them, and the finished plan."""
