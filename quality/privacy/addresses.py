"""Street addresses in English and Chinese, whole: with the flat in front and the town, region and postcode behind.

The patterns expect plain text and step over each character a bounded number of times.
"""

import re
from collections.abc import Iterator

from quality.privacy.addresses_zh import is_estate
from quality.privacy.cues import Finding, Private, is_cue
from quality.privacy.digits import NUMBER_WORDS, UNIT, UNIT_BEHIND
from quality.privacy.lexicon import NO_NAME_ENDING, is_ordinary, keys_of, load_lexicon, parts_of
from quality.privacy.name_words import NO_NAMES, table

_FLAGS = re.IGNORECASE | re.ASCII

_SURE_STREET = r"(?:street|avenue|road|lane|boulevard|terrace|crescent|parkway|highway|broadway|blvd|ave|rd)"
_BUILDING = (
    r"(?:cottage|house|lodge|farm(?:house)?|barn|hall|manor|mill|towers?|rectory|vicarage|grange|apartments|mansions"
    r"|villa|flats)"
)
_STREET = (
    r"(?:ln|hwy|pkwy|st|drive|dr|court|ct|place|pl|square|sq|way|close|circle|cir|row|gardens?|grove|mews|gate|hill"
    r"|walk"
    r"|quay|trail|yard|rise|view|green|park|estate|vale|wharf|loop|parade|lorong|esplanade|alley|bend|crossing|ridge"
    r"|meadows?"
    r"|fields?|heights|mount|passage|embankment|croft|plaza|chase|drove|villas|cottages|buildings|bypass|turnpike"
    r"|works|quays?"
    rf"|{_BUILDING})"
)
_NUMBER = (
    rf"(?:\d{{1,5}}[A-Z]?|[A-Z]-?\d{{1,4}}"
    rf"|(?:{NUMBER_WORDS})(?:[ -](?:{NUMBER_WORDS}))?(?: [a-f](?=,))?|[A-Z])(?![\w'])"
)
_FLAT = (
    r"(?:(?:(?:apt|apartment|unit|suite|ste|flat|room|floor|level|plot|lot|block|blk|bldg|building|shop|villa|number|no)\b"
    rf"\.? ?#?|#){_NUMBER}|\d{{1,2}}/\d{{1,2}}(?=, \d))"
)
"""In front of the street; a Scottish flat is a floor and a door: "3/2, 119 Byres Road"."""
_HOUSE = (
    r"(?:\d{1,5}(?:[A-Z]|[-/]\d{1,4}[A-Z]?| (?:to|and) \d{1,5}| bis)?(?![\w'])"
    rf"|(?:{NUMBER_WORDS})(?:[ -](?:{NUMBER_WORDS}|hundred|thousand|and(?! a half))){{0,4}}(?![\w'-]))"
)
_ADDRESS = re.compile(
    rf"(?<![\w.])(?:(?P<flat>(?:{_FLAT},? ){{1,2}})(?:{_HOUSE},? )?|{_HOUSE}(?: and a half| [a-f])?,? )"
    rf"(?:(?P<words>(?:(?:[A-Z][\w'-]*\.?|\d{{1,3}}(?:st|nd|rd|th)) ){{1,4}})"
    rf"(?:(?P<sure>{_SURE_STREET})|(?P<street>{_STREET}))(?![\w'-])\.?"
    rf"|(?P<bare>(?-i:(?:[NSEW]{{1,2}}\.? )?[A-Z][\w'-]+(?: [A-Z][\w'-]+){{0,2}}))"
    r"|(?P<small>(?-i:[a-z][\w'-]+(?: [a-z][\w'-]+){0,2}))(?=[,.]|$)"
    r"|(?P<romance>(?:rue|avenue|boulevard|place|via|viale|piazza|calle|avenida|rua)"
    r"(?: (?:de|del|della|des|du|la|los|las|l'))*"
    r" ?(?-i:[A-Z][\w'-]+)(?: (?-i:[A-Z])[\w'-]+)?))"
    r"|\bhouse (?:no\.? ?)?\d{1,4}[a-z]?,? (?:road|street|block|sector|lane|phase) (?:no\.? ?)?\d{1,3}\b"
    r"|\b\d{1,5} (?:county|state) (?:road|highway|route) \d{1,4}(?![\w'])"
    rf"|\b(?:rural (?:route|delivery)|rr) (?:\d{{1,3}}|{NUMBER_WORDS})(?![\w'])(?:,? box \d{{1,5}})?"
    rf"|\b(?:p\.? ?o\.? ?box|post office box|(?:private|locked) bag) (?:(?:number|no\.?) )?(?:x ?)?"
    rf"(?:\d+|(?:{NUMBER_WORDS})(?:[ -](?:{NUMBER_WORDS}))*+(?![\w']))"
    r"|\b(?:apt|apartment|suite|flat)\b\.? ?#?(?:\d{1,5}[A-Z]?|[A-Z]\d{1,4})(?![\w'])",
    _FLAGS,
)
_PLACE_NUMBER = (
    rf"(?:\d{{1,5}}(?:[-/]\d{{1,5}}){{0,3}}[A-Z]?|(?:{NUMBER_WORDS})(?:[ -](?:(?:dash"
    rf"|slash) )?(?:{NUMBER_WORDS})){{0,6}}"
    r"(?: [a-f])?|[B-HJ-NP-Z])(?![\w'])"
)
_PREMISES = re.compile(
    r"\b(?:(?:flat|apt|apartment|unit|plot|block|blk|house|villa|stand|erf)\b\.? ?(?:no\.?|number"
    rf"|#)? ?(?:{_PLACE_NUMBER}|A(?=,))"
    r"(?:,? (?:(?:flat|apartment|apt|unit|house|floor|level|block|building|tower|wing|street|road|cross|main|lane"
    r"|sector"
    rf"|phase|number)\b\.? ?|no\.? ?(?=\d)|#){_PLACE_NUMBER}){{1,4}}"
    r"|(?:flat|apt|apartment"
    rf"|unit) {_PLACE_NUMBER}, (?:the )?[\w'-]+(?: [\w'-]+)?, (?:[\w'-]+ ){{1,2}}{_SURE_STREET}(?![\w'-])"
    r"|\d{1,5}(?:/\d{1,4})?,? \d{1,2}(?:st|nd|rd|th) (?:cross|main)\b(?:,? \d{1,2}(?:st|nd|rd|th) (?:cross|main"
    r"|block|stage)\b){0,3}"
    rf"|(?:h|house|door|d|flat|plot)\.? ?no\.?:? ?\d{{1,5}}(?:[-/]\d{{1,5}}){{1,3}}[A-Z]?(?![\w'])"
    rf"(?:,? (?:street|road|cross|main|lane|sector|phase)\b\.? ?(?:no\.? ?)?{_PLACE_NUMBER})?)",
    _FLAGS,
)
"""A block and a flat in it, a house in a street that has a number: an address, though no name is told."""
_PREMISE_WORDS = table("flat apt apartment unit plot block blk house villa stand erf h d door cross")
_CALLED = re.compile(
    r"\b(?:farm|house|cottage|bungalow|croft|villa|lodge)(?:'s| is|, it's)? (?:called|named) "
    r"(?P<place>(?!(?:the|a|after|back|for|in|off|on|out|up)\b)[\w'-]+(?: [\w'-]+){0,3}(?:, (?:by|near|in"
    r"|at) [\w'-]+)?)(?=[,.;!?]|$)",
    _FLAGS,
)
"""A house that is told by its name."""
_DIGIT = re.compile(r"\d")
_HINT = re.compile(rf"\b(?:{NUMBER_WORDS}),? [a-z]|\bbox\b|\bbag\b|\bflat\b|\bapartment\b")
_HINT_WORDS = frozenset((*NUMBER_WORDS.split("|"), "box", "bag", "flat", "apartment"))
"""The words of `_HINT`."""
_NO_STREET = re.compile(
    r"\b(?:the|a|an|on|my|your|his|her|our|this|that|in|of|to|at|for|and|or|down|up|from|with|is|was|by|miles?"
    r"|minutes?|"
    r"hours?|days?|blocks?|weeks?|years?|months?|houses?|doors?|met(?:er|re)s?|km|feet|bedrooms?|people|times|way|more"
    r"|other|"
    r"different|am|pm)\b",
    _FLAGS,
)
_ADDRESS_CUE = re.compile(
    r"\b(?:address(?:'s| is| was|:)?|(?:live[sd]?|living|reside[sd]?|stay(?:s|ing)?|i'm|we're|located|based)"
    r" (?:at|on|in)"
    r"|(?:my|our|his|her|their|the)(?: new| old)? (?:place|house|flat|home|office)(?:'s| is| was)"
    r"|(?:deliver(?:ed|y)?|ship(?:ped)?|sen[dt]|post(?:ed)?|mail(?:ed)?|moved?|moving)(?: (?:it|this|them|that))?"
    r" (?:to|into)|moved? from|went to|left at) (?:still |now )?$",
    re.IGNORECASE,
)
_NAMED_END = rf"(?:{_BUILDING}|{_SURE_STREET}|court|heights|gardens|quays?|wharf|mews)"
_NAMED_WORDS = table(
    """cottage house lodge farm farmhouse barn hall manor mill tower towers rectory vicarage grange apartments mansions
    villa flats court heights gardens quay quays wharf mews street avenue road lane boulevard terrace crescent parkway
    highway broadway blvd ave rd"""
)
"""The words of `_NAMED_END`."""
_NO_NAME_OF_A_HOUSE = (
    r"(?!(?:a|an|he|i'm|it|she|that|there|they|we|we're|you"
    r"|my|our|your|his|her|their|this|that|the|in|at|on|to|is|from|for|and|or)\b)[a-z][\w'-]*"
)
_NAMED = re.compile(
    rf"(?<![\w.'-])(?P<the>the )?(?:{_NO_NAME_OF_A_HOUSE} ){{1,3}}(?P<end>{_NAMED_END})(?![\w'-])"
    rf"(?P<street>,? (?:(?:top|end|bottom) of )?(?:{_NO_NAME_OF_A_HOUSE} ){{1,2}}"
    rf"(?:{_SURE_STREET}|{_STREET})(?![\w'-]))?",
    _FLAGS,
)
"""A house with a name and no number."""
_NEAR = re.compile(
    r"\b(?:live|living|we're|i'm|staying|(?:house|flat|place) is|sen[dt] it|deliver(?:ed)? (?:it )?to|address is) "
    r"(?P<place>(?:(?:right |just |directly )?(?:opposite|behind|above|beside|near|next (?:door )?to|across from|over)"
    rf"|(?:at |in )?the (?:(?:first|last|old|little|white|red) )?(?:{_BUILDING}|bungalow)"
    r" (?:on|off|at|along|by|past|down)(?: the)?"
    r"|(?:two|three|\w+) doors (?:down |up )?from|(?:on |at )?the (?:corner|end|top|bottom) of) "
    rf"(?:[\w'-]+ ){{1,7}}(?<!\ba )(?<!the )(?<!busy )(?<!main )(?<!quiet ){_SURE_STREET})(?![\w'-])",
    _FLAGS,
)
"""An address that is told by what is near."""
_NEAR_WORDS = table("""opposite behind above beside near next across over doors corner end top bottom
    bungalow cottage house lodge farm farmhouse barn mill rectory vicarage""")
_POSTCODE_SAID = re.compile(
    r"\b(?:post ?code|zip)(?:(?:'s| is|:) | ?)"
    r"(?P<code>[a-z](?:[ ,]{1,2})?[a-z]?"
    rf"(?:[ ,]{{1,2}}(?:{NUMBER_WORDS}|\d{{1,2}})){{1,2}}"
    rf"(?: [a-z])?,? (?:{NUMBER_WORDS}|\d) ?[a-z] ?[a-z])(?![\w'])",
    _FLAGS,
)
_NAMED_CUE = re.compile(
    r"\b(?:address(?:'s| is| was|:)?|(?:live[sd]?|living|reside[sd]?|stay(?:s|ing)?|i'm|we're) (?:at|in)"
    r"|(?:deliver(?:ed|y)?|ship(?:ped)?|sen[dt]|post(?:ed)?|moved?|moving)(?: (?:it|this|them|that))? (?:to|into)"
    r"|it's) $",
    re.IGNORECASE,
)
_QUESTION = re.compile(
    r"\bwhere(?:abouts)? (?:are|is|do|does|did|should|shall|can|will|would) (?:you|we|i|they|he|she|it|that|this|the)\b"
    r".{0,32}\b(?:live|living|stay|staying|send|deliver|delivered|post|ship|go|going|sent|come|collect|posted"
    r"|located|based|sending|delivering|posting|shipping)\b"
    r"|\b(?:which|what|what's the|and the) (?:street|road|building|flat|apartment|house|unit)\b"
    r"|\b(?:street|road|house|building|farm|estate) name\b|\bname of the (?:street|road|house|building|farm"
    r"|estate)\b|\bwhere (?:to|you live)\b"
    r"|住[在哪址]|哪[儿里]小区|(?:[寄送发派]货?[到往去]|在)哪|[寄送]货?到什么地方|门牌|哪一?[条栋幢]"
    r"|哪一?个(?:小区|社区|村|[乡城]?镇|城市|地方|位置|地址|单元|街道?|楼|路口)"
    r"|几[栋幢]楼?|第?几[楼层单](?:元|[?,。呢]|$)"
    r"|几号(?:[楼?？,，。]|$)|哪边住"
)
"""A question for a place."""
_MONTH = r"(?:jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*\b"
_LEAD = re.compile(
    r"(?:(?:yes|yeah|sure|ok|okay|um|uh|er|so|well|it's|it is|that's|that is"
    r"|(?:the|my|our) (?:address|house|flat|place) is|i live (?:at"
    r"|in)|we live (?:at|in)"
    r"|i'm at|we're at|at|to|send it to|好的?|嗯|呃|哦|是|就是?|在|我?住在?|我?家?住?在"
    r"|我?的?[车人](?:[坏停]?在)|寄到|送到|地址是?)(?:[ ,.:]+"
    r"|(?<=[\u4e00-\u9fff])))*",
    re.IGNORECASE,
)
_SENTENCE = re.compile(
    r"(?:i|it|you|we|they|there|your|our|then|for|by|no|oh|how)\b"
    r"|.*\b(?:is|are|was|were|will|needs?|have|has|had|takes?|lasts?|costs?|would|know)\b",
    _FLAGS,
)
"""What an answer begins with, or has in it, that tells something else than a place."""
_PLACE_WORD = re.compile(
    rf"\d+(?![\d,.]|{UNIT}| {_MONTH})"
    rf"|\b(?:{NUMBER_WORDS}|{_BUILDING}|{_SURE_STREET}|{_STREET}|floor|entrance|building|block|flat|corner of|end of"
    rf"|opposite|behind|above|next to)\b|[路街道巷弄号楼栋座室村镇乡区园苑庄城里口期厦]",
    _FLAGS,
)
_NO_ADDRESS = re.compile(
    r"\?|\b(?:why|what|which|same|don't|didn't|not|can't|can|could|is it|hang on|moved|sorry|minutes?)\b|跟|一样|什么"
    r"|怎么|没|不|吗|呢|能|可以|等",
    _FLAGS,
)
_ANSWER_END = re.compile(
    r"[.!;。] |[!;。]|,? (?:please|thanks|thank you|but|because|which|and (?:i|the|it))\b|,?(?:谢谢|就行|就可以|吧|啊"
    r"|哈)",
    _FLAGS,
)
_LONGEST_ANSWER = 90
_CONTINENTAL = re.compile(
    r"(?<![\w.])(?:[A-Z\u00c0-\u00de][\w'-]{0,40}(?i:stra(?:ß|ss)e|str\.|weg|gasse|platz|allee|ring|damm|ufer|straat"
    r"|laan|gracht"
    r"|plein|kade|vej|gade|gatan|vägen|veien)|(?:(?i:rue|via|viale|piazza|calle|avenida|rua|ulica|ul\.|plaza|paseo"
    r"|corso))"
    r"(?: (?:de|del|della|des|du|dei|la|los|las))*(?: [^\W\d_][\w'-]+){1,2}),? (?:n[°º.] ?)?\d{1,4} ?[a-zA-Z]?(?!\w)"
    # A postcode behind a number makes a street of any word with a capital.
    r"|(?<![\w.])[A-Z][\w'-]{1,40}(?: [A-Z][\w'-]{1,40}){0,2} \d{1,4}[a-zA-Z]?(?=,? \d{4,5} [A-Z])"
)
_POSTCODE = (
    r"(?:[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}|[A-Z]\d[A-Z] ?\d[A-Z]\d|[A-Z]\d\d ?[A-Z0-9]{4}"
    r"|(?:[A-Z]{2,3} )?\d{4,6}(?:-\d{4})?)(?![\w-])"
)
_BEHIND = re.compile(
    # "Ave 2 #08-113", "Close, off Allen Avenue", "opposite the filling station".
    rf",? #\d{{1,3}}-\d{{1,5}}[A-Z]?(?!\w)|(?<=[a-z]) \d{{1,2}}(?=,? #\d|,|\.|$)"
    rf"|,? (?i:off|opp(?:osite)?\.?|behind|beside|near|next to) (?:(?:the )?[\w'-]+ ){{1,4}}(?i:{_SURE_STREET}"
    r"|station|church|mosque"
    rf"|temple|school|market|junction|hospital|mall|park|bus stop)(?![\w'-])"
    r"|,? (?i:near|nr\.?) [A-Z][\w'-]+(?! (?i:road|street))"
    rf"|,? (?i:{_FLAT})|,? \d{{1,2}}\. ?(?:OG|Stock|Etage|floor)\b|, [ED]G\b"
    rf"|,? {_POSTCODE}(?: (?P<place>[A-Z][\w'-]+))?|,? (?:[NS][EW]?|[EW]|North|South|East|West)\b(?!')"
    rf"|,(?: [a-z'-]+){{1,2}} {_SURE_STREET}(?![\w'-])"
    r"|, [A-Z]{2,3}\b(?!')|, (?P<town>[A-Z][\w'-]+(?: [A-Z][\w'-]+){0,2}(?: \d{1,2}(?![\w-]))?)"
    r"|,(?: [a-z]+){1,3},? (?:[a-z]{2} \d{5}|[a-z]{1,2}\d{1,2}[a-z]? ?\d[a-z]{2})\b"
    r"|,? (?P<small>[a-z'-]+(?: [a-z'-]+){0,2}?)(?P<code>,? \d{4,6}(?![\w-]| \d)"
    rf"|(?: (?:{NUMBER_WORDS})){{4,6}}(?![\w-])|(?=[,.]|$))"
)
"""What may follow the street, piece by piece: flat, postcode, direction, region, town; all of it written small."""
_MOST_PIECES = 7


def find_addresses(text: str, asked: bool = False) -> Iterator[Finding]:
    """Yield the street addresses of a plain English text; `asked` tells whether the other side asked for one."""
    keys = keys_of(text)
    if not _NEAR_WORDS.isdisjoint(keys):
        for match in _NEAR.finditer(text):
            yield Finding(*match.span("place"), Private.ADDRESS)
    if not keys.isdisjoint(("code", "postcode", "zip")):
        for match in _POSTCODE_SAID.finditer(text):
            yield Finding(*match.span("code"), Private.ADDRESS)
    if not _NAMED_WORDS.isdisjoint(keys):
        yield from _find_named(text)
    if "called" in keys or "named" in keys:
        for match in _CALLED.finditer(text):
            yield Finding(*match.span("place"), Private.ADDRESS)
    has_digit = _DIGIT.search(text) is not None
    if not has_digit and (_HINT_WORDS.isdisjoint(parts_of(text)) or not _HINT.search(text.lower())):
        return
    for match in _ADDRESS.finditer(text):
        before = _ADDRESS_CUE.search(text, max(0, match.start() - 40), match.start())
        cued = asked or before is not None or _is_all(text, match)
        if words := match["words"]:
            in_capitals = words[0].isupper() and (match["street"] or "A")[0].isupper()
            if _NO_STREET.search(words.removeprefix("The ")) or not (
                match["sure"] or match["flat"] or in_capitals or cued
            ):
                continue
        elif match["bare"] and re.match(_MONTH, match["bare"], _FLAGS):
            continue  # a day
        elif (not cued and (match["bare"] or match["small"])) or (match["small"] and _is_no_street(match["small"])):
            continue
        yield Finding(match.start(), _end_of_place(text, match.end()), Private.ADDRESS)
    for match in _PREMISES.finditer(text) if not _PREMISE_WORDS.isdisjoint(keys) else ():
        yield Finding(match.start(), _end_of_place(text, match.end()), Private.ADDRESS)
    for match in _CONTINENTAL.finditer(text) if has_digit else ():
        yield Finding(match.start(), _end_of_place(text, match.end()), Private.ADDRESS)


def _is_all(text: str, match: re.Match[str]) -> bool:
    """Return whether a number and a street in small letters are all that a clause at the beginning tells."""
    words = match["words"]
    if match.start() or not words or text[match.end() : match.end() + 1] not in ("", ","):
        return False
    first = words.split()[0]
    return not text.lower().startswith("one ") and not is_ordinary(first) and not UNIT_BEHIND.match(f" {words}")


def _is_no_street(words: str) -> bool:
    """Return whether words in small letters behind a number say what it counts, and not where somebody lives."""
    return _NO_STREET.search(words.removeprefix("the ")) is not None or UNIT_BEHIND.match(f" {words}") is not None


def _find_named(text: str) -> Iterator[Finding]:
    """Yield the addresses that have a house's name and no number."""
    for match in _NAMED.finditer(text):
        in_capitals = match["end"][0].isupper()
        cued = _NAMED_CUE.search(text, max(0, match.start() - 40), match.start()) is not None
        told = (in_capitals or cued) if match["street"] else (cued and not match["the"])
        if told and (match["street"] or in_capitals or not is_ordinary(match[0].split()[0])):
            yield Finding(match.start(), _end_of_place(text, match.end()), Private.ADDRESS)


def asks_for_address(text: str) -> bool:
    """Return whether a plain text in small letters asks where somebody lives, or where something is to go."""
    return _QUESTION.search(text) is not None


def find_address_answer(text: str) -> Iterator[Finding]:
    """Yield the address with which a plain text answers the question for one."""
    lead = _LEAD.match(text)
    start = lead.end() if lead else 0
    behind = _ANSWER_END.search(text, start)
    end = behind.start() if behind else len(text.rstrip(" .。"))
    is_place = 2 < end - start < _LONGEST_ANSWER and _PLACE_WORD.search(text, start, end) is not None
    is_place = is_place and not _SENTENCE.match(text, start, end)
    if (is_place or is_estate(text[start:end])) and not _NO_ADDRESS.search(text):
        yield Finding(start, end, Private.ADDRESS)


def _end_of_place(text: str, end: int) -> int:
    """Return where the flat, the town, the region and the postcode end that stand behind a street."""
    for _ in range(_MOST_PIECES):
        behind = _BEHIND.match(text, end)
        if not behind or _is_no_town(behind["town"] or behind["place"] or ""):
            break
        is_last = not text[behind.end() :].strip(" .")
        if behind["small"] and not _is_small_town(behind["small"], bool(behind["code"]), is_last):
            break
        end = behind.end()
    return end


def _is_no_town(words: str) -> bool:
    """Return whether words with a capital behind a street are hardly a place: "Church End" is one, "Thanks" is none."""
    first, *others = words.split() or [""]
    return first.lower() in NO_NAMES or (not others and is_ordinary(first))


def _is_small_town(words: str, has_postcode: bool, is_last: bool) -> bool:
    """Return whether words in small letters are the name of a place: no ordinary ones, or words of no dictionary.

    Several words that end the text are one too: "church lane, nether wallop".
    """
    first, *others = words.split()
    if any(map(is_ordinary, (first, *others))) or is_cue(first):
        return False
    if is_last and len(others) == 1 and NO_NAME_ENDING.search(first) is None:
        return True
    return has_postcode or not load_lexicon().is_english(first)
