"""The door of machines: WeChat Pay, WeChat's message push, the media server, carriers."""

from api_kit.doors import Door

door = Door("webhook", "/v1/webhook", "回调：微信支付、消息推送、媒体服务器")
