"""The VAT book: the legal register of vehicles that came to and left a place of business."""
