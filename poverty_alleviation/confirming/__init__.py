"""What a household says to its statement: by phone, on the sheet that it signed, or that a row is wrong."""
