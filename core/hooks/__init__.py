"""What a plugin can add to Garagist, and the one gate that every addition passes."""
