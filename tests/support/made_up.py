"""Sentences and personas made up from a few words, in English and Chinese: what the stand-ins for models say."""

import random

EN_WORDS = [
    "well",
    "the",
    "card",
    "payment",
    "from",
    "last",
    "week",
    "still",
    "shows",
    "twice",
    "and",
    "nobody",
    "told",
    "me",
    "why",
    "it",
    "happened",
    "so",
    "please",
    "look",
]
ZH_WORDS = [
    "那笔",
    "上周的",
    "转账",
    "到现在",
    "还没有",
    "到账",
    "我",
    "已经",
    "问过",
    "两次",
    "麻烦",
    "给我",
    "看看",
    "到底",
    "怎么",
    "回事",
]
JOBS = {
    False: ["a nurse", "a retired welder", "a student of law", "a taxi driver", "a mother of twins", "a shop owner"],
    True: ["一名护士", "一位退休焊工", "一名法学学生", "一名出租车司机", "一位双胞胎妈妈", "一家小店的老板"],
}
HABITS = {
    False: [
        "talk fast and jump between points",
        "want every step explained twice",
        "stay polite until a second wait",
        "answer in single words",
        "joke when you are worried",
        "write everything down",
        "ask for the manager early",
    ],
    True: [
        "说话快，想到哪说到哪",
        "每一步都要听两遍",
        "一等再等就没了好脸色",
        "一问一答，只说几个字",
        "一着急就开玩笑",
        "什么都要记在本子上",
        "动不动就要找经理",
    ],
}
CARES = {
    False: ["dates", "what your family will say", "fees of any kind", "being taken seriously", "your savings"],
    True: ["时间", "家里人怎么说", "各种手续费", "别人有没有认真听", "那点积蓄"],
}


def sentence(chance: random.Random, chinese: bool) -> str:
    words = [chance.choice(ZH_WORDS if chinese else EN_WORDS) for _ in range(chance.randint(6, 14))]
    return "".join(words) + "。" if chinese else " ".join(words).capitalize() + "."


def persona(chance: random.Random, chinese: bool) -> str:
    job, habit, care = (chance.choice(table[chinese]) for table in (JOBS, HABITS, CARES))
    if chinese:
        return f"你是{job}，打电话时{habit}。你最在意的是{care}。"
    return f"You are {job}. On the phone you {habit}, and what you care about most is {care}."


def told_from_outside(chance: random.Random, chinese: bool) -> str:
    """Return a sentence told from outside, as those of plans and directions are: no "me", no statement, no question."""
    while "我" in (text := sentence(chance, chinese)) or {"me", "Me", "The", "Why"} & set(text.strip(".").split()):
        pass
    return text
