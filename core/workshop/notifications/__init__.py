"""What must happen after a commit: mails and other effects, through the outbox."""
