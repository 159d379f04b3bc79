"""A consumer and the own data: documents, consents, exports, the closing of the account."""
