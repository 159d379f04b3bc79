"""What WeChat Pay says about complaints."""
