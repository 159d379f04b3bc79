"""The door of consumers: everything the mini-program asks for."""

from api_kit.doors import Door

door = Door("miniapp", "/v1/miniapp", "小程序：消费者")
