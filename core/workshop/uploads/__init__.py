"""Files on their way in: sent in pieces over bad networks, kept until they are whole."""
