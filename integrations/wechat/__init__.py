"""The mini-program's server API: an async client for what a person waits for, wechatpy for what runs in Celery."""
