"""The little that the simulator knows about the world."""

from __future__ import annotations

import re
from collections.abc import Mapping

# Country: capital, in English and in Chinese.
CAPITALS: Mapping[str, tuple[str, str, str]] = {
    "france": ("Paris", "法国", "巴黎"),
    "japan": ("Tokyo", "日本", "东京"),
    "china": ("Beijing", "中国", "北京"),
    "germany": ("Berlin", "德国", "柏林"),
    "italy": ("Rome", "意大利", "罗马"),
    "spain": ("Madrid", "西班牙", "马德里"),
    "england": ("London", "英国", "伦敦"),
    "vietnam": ("Hanoi", "越南", "河内"),
    "thailand": ("Bangkok", "泰国", "曼谷"),
    "south korea": ("Seoul", "韩国", "首尔"),
    "india": ("New Delhi", "印度", "新德里"),
    "russia": ("Moscow", "俄罗斯", "莫斯科"),
    "australia": ("Canberra", "澳大利亚", "堪培拉"),
    "canada": ("Ottawa", "加拿大", "渥太华"),
    "brazil": ("Brasília", "巴西", "巴西利亚"),
    "egypt": ("Cairo", "埃及", "开罗"),
}

_MORE_CITIES = (
    *("New York", "San Francisco", "Los Angeles", "Chicago", "Boston", "Seattle", "Sydney", "Singapore", "Dubai"),
    *("Vienna", "Zurich", "Amsterdam", "Munich", "Barcelona", "Milan", "Mumbai", "Taipei", "Hong Kong", "Osaka"),
    *("Shanghai", "Shenzhen", "Guangzhou", "Hangzhou", "Chengdu", "Ho Chi Minh City"),
    *("上海", "深圳", "广州", "杭州", "成都", "南京", "武汉", "西安", "重庆", "天津", "苏州", "香港", "台北"),
    *("纽约", "旧金山", "洛杉矶", "悉尼", "新加坡", "大阪", "กรุงเทพ", "Hà Nội"),
)
_CITIES = (*(row[0] for row in CAPITALS.values()), *(row[2] for row in CAPITALS.values()), *_MORE_CITIES)
# A word boundary means nothing between two CJK characters, so only names in Latin letters ask for one.
_CITY = re.compile(
    "|".join(
        rf"(?<![A-Za-z]){re.escape(city)}(?![A-Za-z])" if city[0].isascii() else re.escape(city)
        for city in sorted(_CITIES, key=len, reverse=True)
    ),
    re.IGNORECASE,
)
_SPELLING = {city.lower(): city for city in _CITIES}


def find_cities(text: str) -> list[str]:
    """The known cities that the text names, in its order and as this file spells them, each once."""
    return list(dict.fromkeys(_SPELLING.get(name.lower(), name) for name in _CITY.findall(text)))
