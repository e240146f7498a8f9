"""What somebody may do with the VAT book: read it, say which invoices there are, correct it."""

READ = "vehicle_presence.vat_book"
SETTLE = "vehicle_presence.vat_book_settle"
CORRECT = "vehicle_presence.vat_book_correct"
