"""快递100 (Kuaidi100): tracks of all carriers by query and by signed push, and electronic waybills."""
