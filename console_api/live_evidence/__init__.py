"""The evidence of live sessions, for officers and auditors."""
