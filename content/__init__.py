"""Pictures and texts that people hand in: checked, re-encoded, held until they have been judged, shown after that.

Knows no trade: whoever keeps a picture names it by its number, and an owner is an opaque reference.
"""
