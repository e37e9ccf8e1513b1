"""What is said around Chinese names of people, as patterns."""

import re

from quality.privacy.name_words_zh import (
    CALLED,
    COMPOUND,
    FREQUENT,
    GIVEN_OFTEN,
    HOLDERS,
    NICKS,
    NO_GIVEN,
    RELATIVES,
    ROLES,
    SOLE,
    SPELT,
    SURNAMES,
    TRANSCRIBED,
)

_HAN = r"\u4e00-\u9fff"


def _han_without(characters: str) -> str:
    """Return the set of all Chinese characters but some: one test a character, where a lookahead in front takes two."""
    out = sorted(map(ord, characters))
    spans = zip([0x4E00, *(code + 1 for code in out)], [*(code - 1 for code in out), 0x9FFF], strict=True)
    return f"[{''.join(f'{chr(first)}-{chr(last)}' for first, last in spans if first <= last)}]"


_GIVEN = _han_without(NO_GIVEN)
_FAMILIAR = rf"(?:{COMPOUND}|[{SOLE}]|[{SURNAMES}](?=[{_HAN}]?[{GIVEN_OFTEN}]))"
"""A surname that is no word by itself, or that often used characters follow."""
_BEGIN = rf"(?:(?<![{_HAN}])|(?<=[{NO_GIVEN}退付交寄送欠查告核实与及喊娶嫁谢扬诉代签写加改换成知找陪原新欢迎认识员]))"
_END = (
    rf"(?=[^{_HAN}]|$|[{NO_GIVEN}]|来|身份|手机|电话|卡号|账|帐|尾号|地址|今|昨|前|上个?[月周]|现在|住|买|申请|咨询"
    r"|投诉|反映|这边|本人|同志|麻烦|帮|需要|希望|觉得|收|转|订|下单|已经|一直|最近|大概|性别|办|预约"
    r"|[说同签付接填改换拿取卖欠借还打联男]|女(?!儿)|名[下义]|通知|确认|核实|反馈|操作|提交|登记|预留|开户|绑定)"
)
"""Behind a name."""
_NICK_END = (
    rf"(?=[^{_HAN}]|$"
    rf"|[的是在和跟呢吗吧啊说帮给为这那你您我把刚也就听看查来接办答拿承收转做弄走找送打发还没不让先应昨今明去]"
    "|处理|负责|联系|同志|上[次周回午个]|下[次周午]|通知)"
)
_WRITTEN = _han_without("的是了不没我你您他她这那吗呢吧啊有就在和给")
_OFTEN = f"[{GIVEN_OFTEN}]"
_SHORT = rf"{_GIVEN}{{1,2}}?{_END}"
_FULL = rf"(?:(?:{COMPOUND}|[{SURNAMES}])(?:{_SHORT}|{_GIVEN}{{2}}))"
_RELATIVES_BEGIN = (
    "老丈妻先太爱儿女爸妈父母哥姐弟妹爷奶外公婆岳侄男前未媳嫂孩朋同室邻房中司领闺亲合用旅乘学员客专经转汇打寄发认教医护律班校"
    "主师队组店站村柜骑快找跟和给由请是帮替让问"
)
_FAMILY_BEGINS = f"{SURNAMES}{''.join(name[0] for name in COMPOUND.split('|'))}"
_TRANSCRIBED_BEGINS = "".join({part[0] for part in TRANSCRIBED.split("|")})
_SHEET = "(?:张[纸卡票图单表照床桌券证贴发]|支[笔付]|包[裹装邮月])"
"""What is found or given: counted by a word that is a surname too."""
_HOLDERS_BEGIN = (
    "备客病学监报下购就承房货出开持投当签预入乘收付汇寄联被借担申经负受委代机车户业患署法抬登办交缴取领参挂推介"
)
NAME = re.compile(
    # With most characters no name begins: what several alternatives begin with is looked at once for all of them.
    rf"""
      (?=[姓户名叫全真中英{_HOLDERS_BEGIN}])(?:
        (?:(?:姓名|(?<!用)户名|{HOLDERS})(?:是|就是|叫|写[着的]?|填|为|[改换][成为]|写的是)?[ :"“]{{0,2}}
          |(?:名字?|叫)[写填:])
          (?P<written>{_WRITTEN}{{2,5}}(?:·{_WRITTEN}{{1,6}}){{0,2}})(?:(?=就[行好]|即可)|(?=[^{_HAN}·]|$))
      | (?:叫做?|名叫|名字?(?:是|就是|写的是)|(?:(?:[姓全真户]|[中英]文)名字?|{HOLDERS})(?:是|叫|为)?)
          [ :,]{{0,2}}(?P<called>{_GIVEN}{{1,6}}·{_GIVEN}{{1,6}}|{_FULL}|[A-Za-z]+(?:[ .·][A-Z][A-Za-z]+){{0,3}})
      )
    | 是(?P<being>{_FAMILIAR}{_SHORT}|阿(?![姨里拉]){_GIVEN}{_END})
    | 姓(?P<surname>{COMPOUND}|[{SURNAMES}])
    | (?=[{_RELATIVES_BEGIN}])(?:{RELATIVES})(?:叫|是|,)?(?!{_SHEET})(?P<relative>[{FREQUENT}]{_SHORT})
    | (?=[宝儿女闺孩孙外侄妹弟客专顾管助小主亲老同姐哥谢感])(?:{CALLED})[叫是]?(?P<given>{_OFTEN}{{2}})(?:{_END}
      |(?=[人手]?(?:态度|服务|挺|特别|技术|[人手]艺?[很不真])|上[小初中高大学课网班]|读|学|正|退|报|参加|才?\d))
    | (?={_OFTEN}{{2}}[妈爸奶爷外])(?P<child>{_BEGIN}{_OFTEN}{{2}})(?=妈|爸|奶奶|爷爷|外婆|外公)
    | (?=[{_TRANSCRIBED_BEGINS}])
      (?P<transcribed>(?:{TRANSCRIBED})(?:{TRANSCRIBED}|·){{0,12}}{_GIVEN}{{0,3}}?{_END})
    | (?=[{_FAMILY_BEGINS}])(?:
        (?P<full>(?:{COMPOUND}|[{FREQUENT}]){_OFTEN}{{2}})
      | (?P<unheard>[{FREQUENT}](?:{_OFTEN}{_GIVEN}|{_GIVEN}{_OFTEN}))
      | (?P<compound>(?:{COMPOUND}){_OFTEN}(?:{_END}|(?={ROLES})))
      | (?P<usual>张三(?!丰)|李四(?!光)|王五|赵六)
      )
    | (?P<latin>(?<![A-Za-z])[A-Z][a-z]{{1,9}})(?=老师|先生|女士|小姐|[姐哥]|同学)
    | (?:客服|专员|顾问|助理|同事|经理)(?P<staff>[A-Z][a-z]{{1,9}}(?![A-Za-z]))
    | (?P<foreign>{_GIVEN}{{1,6}}·{_GIVEN}{{1,6}})
    | (?=[小老阿{FREQUENT}])(?:
        (?P<nick>[小老阿](?![康钱])[{FREQUENT}](?:{_NICK_END}|头)|(?:[{FREQUENT}](?<![方施高])[工董]
        |(?=小){_BEGIN}小[{NICKS}]|(?=阿){_BEGIN}阿(?![姨里拉迪尔司胶根文明康]){_OFTEN}){_NICK_END})
      | {_BEGIN}(?P<junior>[小老][{SOLE}]){_NICK_END}
      )
    | (?=.[哥姐叔姨婶伯嫂爷奶太妈爸])(?P<elder>[{FREQUENT}]|{_BEGIN}(?![月军]嫂){_OFTEN})
      (?:[哥姐叔姨婶伯嫂爷](?![哥姐妹弟])|奶奶|妈妈|爸爸|太(?=[^{_HAN}]|$))
    | (?=[{SURNAMES}])(?:
        (?=[{FREQUENT}])(?:{_BEGIN}|(?<=一下))(?P<alone>[{FREQUENT}](?=[{_HAN}]?[{GIVEN_OFTEN}]){_SHORT})
      | (?<![{_HAN}])(?P<bare>[{SOLE}]{_OFTEN}{{1,2}})(?![{_HAN}])
      | (?<![{_HAN}])(?P<between>[{FREQUENT}]{_GIVEN}{{2}})(?![{_HAN}])
      | (?<![{_HAN}])(?P<spaced>[{SOLE}][ ]{_GIVEN}(?:[ ]{_GIVEN})?)(?![{_HAN}])
      | (?P<masked>[{SURNAMES}]\*{{1,2}}{_GIVEN}?)
      | (?P<owner>[{FREQUENT}](?=[{_HAN}]?{_OFTEN}){_GIVEN}{{1,2}})
          (?=名[下义]|的(?:卡|账|身份证|电话|手机|名|号|护照|订单|保单|社保|快递|包裹))
      | (?P<vague>[{FREQUENT}])(?=什么[的来]|啥)
      | (?P<doubled>[{FREQUENT}](?P<twice>(?![等常])(?:{_GIVEN}|多))(?P=twice))
      | (?=[{FREQUENT}]){_BEGIN}(?P<open>[{FREQUENT}](?=[{_HAN}]?{_OFTEN}){_GIVEN}{{2}})
      )
    | (?P<spelt>{SPELT})
    """,
    re.VERBOSE,
)
_CALLED_IN = "[车人外快滴救警物保家跑等去过回别停客号]|师傅|经理|老板|出租|开锁|拖车|代驾|搬家|投诉|苦|好"
"""What is called or ordered, and what somebody is told to do, behind the same word as a name."""
_NO_SELF = (
    "说|要|想|来|不|没|先|从|用|在|去|的|问|老师|学生|客户|用户|会员|本人|房东|车主|业主|机主|户主|商家|卖家"
    "|买家|中介|家属|亲戚|邻居|朋友"
    "|同事|老板|司机|物业|公司|单位|学校|医院|银行|个体|新来|外地|本地"
)
"""What stands behind "I am" and is no name."""
_RELATED = (
    "老公|老婆|丈夫|妻子|媳妇|爱人|爸爸|妈妈|爷爷|奶奶|[我他她]爸|[我他她]妈|儿子|女儿|闺女|[我他她]哥"
    "|[我他她]姐|[我他她]弟|[我他她]妹|弟弟|妹妹|哥哥|姐姐"
    "|同事|同学|室友|朋友|老板|法人|领导|房东"
)
SURE = tuple(
    (re.compile(hint), re.compile(pattern, re.VERBOSE))
    for hint, pattern in (
        (
            "[叫名]",
            rf"""
              叫(?P<styled>(?!{_CALLED_IN}){_WRITTEN}{{2,3}})(?=的(?:客服|师傅|人|小?姑娘|女的|男的|同事|经理
                |顾问|那个|员工|小伙|先生|女士))
            | (?:叫|称呼|喊)(?:我(?P<nickname>{_WRITTEN}{{2,3}})(?=就[行好可]|吧?[,。]?$|即可)
                |[他她](?P<known>{_WRITTEN}{{2,3}})(?=就[行好可]|[,。]?$|即可))
            | (?:(?<=[我他她字就名女儿子妈爸公婆哥姐弟妹友事学,])|^)叫做?[ :,]{{0,2}}
                (?P<self>(?![个错做下来辆]|一(?!{_OFTEN})|{_CALLED_IN})(?:{_WRITTEN}{{2,5}}(?=[^{_HAN}·]|$)
                  |{_WRITTEN}[{_HAN}]{{1,2}}(?=,)|{_WRITTEN}{{2,3}}(?=的)))
            | (?<!用户)(?<!登[录陆])名(?:字|称)?(?:叫|就?是)
                (?P<named>(?![一二两三四]个){_WRITTEN}{{2,4}}(?=[^{_HAN}·]|$))
            """,
        ),
        (
            "[谢烦扬夸]",
            rf"(?:谢谢|感谢|麻烦)[你您]?(?P<thanked>小{_GIVEN})(?![{_HAN}])"
            rf"|(?:谢谢|感谢|表扬(?:一下)?|夸(?:一下|夸)?)(?P<praised>{_OFTEN}{{2}}|[{SOLE}]{_OFTEN}{{1,2}})(?=[,。]|$)",
        ),
        (
            "[A-Z][a-z]",
            rf"(?P<mixed>(?<![A-Za-z])[A-Z][a-z]{{2,9}}[{FREQUENT}](?![{_HAN}])|阿[A-Z][a-z]{{1,9}}(?![A-Za-z])"
            rf"|(?<![{_HAN}])[{FREQUENT}][A-Z][a-z]{{2,9}}(?![A-Za-z]))",
        ),
        (
            "[生太][,您你]|生$|[Ss][Ii]",
            # Cantonese: 何生, 麦太
            rf"(?<![{_HAN}])(?P<sir>[{SOLE}])(?=生(?:[,您你]|$)|太[,您你]|[ ]?(?:[Ss]ir|SIR)(?![A-Za-z]))",
        ),
        (
            "真名|真的?叫|这名|这个名|起名|别笑|开玩笑|证上就",
            rf"(?:(?:{HOLDERS})[是叫]?|我[是叫]|^)(?P<real>(?![我你他她这就]){_WRITTEN}{{2,4}})"
            r",(?:别笑,?|没开玩笑,?|真的,?)*(?:这?就?是真名|真名|真的?[就是]?叫|证件上就|身份证上就|就(?:叫)?这个?名"
            r"|我们那[边里儿]?都这[样么]起名)",
        ),
        (
            "工号",
            r"(?:我是|这[边里]是|这儿是|我叫)"
            rf"(?P<agent>(?!{ROLES}|客服|坐席|售[前后]|值班|银行|[贵我本]){_WRITTEN}{{2,3}})(?=,?工号)",
        ),
        (
            r"(?:我是|叫|名)(?=([\u4e00-\u9fff]{2}),).*(?:的|那个)\1",
            # Who is called like a word says which.
            rf"(?:我是|叫|名字?)(?P<explained>[{_HAN}]{{2}})(?=,[{_HAN}]{{2,12}}(?:的|那个)(?P=explained)(?![{_HAN}]))",
        ),
        (
            "我[就也]?是",
            rf"""
              我[就也]?是(?P<mine>(?:{COMPOUND}|[{SURNAMES}]){_GIVEN}{{1,2}}(?<!太)(?=[啊呀哈哦嘛]?(?:[^{_HAN}·]|$)))
            | 我[就也]?是(?P<strange>{_GIVEN}{{3,7}}(?=[啊呀哈哦嘛]?(?:[^{_HAN}·]|$)))
            | ^(?:喂|[你您]好|嗯|哎)?,?我[就也]?是(?P<short>(?!{_NO_SELF}){_GIVEN}{{2}}(?=[,。]|$))
            """,
        ),
        (
            "写",
            rf"""
              (?:{HOLDERS})写[着的]?(?P<ahead>{_WRITTEN}{{2,6}})和(?P<second>{_WRITTEN}{{2,6}})
                (?=就[行好]|即可|[^{_HAN}]|$)
            | (?:{HOLDERS})写[着的]?(?P<first>{_WRITTEN}{{2,6}})(?=和|跟|就[行好]|即可|吧)
            """,
        ),
        (
            "姓|单名",
            rf"""
              姓(?:{COMPOUND}|[{_HAN}])[, ]?名(?P<after>[{_HAN}]{{1,2}})(?![{_HAN}])
            | 姓(?P<family>[{_HAN}])(?=[,。.!?]|$|单名|[的那这])
            | 单名一?个?(?P<single>[{_HAN}])字?(?:[, ]+(?P<parts>[{_HAN}]{{1,3}}(?P=single)))?
            | (?<=姓[{_HAN}])[, ]{{0,2}}(?P<shape>(?:[三两]点水|走之底?|宝盖头?
              |[{_HAN}]字?[旁头底])(?:[一加上下左右里外边是个的]{{0,5}}[{_HAN}]{{1,2}}))(?![{_HAN}])
            """,
        ),
        (
            "是我的?[本名大全]",
            rf"(?<![{_HAN}])(?P<told>[{_HAN}·]{{2,7}})(?=[,]?是我的?(?:本名|真名|名字|大名|全名|小名))",
        ),
        (
            "是[我你您他她这]",
            rf"""
              是[我你您他她]的?(?:{_RELATED}
                |{RELATIVES})[叫是,]?(?P<kinself>(?![找跟和给由请是帮替让问]){_GIVEN}{{2,3}})(?=[^{_HAN}]|$)
            """,
        ),
        (
            r"1[3-9]\d",
            rf"(?:(?<![{_HAN}])|(?<=[件人系名]))(?P<caller>(?:{COMPOUND}|[{SURNAMES}]){_GIVEN}{{1,2}})"
            r"(?=[ ,:]{0,2}(?:电话|手机|tel)?[ :]?1[3-9]\d)",
        ),
        (
            "[找系叫问知让跟和给]",
            rf"""
              (?:转给|转接给?|找一下|找|联系一下|联系上?|叫一下|问一下|通知)
                (?P<sought>(?![你您我他她它人个客售]|{_SHEET})(?:老[A-Z]|{_GIVEN}{{2,3}}?))
                (?=[,。!?]|$|(?:接|听|在|[他她]在|处理|帮|来|吧)(?![{_HAN}]{{4}}))
            | (?:转给|转接给?|找一下|找|联系一下|联系上?|叫一下|问一下|通知|让|跟|和|给|问)
                (?P<wanted>(?!{_SHEET})[{SURNAMES}]{_GIVEN}{{1,2}}?)
                (?=[^{_HAN}]|$|接|他|她|来|帮|看|约|处理|吧|一下|过来|那边|说|对接|联系|核实|确认)
            """,
        ),
        (
            "[他她]",
            rf"(?:转给|转接给?|找一下|找|联系一下|联系上?|叫一下|叫|问一下|问|通知"
            rf"|让)(?P<person>{_GIVEN}{{2,3}})(?=,?(?:请|让|麻烦|等)?[他她](?!们))",
        ),
        (
            "在[吗不么]|班[吗没了]|[你您]好",
            rf"""
              (?<![{_HAN}])(?P<absent>{_OFTEN}{{2}}|[{FREQUENT}]{_GIVEN}{{1,2}})
                (?=(?:还|今天)?在[吗不么]|上班[吗没]|下班了|[你您]好)
            """,
        ),
        (
            "说|[让诉给帮叫]我|接的",
            rf"(?<![{_HAN}])(?:上次|那个|上次那个|昨天|你们)?(?P<sayer>{_OFTEN}{{2}}|[{FREQUENT}]{_GIVEN}{{1,2}}"
            rf"|[小阿老大]{_GIVEN}|[胖瘦黑虎彪豹猴]子)"
            "(?=说[她他会过让了可要能,]|让我|叫我|告诉我|给我|帮我|接的)"
            rf"|(?<![{_HAN}])(?P<heard>{_GIVEN}{{2,4}}?)(?=说[他她明后会]|让我|叫我|告诉我|给我|帮我|接的)",
        ),
        (
            "[公婆夫子人爸妈儿女哥姐弟妹事学友板导东]",
            rf"(?:{_RELATED})[叫是,]?(?P<relation>[{SURNAMES}]{_GIVEN}{{1,2}}){_END}",
        ),
        (
            "[公婆夫子人爸妈儿女哥姐弟妹事学友板导东]",
            rf"(?:我|[他她]|你们)(?:{_RELATED})[叫是]?(?P<kin>{_GIVEN}{{2,4}}?)(?=[也都还]?(?:[来去要想用]|今年|上[学小初中高大]|正|需要|退|遇|帮|收到|收|签"
            rf"|买|订|办|打|说|让|在|的|名下|那|刚|昨|今|明|已经|前|上[次周个]|,|$))",
        ),
        (
            "宝|妈|爸|奶奶|爷爷",
            rf"(?:{_BEGIN}|(?<=[写填是]))(?P<parent>[大二三小][宝毛妞丫]|{_OFTEN}{{2}}"
            rf"|{_GIVEN}宝|小(?![孩朋区学班姨舅姑爷哥姐伙黄狗猫]){_GIVEN})(?=(?:的?)(?:妈妈|爸爸|爸|妈|奶奶|爷爷|外婆|外公))",
        ),
        (
            "经理|主管|店长|客服|专员|师傅|老师",
            rf"(?:你们|我们|那个|上次的?)(?P<boss>{_GIVEN}{{2,3}})(?=(?:经理|主管|店长|客服|专员|师傅|老师))",
        ),
        (
            "[A-Za-z]",
            rf"""
              (?:{_RELATED}|经理|客服|客户|{HOLDERS})[叫是写:]?[ ]?
                (?P<western>[A-Z][a-z]+(?:[ ][A-Z][a-z]+){{0,3}})(?![A-Za-z0-9])
            | (?:拼音|拼写|英文名字?|护照名)(?:就?是|就?叫|写的是|为|:)?[ ]?
                (?P<pinyin>[A-Za-z]+(?:[ ][A-Za-z]+){{0,3}})(?![A-Za-z0-9])
            | (?:找|叫|问|联系|我是|让|给|跟|和|客服|经理|师傅|那个|你们)[ ]?
                (?P<foreigner>[A-Za-z]{{3,10}})(?![A-Za-z0-9])
            | (?<![A-Za-z])(?P<helper>[A-Za-z]{{3,10}})[ ]?(?=说|[帮给]我|告诉我|让我|老师|[姐哥](?![姐妹弟])|接的|在吗)
            """,
        ),
        (
            "[让给跟和找叫问帮替系知诉]",
            rf"(?:让|给|跟|和|找|叫|问|帮|替|联系|通知|告诉)(?P<only>{_OFTEN}{{2}})(?=[^{_HAN}]|$"
            rf"|[打来去接看签取说收在拿带回]|一下|发|转|吧)",
        ),
        (
            "[说在给帮接去让告昨刚打来的]",
            rf"(?P<lone>{_OFTEN}{_OFTEN})(?=[说在给帮接去让告昨刚打]|来[过的了]|的[卡手电号账单快])(?<![^,。!? ]..)",
        ),
        (
            "吧|是不是|[他她]接",
            rf"""
              (?P<tagged>[{SURNAMES}]{_OFTEN}{{1,2}}|[{FREQUENT}]{_GIVEN}{{2}})
                (?=[对是没]吧|是不是|[吗么]?[,?]让[他她]接)
            """,
        ),
        (
            "是.{3,5}的",
            rf"是(?P<doer>{_GIVEN}{{2,3}})(?=(?:[下寄订退填买交]|签收|经手|介绍|推荐|接待|接|办|下单|受理|给我"
            rf"|帮我|处理)的)",
        ),
    )
)
"""Names behind words that hardly anything else follows, even of characters that are no surname.

Each pattern is looked for where its hint is found: together they would cost more than all others.
"""
NICKNAME = re.compile(
    rf"""
      (?<![我你您他她给念])(?P<twin>(?!念)(?P<one>[{GIVEN_OFTEN}妞萌豆糖圆乐毛贝囡朵果甜跳壮墩])(?P=one))
        (?:(?=的?(?P<of>妈|爸|奶奶|爷爷|外婆|外公))|(?=姐|哥|老师|同学|[您你]好|[^{_HAN}]|$|[在你说让给的]|接))
    | (?:[{_HAN}](?<=[居友事学弟妹找让跟和叫给]))?(?P<a>阿(?![姨里拉迪尔司胶根文明康]){_OFTEN}){_NICK_END}
    | (?=大){_BEGIN}(?P<big>大[{FREQUENT}]){_NICK_END}
    | (?=[老小大][A-Z])(?:{_BEGIN}|(?<=[找让跟给问叫是]))(?P<letter>[老小大][A-Z])(?![A-Za-z])
    | (?=.子)(?:{_BEGIN}|(?<=[找让跟给问]))(?P<zi>[强军伟勇磊涛斌辉虎彪]子){_NICK_END}
    | (?=小)(?:{_BEGIN}|(?<=[找让跟给问是]))(?P<little>小{_OFTEN}子){_NICK_END}
    | (?=.[哥姐叔仔嫂伯妹])(?:{_BEGIN}
      |(?<=[找让跟给问下]))(?P<brother>[胖瘦黑虎彪豹猴花{NICKS}][哥姐叔仔嫂伯妹](?![哥姐妹弟]))
    | (?=[大二三四小狗铁翠春秋])(?:{_BEGIN}|(?<=[找让跟给问]))
        (?P<village>[大二三四小狗铁翠春秋][丫妞妮娃蛋牛虎柱毛胖花]){_NICK_END}
    | (?=[老小])(?:{_BEGIN}|(?<=[找让跟给问]))(?P<old>[老小][二三四五六七八幺]){_NICK_END}
    """,
    re.VERBOSE,
)
NICKNAME_HINT = re.compile(r"[老小大][A-Z]|[阿大子哥姐叔丫妞妮娃蛋牛虎柱毛胖花仔嫂伯妹]|[老小][二三四五六七八幺]|(.)\1")
TITLED = re.compile(rf"(?<![{_HAN}])(?P<name>{_GIVEN}{{2,5}})(?=先生|女士|小姐)")
THE_SAME = re.compile(
    rf"([{_HAN}])(?:[是,])?(?:[{_HAN}]\1[{_HAN}]{{0,2}}|\1[{_HAN}]{{1,3}})的\1(?![{_HAN}])"
    rf"|(?<![{_HAN}])是([{SURNAMES}])不是[{SURNAMES}](?![{_HAN}])|[{SURNAMES}](?=[,、 ](?:{SPELT}))"
)
"""A character that is told by a word which holds it, behind itself."""
FAME = re.compile(
    r"的?(?:演唱会|代言|直播|发布会|新歌|电影|专辑|粉丝|相声|周边|同款|小说|作品|全集|公园|故居|路|集团|公司|牌)"
)
_ROLES_BEGIN = (
    "专主书会伯先助医博厂叔同处大太夫女奶婆小局工师店律总技护教村校法爷班社科站管组经老董行警记设部镇队阿院顾"
)
ROLE = re.compile(f"(?=[{_ROLES_BEGIN}])(?:{ROLES})")
SHORT_TITLE = re.compile("先生|女士|小姐")
COMPOUNDS = re.compile(COMPOUND)
BEGINS_LIKE_A_NAME = re.compile(_FAMILIAR)
SAID_ALOUD = re.compile(rf"(?<=[, ])(?:不过|但|要|应该|得)?[念读](?:作|成|做)?(?P<sound>[{_HAN}])(?![{_HAN}])")
"""How the character of a name is pronounced."""
TALKS_OF_NAMES = re.compile(r"姓|名|叫|哪个字|怎么写|偏旁|旁的")
WHICH_CHARACTER = re.compile(
    rf"(?P<told>(?P<whole>[{_HAN}]{{2,3}})[{_HAN}]{{0,2}}的(?P=whole)(?![{_HAN}])"
    rf"|(?P<first>[{_HAN}])[{_HAN}]{{1,3}}的(?P=first)(?![{_HAN}])"
    rf"|[{_HAN}]{{1,3}}(?P<last>[{_HAN}]{{1,2}})的(?P=last)(?![{_HAN}]))"
    rf"|(?<![{_HAN}])(?:{COMPOUND}|[{SURNAMES}]){_GIVEN}{{1,2}}(?![{_HAN}])"
)
"""A character told by a word that holds it, and a name that stands between two pauses."""
QUESTION = re.compile(r"怎么称呼|如何称呼|贵姓|姓名|名字|叫什么|哪位|全名|户名|姓什么|您叫")
ANSWER = re.compile(
    r"(?:[\s,。!?、]|叫我|嗯|呃|哦|噢|啊|好的?|是的?|对|那个|[您你]好|我就?是|我的?名字是|我叫|我姓|免贵|姓"
    r"|就?叫|名字|全名"
    r"|户名|机主是?|户主是?|就?写|不是|我(?:爸爸?|妈妈?|老公|老婆|儿子|女儿|先生|太太)|当然|可以|行|没问题|就是"
    r"|应该是)*+"
    rf"(?P<name>{_FULL}|(?:(?<=姓)|(?<=贵)|(?<=贵[, ]))[{_HAN}](?=[^{_HAN}]|$)"
    rf"|{_GIVEN}{{2,4}}(?=,)|(?P<loose>{_GIVEN}{{2,4}})(?=[^{_HAN}\w·,:])|{_GIVEN}{{2,4}}?(?=(?:就[好行]|就可以"
    rf"|即可|吧)?[^{_HAN}]*$)|[A-Z][a-z]+)"
)
LAST_CLAUSE = re.compile(
    rf"[,。](?:大名|全名|小名|名字|叫|是|姓)*(?P<name>(?:{COMPOUND}|[{SURNAMES}]){_GIVEN}{{1,2}})(?=[,。]?$)"
    rf"|[,。](?:还有|和|叫|是)*(?P<further>(?:{COMPOUND}|[{SURNAMES}]){_OFTEN}{{1,2}})(?=,)"
)
MANY_TOLD = re.compile(
    rf"(?:(?![退换修赔该要能想有走来去买卖])([{_HAN}])[{_HAN}]{{1,3}}的\1(?![{_HAN}]).{{0,12}}){{2}}"
)
"""Two characters that are told by words that hold them."""
