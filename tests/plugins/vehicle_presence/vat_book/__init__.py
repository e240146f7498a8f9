"""The VAT book."""
