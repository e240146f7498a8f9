"""Who did what in a garage, when and why; the vendor's support included."""
