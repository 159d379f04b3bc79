"""WeChat Pay v3: the channel behind ``payments.ports.PaymentGateway`` (wechat reference 2.2 to 2.4)."""
