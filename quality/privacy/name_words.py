"""The words that tell English names from everything else, all in small letters."""

from typing import Final


def table(words: str) -> frozenset[str]:
    """Return the words of a text.

    >>> sorted(table("yes no"))
    ['no', 'yes']
    """
    return frozenset(words.split())


GIVEN_TOO: Final = table(
    """archer aria art aspen basil bill blossom bo buck bud buddy buster cherish cherry chip christian clay cliff colt
    coral crystal dawn dean drew echo faith felicity flo foster frank gene genesis ginger grace grant grove hardy
    heath herb hope hunter indy ivory jewel joy justice laurel lavender lex mark marsh mason max melody mercy merry
    miles myrtle nana olive orion pat patience pearl penny pierce piper poppy ray rich rocky rod rose ruby rusty sage
    sandy scarlet skip sue trinity val valentine wally ward will willow woody"""
)
"""Given names that are also words: a capital amid a sentence makes them names."""

_WORDS: Final = table(
    """ab ace admiral ah al ally alpha alto ami an ante apollo arch atlas autumn babe banks baptist baron bay bell bird
    bishop blaze blessing bliss boss brain branch brook brooks bunk burns butler cal cali canal candy cannon canyon
    cap captain cash champ charity chase che chin christ cinnamon coin collier colon colonel comfort commodore con
    cord corona council creed deacon del dell destiny dev diamond doc dock doll dot dove duff duke dusty earnest
    easter edit elder emerald era essence eta ether fairy fancy fate fed fleet flint forest forum gala gale garrison
    gauge gay genie geo golden gorge governor graves gray grit ham handy harm harmony harsh haven heaven hence hunt
    icy immaculate imo indie infant innocent isis jail jesus jet journey judge kaiser kale karma kick king lady leafy
    lemon levy liberty lies link lo lone loot lore love loyal luck lucky lyric mac mace mad mal male manly mar marine
    marquis marry marshal marvel mat math maverick mayo meadow merchant messiah meta metro mills miner minor miracle
    misty moody nail nazi neo noble nova oak om oral orange owe pacific park pastor peer pepper pier pleas pleasant
    porter precious press prima prince princess prosper puck purity queen raid ramp rand ransom raven ridge river roll
    royal rush sad saga said saint sep serenity server shade shepherd sierra silver sincere sky sol sole sterling
    steward stone storm stormy sun sunny sunshine tab tan tea terra theres ties till tiny trace treasure unique
    unknown unnamed urban van vega velvet versa vi victory viking villa viva wage wash watt wiley windy wing wood
    worth yoga zion"""
)
"""Further words that somebody somewhere is called."""

VERBS_TOO: Final = table(
    """bill bo bob buck carol chase chip chuck curt drew earl edit fancy frank gene grant hunter jack josh justice lance
    major marina mark marsh max may merry miles nick parker pat patience pierce randy ray rich rob rocky rose rusty
    sandy skip sue tanner taylor trace val victor wade ward will woody worth"""
)
"""Of the given names those that are often verbs, adjectives or things when they are written small."""

_PLACES: Final = table(
    """adelaide alabama alberta alexandria america angeles april arizona arlington asia august augusta aurora austin
    bali basel bedford berlin boston bradford bristol brooklyn camden carolina charlotte chelsea chester china cleveland
    columbia columbus cuba dakota dallas dayton denver devon eden essex florence florida francisco geneva georgia
    hamilton hampton hobart holland houston india indiana ireland israel jackson jan january jordan june kent kenya
    kingston kobe lafayette lancaster lincoln london louisiana lucca madison malta manila medina melbourne memphis
    milan missouri montana nevada odessa oman orlando paris philippine phoenix preston raleigh regina reno richmond
    rico roma roman rome salvador san santa santiago santo savannah sofia stafford stanford sunday sydney tennessee
    texas trinidad troy valencia venice verona victoria vienna virginia warwick washington wellington york"""
)
"""Places, days and months by which people are called."""

_BRANDS: Final = table(
    """alexa amazon avis avon bentley chanel cortana delta disney ford harley hilton hoover kia marriott mercedes nike
    oracle porsche siri tesla virgin visa wells"""
)
"""Brands by which people are called."""

WORDS_TOO: Final = GIVEN_TOO | _WORDS | _PLACES | _BRANDS
"""All names that are something else too: they need more than a capital to count as names."""

SMALL_WORDS_TOO: Final = table(
    """amber carol carter chad chandler chuck cooper curt daisy dale earl glen glenn heather holly hung iris ivy jack
    jade jasmine josh kitty lance lane lily marina nick parker randy rich rob robin roger tanner taylor victor wade"""
)
"""Further names that are words when they are written small."""

GIVEN_WHEN_SMALL: Final = (GIVEN_TOO | SMALL_WORDS_TOO | table("april destiny june skye")) - VERBS_TOO
"""Of the given names that are words those that are names in small letters too, behind a word that a name follows."""

ALL_GIVEN_TOO: Final = GIVEN_TOO | GIVEN_WHEN_SMALL
"""All given names that are words too."""

BEHIND_SMALL: Final = table(
    """answered booked bought changed fixed gave handled helped left made moved opened ordered paid ran sent set signed
    sorted took used"""
)
"""What stands behind a name in small letters, beside the most common words."""

NEVER: Final = table(
    """a about above across actually afraid after afternoon again agent ago ah ai all almost already alright also always
    am american an and another any anybody anyone anything apple are as asap ask asked asking assistant at atm away
    awesome aye back bad bank be because been before being best better big billing bmw bot both btw but by bye call
    called calling calls came can can't cannot capt card catholic cheers chinese claims client collections come coming
    cool correct could customer dad danish day days deaf dear december definitely did didn't different do doc doctor
    does doesn't doing don't done down dr dude dutch each either else email english europe european even evening every
    everybody everyone everything exactly excellent facebook father february few fine first folks for forget forgot
    fraud french friday from full fully geez german get getting give glad go goes going gone gonna good goodbye google
    gosh got great greek ha had haha happy has have haven't having he hello help helping her here hers hey hi him
    hindu his hmm hold home hoping hotel how however human i i'd i'll i'm i've idea if im in incorrect indeed instead
    into invalid irish is isn't it it's its itself japanese jewish july just kind last later let let's like likewise
    listed listen literally live living lol looking ma'am madam made make many maybe mdm me messrs microsoft mine miss
    missing misspelled mom moment monday more morning most mother mr mrs ms much mum muslim mx my myself nah name named
    names near need never nevermind new next nice night no nobody none nope not nothing november now number october of
    off oh ok okay omg on once one only oops operator or order other our out over own people perfect phone pin please
    pleased pretty probably prof professor quite ready really regarding registered remember rev right robot said sales
    saturday saying see seems send sent september service services sgt she should showing since sir so some somebody
    someone something soon sorry sounds spanish speak speaking spell spelled spelling spelt still such sunday support
    sure swiss talking team technical technician tell terrible thai than thank thanks that that's the their them then
    there there's these they they're thing things this those though through thursday til to today together told
    tomorrow tonight too totally true try trying tuesday two uber ugh uh um umm under understood unfortunately until
    up us used using verizon very voicemail wait waiting want wanted wanting was wasn't we we're wednesday welcome
    well welsh were what what's when where which while who whole whom whose why with without won't wonderful wondering
    work working would wouldn't wow wrong yeah yep yes yesterday yet you you're you've your yours yourself yup"""
)
"""Words that are no name wherever they stand."""

_THINGS: Final = table(
    """aetna agh aghh aha ahh airbnb aldi alibaba allstate amex android anyway apologies apologise apologize app apps
    argh argos asda audi aw barclays bartender basic begins besides bluetooth boots bosch bro bummer centrelink changed
    adios christmas chrome cigna citibank comcast congratulations contains costco currys damn dang darn dell details dhl
    dublin dyson easter easyjet ebay emirates ends etsy eww excel expedia express fedex field firefox fitbit garmin
    geez geico gmail god goddess goodness gosh gracious greetings halifax heavens hermes hiya honda howdy hsbc
    huawei huh hulu hyatt icloud ikea instagram internet ipad iphone jpmorgan klarna lenovo lidl lisbon lloyds lufthansa
    lyft macbook mam mastercard matches mazda meanwhile medicare monzo moreover morrisons mothers motorola
    nationwide natwest netflix nintendo nissan nokia och oi ooh ooo oops optus otherwise outlook panasonic paypal
    phew philips playstation premium qantas reconnect regardless revolut rewards roku router ryanair safari
    sainsbury's sainsburys samsung santander schwab shein shh shoot siemens skype sony spectrum spotify sprint
    sim standard starling starts subaru sweet t-mobile teams telstra temu tesco therefore toyota transport ugg uhh ups
    usps venmo vodafone volkswagen volvo waitrose walmart wayfair whatsapp whoa wi-fi wifi windows woops xbox
    xfinity xiaomi yea yess yikes youtube yuck zara zelle zoom
    alot autopay cmon dunno g'day gday gonna gunna log-in oughta rsvp tysm wanna y'all couldve shouldve wouldve
    howabout appt"""
)
"""Brands and words of the trade that have a capital, or open an utterance."""

NO_NAMES: Final = NEVER | _THINGS
"""All that is no name."""

FURTHER_GIVEN: Final = table(
    """adwoa ahmet akosua alok amrita anand ananya anil anjana anoop aparna arvind asif atul babatunde bashir
    bharat bogdan bongani burak caoimhe cerys chidi chinedu chioma danish debs deepa deepak deepika dimitris
    dinesh dmitri dmitry efua eitan ekaterina emeka emre enzo ezgi faisal farhan farid farida folake gaurav
    geeta giannis gopal govind habib harish harpreet haruto hemant hideo iman imani iqbal itzel jago jaspreet
    jatin ji-woo jihoon jyoti kamran karthik kavita kazuki kelechi khadija kiran kunal kwabena kwaku lalita
    laszlo lerato lowri mahesh mahmoud manish manoj matej mateusz mehdi minji mohan mohit mukesh nadeem nandini
    naveen navin neeraj nikhil nitin nkechi noam nomsa noor oksana oluwaseun oluwaseyi pallavi pankaj prakash
    pranav prasad prashant preeti prem radha rafiq rajesh ramesh reza ritu sachin sadia saeed sandeep sangeeta
    sanjana sanjay santosh saurabh sergey shahid shalini shanthi shilpa shivani siddharth sipho sonali soo-jin
    sujata sumit sunil sunita suresh surya swati takashi tamsin tarun temitope tendai thabo thandiwe tiago tunde
    uchenna usman varun vikas vikram vinay vinod vishal vivek wanjiku wasim yannis yetunde yevgeny yusra zahra
    zainab zanele zdenek zeinab zoya"""
)
FURTHER_FAMILY: Final = table(
    """abdullahi achebe adebayo ashcroft blackwood bose celik chakraborty chaudhary chukwu dang delacroix dlamini
    fairfax farouk fernando kuznetsov mahlangu mbeki mohammed moyo nasser ndlovu njoroge nkosi nwosu odhiambo
    onyango ozturk penhaligon pillay popov sharif shevchenko shrestha sokolov traore trevelyan virtanen volkov
    whitcombe yadav yilmaz zielinska zulu"""
)
"""Names that the lists of `faker` lack."""

COMPANIES: Final = frozenset(
    (
        *(
            "john lewis",
            "and spencer",
            "charles schwab",
            "morgan stanley",
            "goldman sachs",
            "wells fargo",
            "edward jones",
        ),
        *("merrill lynch", "raymond james", "calvin klein", "ralph lauren", "tommy hilfiger", "harley davidson"),
        *("jack daniels", "michael kors", "kate spade", "hugo boss", "louis vuitton", "thomas cook", "ted baker"),
        *("paul smith", "harvey nichols", "victoria's secret", "estee lauder", "trader joe", "papa john", "sallie mae"),
        *("freddie mac", "fannie mae", "charlotte tilbury", "marc jacobs", "rolls royce", "virgin media", "rowe price"),
        *(
            "earl grey",
            "dorothy perkins",
            "dr martens",
            "roger that",
            "oliver bonas",
            "ben and jerry",
            "ben jerry",
            "tom and jerry",
            "tom jerry",
            "jack russell",
            "martin place",
            "jimmy choo",
            "caesar salad",
        ),
        *("jo malone", "jack wolfskin", "helly hansen", "fred perry", "laura ashley", "cath kidston", "karen millen"),
        *("kurt geiger", "russell hobbs", "george foreman", "john deere", "johnnie walker", "tom ford"),
        *("donna karan", "vivienne westwood", "alexander mcqueen", "stella mccartney", "christian dior"),
        *("giorgio armani", "tory burch", "kenneth cole", "eddie bauer", "tim hortons", "ben sherman", "thomas sabo"),
        *("daniel wellington", "ernest jones", "john hancock", "charles stanley", "taylor wimpey", "mary berry"),
        *("brooks brothers", "james villas", "max factor", "bobbi brown", "paul mitchell", "charles tyrwhitt"),
        *("elizabeth arden", "steve madden"),
        *("virgin atlantic", "aston martin", "mary kay", "jp morgan", "johnson and", "and johnson", "lloyds bank"),
    )
)
"""Companies that are called like a person, by two or three of their words."""

TIERS: Final = table("account accounts card cardholder cardholders club level member members status tier")
"""What stands behind a precious thing that is no person."""

TOLD: Final = table(
    """ask asked chat chatted chatting complained connect contact contacted dealing dealt described emailed escalated
    explain explained explaining forward forwarded handed left met pass passed promised put speak speaking spoke
    spoken talk
    talked talking tell telling thank thanked told transfer transferred transferring"""
)
"""Verbs of which persons are the object."""

SPEAKS: Final = table(
    """agreed answered apologised apologized assured confirmed died drove explained insisted insists knows lives phoned
    promised rang replied said says signed thinks told wrote"""
)
"""What persons do."""

PRESENCE: Final = table("around available back free in still there working")
"""What is asked of a person behind "is"."""

NAMED_UNDER: Final = table("by in under")
"""What stands before "the name" and a name."""

NAMED_BY: Final = frozenset(f"{which} name" for which in table("christian family first full given last maiden middle"))
"""What a name directly follows."""

PARTICLES: Final = table(
    """af ap bin bint binte binti bte da das de del della den der di dos du el ibn la le st ten ter van von"""
)
"""Small words inside family names."""

NO_PERSON_BEFORE: Final = table(
    """cape east el fort lake las los mount mt new north old port saint san santa south st the west"""
)
"""What stands before a place that is called like a person."""

NO_PERSON_BEHIND: Final = table(
    """airlines airport apartments arena ave avenue bank beach blvd boulevard bridge center centre church city clinic
    club college corp county court drive foundation garden gardens group heights hill hills hospital hotel house inc
    inn insurance island lane library llc ltd mall market museum park plaza porch pub restaurant river road school
    springs square stadium station store street supermarket theater theatre tower towers university venue village"""
)
"""What stands behind a place or a company that is called like a person."""

ARTICLES: Final = table("""a an any each her his its my no our some that the their this those your""")
"""What stands before things."""

PRONOUNS: Final = table("""he i it she that there they this we you""")
"""What follows a verb in a question."""

FILLERS: Final = table("""actually also er just maybe only uh um""")
"""Words that may stand between a cue and a name."""

ABBREVIATED: Final = table("capt dr prof rev sgt")
"""Titles with a point behind, of which a family name often follows."""

TITLES: Final = table(
    """frau herr madame messrs missus mister monsieur mr mrs ms mx rabbi senor senora sheikh signor"""
)
"""Titles that a family name always follows."""

ROLES: Final = table(
    """accountant auntie aunty au-pair builder carer caregiver caseworker cleaner handler midwife solicitor vet adjuster
    adviser advisor agent agents assistant associate attorney aunt baby boss boy boyfriend broker brother brothers
    child clerk coach colleague consultant counselor courier cousin coworker dad da daddy daughter daughters dentist
    director doctor dr driver electrician engineer ex father fiance fiancee flatmate friend gentleman girl girlfriend
    goddaughter godson granddaughter grandfather grandma grandmother grandpa grandson guy hubby husband installer
    judge kid kids lady landlady landlord lawyer man manager mate mechanic miss mom mother mum nan nana gran granny
    grandad granddad mam mammy nanny neighbor neighbour nephew niece nurse officer operator pal partner person
    plumber prof professor realtor receptionist rep representative roommate secretary sister sisters son sons
    specialist spouse stepdaughter stepfather stepmother stepson supervisor teacher technician tenant therapist
    trainer tutor uncle wife woman"""
)
"""Relatives and roles, in front of a name."""

NAME_NOUNS: Final = table(
    """applicant beneficiary buyer caller cardholder claimant executor forename holder lastname name name's nickname
    passenger patient payee payer policyholder recipient seller sender surname tenant username"""
)
"""What "is" links with a name."""

PEOPLE: Final = table("bloke chap fella girl guy lad lady man person somebody someone woman")
"""Who is somebody, until a name is told."""

DEPARTMENTS: Final = table(
    """accounts billing claims collections complaints customer fraud head hr it logistics marketing our payments returns
    sales security support tech technical the your"""
)
"""What stands behind "from" and a name."""

BOOKED: Final = table(
    """account appointment booked booking name order policy registered reservation reserved room table tickets"""
)
"""What is found under a name."""

MENUS: Final = table(
    """app check click find filed go listed profile site website hit look menu open option options page pick press
    screen scroll section see select settings tab tap then there"""
)
"""Words of who tells the way through a menu, where "under" is followed by its entries."""

THINGS: Final = table(
    """app bank brand business cat city company dog domain file hotel model network pet pet's place plan product
    restaurant shop store street venue wifi"""
)
"""What has a name and is no person, in front of "name"."""

SURE_PAIRS: Final = frozenset(
    (
        "addressed to",
        "call me",
        "called me",
        "calls me",
        "calls him",
        "known as",
        "short for",
        "go by",
        "goes by",
        "name of",
        "payable to",
        "under name",
    )
)
"""Pairs of words that a name always follows."""

LIKELY_PAIRS: Final = frozenset(
    {
        "i am",
        "hello to",
        "hi to",
        "regards to",
        "ask for",
        "asked for",
        "asking for",
        "behalf of",
        "belongs to",
        "registered to",
    }
    | {f"{thing} for" for thing in table("appointment booking call message order package parcel reservation table")}
    | {
        f"{verb} {to}"
        for verb in table("chat chatted engaged married speak speaking spoke spoken talk talked talking")
        for to in ("to", "with")
    }
)
"""Pairs of words that a name often follows."""

GREETINGS: Final = table(
    """absolutely afternoon again all alright bye care certainly course day dear evening goodbye great hello help hey hi
    it listen look moment morning much night no ok okay perfect please problem right so sorry sure thanks time
    understood wait welcome well with worries yeah yes you"""
)
"""Words in front of a name that addresses somebody, when nothing but punctuation follows it."""

PRESENTING: Final = frozenset(("it s", "that s", "this is", "is this", "is that"))
SAID_OF_THINGS: Final = frozenset(("it s", "that s"))
"""Of these those that things are told by as well."""
BEHIND_PRESENTED: Final = table("again and calling from here i i'm i've speaking with")
"""What stands around a name with which somebody presents himself."""

SIGNATURES: Final = table("attn named regards signed sincerely")
"""Words that a name always follows."""

DONE_BY: Final = table("advised called contacted dealt handled helped informed served signed told visited")
"""What is done by somebody, in front of "by"."""

SALUTATIONS: Final = table("bye cheers dear goodbye hello hey hi thanks")
"""Words in front of a name, in small letters too, when nothing but punctuation follows it."""

SIGN_OFFS: Final = table("best cheers rds regards rgds ta thanks thx ty tx wishes")
"""Words with which a message ends, before the name of who wrote it."""

LEAD_OF_AN_ANSWER: Final = table(
    """absolutely actually be believe called certainly down for goes guess he's holder i'd i'll it'd it'll probably
    reckon think thought course er full first gladly
    hello her hers hi his i i'm is it it's its last ma'am maiden mine miss mr mrs ms my name no of oh ok okay please
    problem right s say should she sir so sorry spelled sure she's
    that that'd that'll that's the they this uh um under wanna want to was well would yeah yep yes you"""
)
"""Words with which an answer begins before it comes to the name."""
