"""What WeChat Pay says about transfers."""
