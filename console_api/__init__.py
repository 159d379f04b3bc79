"""The door of hosts, merchants, station keepers, county offices and auditors."""

from api_kit.doors import Door
from console_api.duties import check_duty

door = Door("console", "/v1/console", "工作台：主播、商户、站点、县级部门、审计", check_duty)
