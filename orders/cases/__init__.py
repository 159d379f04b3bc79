"""After-sales cases: what a buyer claims, who decides by when, and what becomes of the money and the goods."""
