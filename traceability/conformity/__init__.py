"""The producer's own word that a lot is safe to eat: 承诺达标合格证."""
