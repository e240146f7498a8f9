"""Work outside requests: beat fans out per garage, a task works for exactly one garage."""
