"""English sentences for the scrubber: what is private in them, and what is not."""

from quality.privacy import Private

NAMES: list[tuple[str, str]] = [
    # Names by what is said around them.
    ("my name is marcus hale and i was charged twice", "marcus hale"),
    ("Hi, I'm Dana, how can I help?", "Dana"),
    ("This is Thandiwe calling about my claim.", "Thandiwe"),
    ("Good evening, Zdravko speaking.", "Zdravko"),
    ("Could I speak to Mr. Okafor-Bell, please?", "Okafor-Bell"),
    ("mrs whitcombe is not in today", "whitcombe"),
    ("The name on the card is J. R. Featherstone.", "J. R. Featherstone"),
    ("My husband Sipho checked with the neighbors.", "Sipho"),
    ("Thank you so much, Xiomara!", "Xiomara"),
    ("I want to speak to jessica again.", "jessica"),
    ("You can call me Will.", "Will"),
    ("Please ask Grace in billing.", "Grace"),
    ("It is spelled K-O-W-A-L-S-K-I.", "K-O-W-A-L-S-K-I"),
    ("I explained it to Tariqah yesterday.", "Tariqah"),
    ("Is Ottoline still there?", "Ottoline"),
    ("Bartosz, I've sent it again.", "Bartosz"),
    ("Handed over to R. Achterberg.", "R. Achterberg"),
    ("The label says LENA B KOWALSKI on it.", "LENA B KOWALSKI"),
    ("Last name Vandersloot, please.", "Vandersloot"),
    ("my brother in law gethin is on it too", "gethin"),
    ("so a lady called precious rang me", "precious"),
    ("it's under okonjo", "okonjo"),
    ("spelled M C G A H E Y, no I in it", "M C G A H E Y"),
    ("B for bravo, R for romeo, A for alpha, Y for yankee", "B for bravo, R for romeo, A for alpha, Y for yankee"),
    # Names by the lists.
    ("The form was signed by Priya Raghunathan yesterday.", "Priya Raghunathan"),
    ("I think José told her.", "José"),
    ("Mark Johnson has the other key.", "Mark Johnson"),
    ("i sent the money to jane doe", "jane doe"),
    ("MY NAME IS MARCUS HALE.", "MARCUS HALE"),
]
"""Sentences, each with the name in it."""

NUMBERS: list[tuple[str, str, Private]] = [
    ("Call me at (512) 555-0147.", "(512) 555-0147", Private.PHONE_NUMBER),
    ("It's +44 20 7946 0958.", "+44 20 7946 0958", Private.PHONE_NUMBER),
    ("my cell is 303.555.0144", "303.555.0144", Private.PHONE_NUMBER),
    (
        "it's five five five, oh one two, three four double six",
        "five five five, oh one two, three four double six",
        Private.PHONE_NUMBER,
    ),
    ("It is 4111 1111 1111 1111.", "4111 1111 1111 1111", Private.CARD_NUMBER),
    ("Amex 3782 822463 10005", "3782 822463 10005", Private.CARD_NUMBER),
    ("the card ending in 4417", "4417", Private.CARD_NUMBER),
    ("account number is 351531510", "351531510", Private.ACCOUNT_NUMBER),
    ("the sort code 20-45-67", "20-45-67", Private.ACCOUNT_NUMBER),
    ("order #4471 is late", "4471", Private.ACCOUNT_NUMBER),
    ("My order ORD-12345X is late", "ORD-12345X", Private.ACCOUNT_NUMBER),
    ("the booking reference is QF7R2T", "QF7R2T", Private.ACCOUNT_NUMBER),
    ("pay DE89 3704 0044 0532 0130 00 now", "DE89 3704 0044 0532 0130 00", Private.ACCOUNT_NUMBER),
    ("GB29NWBK60161331926819", "GB29NWBK60161331926819", Private.ACCOUNT_NUMBER),
    ("72881904 is all I have", "72881904", Private.ACCOUNT_NUMBER),
    ("My SSN is 123-45-6789", "123-45-6789", Private.ID_NUMBER),
    ("passport number C01X00T47", "C01X00T47", Private.ID_NUMBER),
    ("my plate is AB12 CDE", "AB12 CDE", Private.ID_NUMBER),
    ("write to jane.doe+shop@example.co.uk", "jane.doe+shop@example.co.uk", Private.EMAIL),
    ("it's jane dot doe at example dot com", "jane dot doe at example dot com", Private.EMAIL),
    ("use deb vance 61 at yahoo dot com", "deb vance 61 at yahoo dot com", Private.EMAIL),
    ("I live at 14 Elm Street, Apt 4B in Austin.", "14 Elm Street, Apt 4B", Private.ADDRESS),
    ("ship to 350 fifth avenue apartment 12c", "350 fifth avenue apartment 12c", Private.ADDRESS),
    ("Leeds, LS6 3HN", "LS6 3HN", Private.ADDRESS),
    ("send it to PO Box 1182", "PO Box 1182", Private.ADDRESS),
    ("flat 2, 14 Elm Road, Leeds LS99 9ZZ please", "flat 2, 14 Elm Road, Leeds LS99 9ZZ", Private.ADDRESS),
    ("I'm at 9 Old Mill Yard, Dunmore, PA 18512.", "9 Old Mill Yard, Dunmore, PA 18512", Private.ADDRESS),
    ("it goes to twelve Copper Court, Galway", "twelve Copper Court, Galway", Private.ADDRESS),
    ("Ship to Lindenweg 12, 00000 Musterstadt.", "Lindenweg 12, 00000 Musterstadt", Private.ADDRESS),
    ("k dot lund ninety at example dot org", "k dot lund ninety at example dot org", Private.EMAIL),
    ("it's k.lund (at) example (dot) org", "k.lund (at) example (dot) org", Private.EMAIL),
    (
        "four one two... five five five... oh one three two",
        "four one two... five five five... oh one three two",
        Private.PHONE_NUMBER,
    ),
    ("my order is 4471-882-B", "4471-882-B", Private.ACCOUNT_NUMBER),
    ("contract no. B2C.00317.4", "B2C.00317.4", Private.ACCOUNT_NUMBER),
    ("IBAN FR14 2004 1010 0505 0001 3M02 606", "FR14 2004 1010 0505 0001 3M02 606", Private.ACCOUNT_NUMBER),
    ("third of June, nineteen sixty-four", "third of June, nineteen sixty-four", Private.BIRTH_DATE),
    ("my date of birth is 04/15/1985", "04/15/1985", Private.BIRTH_DATE),
    ("I was born on march 3rd nineteen fifty two", "march 3rd nineteen fifty two", Private.BIRTH_DATE),
    (
        "account number's one four, uh, double eight, nine",
        "one four, uh, double eight, nine",
        Private.ACCOUNT_NUMBER,
    ),
    (
        "reg plate is charlie papa five one, uniform november",
        "charlie papa five one, uniform november",
        Private.ID_NUMBER,
    ),
    ("my user ID: k_pemberton", "k_pemberton", Private.ACCOUNT_NUMBER),
    ("we're at the old rectory, church lane", "the old rectory, church lane", Private.ADDRESS),
    ("My PIN is 4 4 9 0.", "4 4 9 0", Private.PASSWORD),
    ("CVV 392", "392", Private.PASSWORD),
    ("the password is Fluffy!2019", "Fluffy!2019", Private.PASSWORD),
    ("my password is sunflower.", "sunflower", Private.PASSWORD),
]
"""Sentences, each with what is private in it, and its kind."""

STAYS: list[str] = [
    "Will you mark it as paid? I hope so. May I put you on hold?",
    "The grace period ends in June, then Chase Bank will bill me.",
    "My salary is 85000 a year, the rent is 1500, the limit 50,000 dollars.",
    "I owe $12,345.67 or about 23500.75, at 19.99% over 24 months.",
    "On 2024-05-01 at 10:45 pm, gate 12, flight 699, for 3-5 days, 24/7.",
    "He is a 45 year old truck driver from Austin, Texas with two kids aged 4 and 7.",
    "I've been a customer since 2009, in 2019-2021 I paid 300-400 a month.",
    "The Sony WH-1000XM5, an iPhone 15 and a Galaxy S23 with 256 GB and 5000 mAh.",
    "Error code 503 in version 10.15.7 of Windows 11.",
    "I'm American, my wife is Canadian, it's Monday and I'm OK.",
    "I earn twenty five thousand dollars, since nineteen ninety nine.",
    "We went 2 miles down the road to Main Street, 10 minutes each way.",
    "My name is on the card. Your password is wrong. The code is expired.",
    "You can find it at amazon.com, on Friday @ 7 or Sunday @ 9.",
    "[UserName] called from [PhoneNumber], [BankName] card [CardNumber].",
    "John Lewis, Marks and Spencer and Charles Schwab; Pearl members get 5%.",
    "The total is 10 482,16 and the meter reading is 48213.",
    "Hiya, you've come through to cards.",
    "Could you give me your full name, date of birth and postcode?",
    "Marvellous, I'll do that. Splendid, I'll wait.",
    "Go to Tools, then under Preferences pick it: Sound, Output.",
    "Call our helpline on 0800 111 999 or text STOP to 60060.",
    "Is Elvis Presley on it?",
    "Och, I'd have made a cup of tea.",
    "So it is not lost. Thank God, the girls need shoes.",
]
"""Sentences with nothing private in them."""

TOLD: list[tuple[list[str], list[str]]] = [
    (
        ["Hi, I'm Dana.", "dana, my card was charged.", "OK. Thanks, Dana", "Dana's line"],
        ["Hi, I'm [UserName].", "[UserName], my card was charged.", "OK. Thanks, [UserName]", "[UserName]'s line"],
    ),
    (
        ["May I have your full name?", "hannah jones", "Thank you, Hannah. Is it Jones with an s?"],
        ["May I have your full name?", "[UserName]", "Thank you, [UserName]. Is it [UserName] with an s?"],
    ),
    # A name that is a word stays a word where it stands like one.
    (
        ["Your name, please?", "Mark White.", "Will Mark pay? Mark the date on a white sheet."],
        ["Your name, please?", "[UserName].", "Will [UserName] pay? Mark the date on a white sheet."],
    ),
    (
        ["Can you tell me your account number?", "4471", "And the PIN?", "oh it's 0314"],
        ["Can you tell me your account number?", "[AccountNumber]", "And the PIN?", "oh it's [Password]"],
    ),
    (
        ["What was your mother's maiden name?", "whitcombe", "And your first pet?", "It was Biscuit."],
        ["What was your mother's maiden name?", "[UserName]", "And your first pet?", "It was [Password]."],
    ),
    (
        ["What's the account number?", "Hold on.", "Sure.", "It's 351 531"],
        ["What's the account number?", "Hold on.", "Sure.", "It's [AccountNumber]"],
    ),
]
"""Utterances in order, and what is left of them."""
