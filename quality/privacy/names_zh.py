"""Chinese names of people, found by what is said around them."""

import re
from collections.abc import Iterator

from quality.privacy.name_words import table

_FREQUENT = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁余叶蒋杜苏魏程吕丁沈任姚卢傅钟"
    "姜崔谭廖范汪陆戴贾韦夏邱方侯邹熊孟秦江阎薛尹段雷黎陶贺顾毛郝龚邵严赖洪武孔汤康施樊葛邢乔庞颜倪聂鲁岳殷詹"
    "欧耿焦俞柳霍阮柯裴翁骆靳鲍祁"
)
"""Surnames that are common as such and rare as words."""
_SOLE = (
    f"{_FREQUENT}金石白龙钱史于万常温文牛安齐易关兰左祝宁尚舒纪梅童凌毕涂苗盛季游辛管柴蒲滕屈饶牟艾尤穆吉简项麦褚戚席"
    "卫米柏瞿桂佟应卞荣桑甄"
)
"""Surnames that need no given name to be told from a word."""
_SURNAMES = (
    f"{_SOLE}莫向伍章申甘包符单成谷曲冉蓝路靳蒙华喻房解阳时农司卓古缪车连芦娄窦岑景党宫费卜冷晏宗全臧闵苟邬边姬师"
    "仇栾隋商刁沙巫寇郎丛仲虞敖巩明佘池查麻苑迟邝谈匡鞠惠荆乐冀郁胥南班储原栗燕楚鄢劳谌奚皮粟冼蔺楼满闻厉伊仝郜阚"
    "花权强帅盖练廉禹井祖漆巴丰支卿国狄平计索宣晋相初门云容敬"
)
_COMPOUND = (
    "欧阳|上官|司马|诸葛|东方|皇甫|尉迟|公孙|慕容|令狐|司徒|夏侯|轩辕|端木|南宫|独孤|宇文|长孙|呼延|澹台|公冶"
    "|濮阳|淳于|单于|申屠|钟离|鲜于|闾丘|拓跋|赫连|完颜|纳兰|西门(?!子)"
)
_GIVEN_OFTEN = (
    "伟强磊洋勇军杰涛超明刚平辉鹏华飞鑫波斌宇浩凯健俊帆帅旭宁龙林欢佳阳建国亮峰志瑞晨兵雷东博彬坤岩文利楠红霞芳娜"
    "敏静秀英丽艳娟兰燕玲桂丹萍玉梅莉珍婷晶颖雪慧倩琴洁柳淑春海冬荣莹琳欣香芝凤瑜璐子涵轩宸梓诗雨怡嘉思琪妍瑶彤萱"
    "婉悦语晓梦菲薇蕾蓉茜莎韵岚翠芬芸菊娥娇媛姗珊瑾璇馨蓓露霖泽睿皓铭哲毅恒源润祥福贵德昌盛财宝根义仁信礼贤良忠孝诚"
    "康庆元立胜昊然逸航远翔腾威启承永继宗懿懋莲竹松柏桐晖耀栋迪清佩美姝媚娅芙菁苗莺钰珠珂心若沐昕悠星月妙巧冰凝云舒"
    "仪宜馥蔓绮绣聪健斯晗煜炜烨灿鸿鹤骏骁峻峥嵘洲渊淼澄湘沛潇澜瀚亦希贺亚佑儒凌卓容彦弘彩忆念恩惠慈振敬晟智曦曼杉"
    "栩树楚武汉沁淇灵焕琛瑛瑄珑硕秋筠紫绍维翊聿臻芊茂荷蕊虹谦贞铁铎锋锐锦霏青韬颂骞鸣麒麟黎炎桃枫岑阔"
)
"""Characters of which given names mostly consist."""
_NICKS = "芳丽红强伟婷敏娜静娟燕玲莉芬萍霞杰军磊涛勇刚飞鹏辉斌慧倩琴琪琳莹薇蓉莲英珍明梅美"
"""Of these the ones with which nicknames are made."""
_NO_GIVEN = (
    "的了是在和跟与呢吗吧啊呀哦嘛哈也都就还要想不没有我你您他她它们这那哪什么怎为以及或但因所从到对向给把被让叫请问"
    "说讲打办查用先女士姐总号码个位些点很太嗯喂唉哎几多少何谁某此每该会能可将已刚再又才只若则而并且之其"
)
"""What no given name holds, and what therefore ends a name."""
_RELATIVES = (
    "老公|老婆|丈夫|妻子|先生|太太|爱人|儿子|女儿|爸爸?|妈妈?|父亲|母亲|哥哥?|姐姐?|弟弟?|妹妹?|爷爷|奶奶|外公"
    "|外婆|公公|婆婆|岳父|岳母|[侄外]甥?女?|男朋友|女朋友|男友|女友|前夫|前妻|未婚[夫妻]|女婿|儿媳|媳妇|[姐妹]夫|嫂子|孩子|朋友|同事|同学|室友"
    "|邻居|房东|中介|司机|老板|领导|闺蜜|亲戚|合伙人|用户|旅客|乘客|学生|员工|客户|客服|专员|经理|转给|汇给|打给|寄给|发给|认识|员"
    "|教师|教练|医生|护士|律师|[班校]?主任|师[傅父]|[班队组店站村]长|主管|柜员|骑手|快递员|[找跟和给由请是帮替让问]"
)
"""What stands directly before a name."""
_HOLDERS = (
    "(?:开户|持卡|投诉|当事|签收|预订|入住|乘机|收款|付款|汇款|收件|寄件|联系|投保|被保险?|借款|担保|申请|经办|负责|受益|收货|委托|代理)[人方]"
    "|机主|[车户业]主|患者|署名|法人|抬头"
)
"""What "is" links with a name."""
_CALLED = (
    "宝宝|宝贝|儿子|女儿|闺女|孩子|孙[子女]|外[孙甥]|侄[子女]|妹妹|弟弟|客服|专员|顾问|管家|助理|小编|主播|亲爱的|老师|同学|姐姐|哥哥"
    "|谢谢[你您]?[啊呀哈]?[ ,]?|感谢[ ,]?"
)
"""What a given name alone follows."""
_TRANSCRIBED = (
    "古丽|买买提|阿依|艾力|吐尔逊|吐尔洪|热合曼|木合塔尔|阿[布卜]都|帕提|迪丽|努尔|艾尼|玉素甫|依明|艾合|买提|艾山|麦麦提|卡德尔"
    "|赛买提|吾买尔|古丽|热巴|娜扎|卓玛|扎西(?!德勒)|才让|达娃|次仁|格桑|多吉|央金|旺姆|白玛|尼玛|巴特尔|其其格|娜仁|巴图"
)
"""Parts of Uyghur, Tibetan and Mongolian names."""
_ROLES = (
    "先生|女士|小姐|太太|夫人|阿姨|叔叔|大爷|大妈|大姐|大哥|经理|老师|师傅|主任|医生|大夫|局长|科长|处长|教授|律师"
    "|校长|警官|同学|老板|总监|会计|主管|专员|店长|队长|院长|工程师|大[娘婶]|叔叔|伯伯|爷爷|奶奶|婆婆|护士|教练|助理|法官|记者|[董班组站行部社厂镇村]长|董事长|书记|顾问|管家|师父|博士|同志|总(?!的[来说]|[共计是之数额裁部体会有在行结算觉能想归不])"
)
"""What stands directly behind a name."""
_SPELT = (
    "弓长张|立早章|木子李|耳东陈|双木林|言午许|口天吴|古月胡|草头黄|双人徐|走[肖之]赵|关耳郑|人可何|三横一竖王|三横王"
    "|文刀刘|美女姜|干勾于|人则余"
)
"""Surnames told by their parts."""
_NO_NAMES = table(
    """才让 优惠 林林 任何 任务 任意 任职 时间 时候 时期 方便 方式 方面 方法 方案 高兴 高级 高中 高考 高手
    高端 高铁 高速 高校 高层 高新 高管 黄金 黄色 黄牛 金额 金融 金卡 金牌 金钱 白天 白金 白领 白色 白酒 白条 王牌
    王者 张贴 张家 安心 安全 安装 安排 安徽 安卓 安阳 安庆 于是 何时 何况 何必 何处 程序 程度 成都 成功 成员 成年
    成人 成立 成本 成为 江苏 江西 江南 江北 江门 沈阳 徐州 郑州 苏州 苏宁 杭州 宁波 宁夏 温州 常州 常熟 常常 常用
    常客 连云 连续 连锁 连接 石家 石化 石油 广东 湖南 云南 贵州 甘肃 罗湖 武汉 武昌 华为 华润 华夏 华北 华东 华南
    康佳 康师 平安 平时 平台 平常 平均 国家 国内 国外 国际 国庆 相关 相信 相当 计算 计划 门店 门口 容易 万科 万一
    万达 万元 关于 关系 关注 关闭 关心 单位 单独 单身 单亲 单子 单号 农民 农村 农业 农行 农商 司机 商家 商品 商店
    商城 商户 季度 解决 解释 解除 施工 应该 应届 应用 全国 全部 全家 全职 全额 全程 全款 明天 明年 明白 明明 明确
    卫生 费用 包裹 包括 包月 包装 管理 管家 车主 车子 车间 查询 查看 房东 房子 房贷 房产 房租 游戏 游客 米粉 党员
    麻烦 满意 满足 满减 左右 严重 严格 毕业 毕竟 申请 申诉 简单 简直 符合 曾经 古代 师傅 师范 权益 权利 强制 强烈
    花钱 花费 花呗 原来 原因 原价 南京 南方 南昌 阳光 阳台 路上 路由 路费 边上 莫名 尤其 郎中 冷静 冷藏 温度 舒服
    焦虑 景区 祝您 祝你 钱包 钱款 乐意 索赔 支付 支持 支行 初中 初次 平方 平板 容量 强调 祖籍 谈谈 班主 帅哥 谢谢
    谢您 马上 马路 周一 周二 周三 周四 周五 周六 周日 周末 周期 周边 周围 文件 文化 文员 向您 向你 从事 和平 和您
    易购 易贷 林业 叶子 田地 龙卡 顾客 顾问 陆续 牛奶 纪念 童装 章程 项目 水电 盛大 史上 余额 余下 段时 段子 雷达
    毛病 毛利 钟头 石头 夏天 夏季 秦皇 汤臣 孔子 康复 庄稼 梅州 凌晨 苗条 曲线 蓝色 骆驼 辛苦 管道 柴油 蒙古 鲍鱼
    华人 饶了 艾滋 司法 卓越 古董 吉利 吉林 简历 车辆 车险 车票 车牌 车位 车库 项链 景点 费劲 冷气 席位 米饭 柏林
    宗旨 桂林 全新 全身 应付 边境 师生 师姐 沙发 荣誉 荣耀 查一 迟到 储蓄 储值 原本 原件 劳动 劳驾 皮肤 楼上 楼下
    楼层 楼盘 巴西 丰田 国企 国有 平价 平米 计费 计入 门禁 门牌 门诊 云端 云闪 建设 光明 文明 许可 许多 康乐 高温
    高峰 海关 向阳 严厉 严守 严密 严禁 严肃 严谨 任免 任命 任教 任期 何事 何人 何故 何等 余万 余年 叶片 周刊 周岁
    周年 周长 唐代 唐朝 宋代 宋朝 庞大 方形 方言 方针 施行 林区 欧元 欧洲 欧盟 武力 武器 武警 武装 江湖 江山 王国
    胡乱 苏丹 苏区 苏格 范围 董事 郑重 钱币 陆地 陶瓷 韩国 顾虑 颜色 马力 马车 高举 高于 高产 高低 高出 高分 高压
    高原 高声 高处 高大 高尚 高山 高度 高效 高档 高涨 高空 高等 高血 黄土 黄山 黄河 黄石 黄冈 黄昏 白家 金色 石材
    龙头 万分 于今 温暖 文字 文章 文凭 文具 安静 安宁 安检 齐全 易于 关机 关税 兰州 左边 左侧 尚未 纪律 盛装 郭家
    孙子 孙女 许久 曾用 夏令 顾及 邱县 姜汁 汪汪 胡说 胡同 孟加 汤圆 黄海 江东 江海 江宁 江源 高贵 高远 高利 高德
    高洁 高松 高个 韩语 严明 罗兰 方根 方志 方正 丁香 毛孩 余元 秦国 夏国 李宁 周大 周生 王老 李锦 安慰 雷雨 雷电
    雷暴 雷声 张裕 陈述 陈列 陈旧 陈皮 单笔 单次 单价 单日 单月 单张 单件 东方明珠 常青 金青 马拉 马术 黄历 黄桃 黄岩
    武当 青岛 石青 白云 安康 安娜 宁静 时尚 张开 张扬 余香 余庆 高清 高美 高敬 高智 高健 高锐 高卓 南通 南海 南宁
    南航 南洋 严加 程式 全文"""
)
"""Words that begin like a name, by their first two characters."""
_END_LIKE_SURNAMES = table(
    """对方 双方 地方 官方 课程 流程 工程 过程 历史 语文 英文 中文 作文 保安 平安 公安 治安 交易 贸易 容易 责任 主任
    信任 上周 本周 下周 每周 任何 如何 健康 规范 示范 其余 由于 关于 华夏 有关 机关 相关 海关 价钱 现金 资金 奖金
    基金 黄金 公积 羊毛 提高 最高 长江 浙江 森林 园林 桂林 吉林 农田 宝石 钻石 专门 部门 平常 正常 日常 异常 体温
    人马 司马 谢谢 那张 这张 每张 哪张 几张 一张 两张 三张 四张 五张 该张 此张 多张 半张 紧张 夸张 主张 扩张 慌张
    开张 蔬菜 河南 海南 云南 湖南 专程 里程 启程 行程 教程 编程 规程 章程 允许 也许 或许 准许 兴许 少许 感谢 多谢
    答谢 致谢 甲方 乙方 各方 三方 警方 院方 校方 厂方 厂房 东方 南方 北方 前方 后方 远方 配方 处方 药方 平方 立方
    资方 我方 贵方 彼方 军方 买方 卖方 大江 过江 多余 剩余 残余 业余 结余 盈余 之余 新潘 国姜 生姜 香江 黑龙 沙龙
    恐龙 水龙 中石 高粱 桥梁 脊梁 大雷 地雷 手雷 布雷 沉雷 西藏 苹果 结果 成果 后果 效果 如果 白糖 冰糖 食堂 生意
    千万 百万 几万 辛苦 不安 早安 晚安 西安"""
)
"""Words that end like a surname."""
_NO_ANSWERS = table(
    """不知 不是 没有 什么 为什 等一 稍等 好的 可以 怎么 知道 忘了 谢谢 明白 需要 信息 保密 暂时 等等 马上 现在 身份
    随便 匿名 必须"""
)
"""Answers without a name, by their first two characters."""

_BLANKS = table(
    """再确 再核 再次 没错 对上 对得 对不 之后 以后 一下 然后 有误 错误 正确 一致 相同 拼音 单笔 信息 账户 账号 银行
    地址 电话 手机 签字 签名 本人 姓名 拒收 变更 修改 必须 需要 核对 显示 填写 登记 自己 妈妈 爸爸 老公 老婆 先生
    女士 朋友 公司 单位 英文 中文 繁体 简体 全称 空白 匿名 实名"""
)
"""What stands behind "recipient" or "name" and is none, by its first two characters."""

_HAN = r"\u4e00-\u9fff"
_GIVEN = rf"(?:(?![{_NO_GIVEN}])[{_HAN}])"
_FAMILIAR = rf"(?:{_COMPOUND}|[{_SOLE}]|[{_SURNAMES}](?=[{_HAN}]?[{_GIVEN_OFTEN}]))"
"""A surname that is no word by itself, or that often used characters follow."""
_BEGIN = rf"(?:(?<![{_HAN}])|(?<=[{_NO_GIVEN}退付交寄送欠查告核实与及喊娶嫁谢扬诉代签写加改换成知找陪原新欢迎认识员]))"
_END = (
    rf"(?=[^{_HAN}]|$|[{_NO_GIVEN}]|来|身份|手机|电话|卡号|账|帐|尾号|地址|今|昨|前|上个?[月周]|现在|住|买|申请|咨询"
    r"|投诉|反映|这边|本人|同志|麻烦|帮|需要|希望|觉得|收|转|订|下单|已经|一直|最近|大概|性别|办|预约|[说同签付接填改换拿取卖欠借还打联男]|女(?!儿)|名[下义]|通知|确认|核实|反馈|操作|提交|登记|预留|开户|绑定)"
)
"""Behind a name."""
_NICK_END = (
    rf"(?=[^{_HAN}]|$|[的是在和跟呢吗吧啊说帮给为这那你您我把刚也就听看查来接办答拿承收转做弄走找送打发还没不让先应昨今明去]"
    "|处理|负责|联系|同志|上[次周回午个]|下[次周午]|通知)"
)
_WRITTEN = rf"(?:(?![的是了不没我你您他她这那吗呢吧啊有就在和给])[{_HAN}])"
_OFTEN = f"[{_GIVEN_OFTEN}]"
_SHORT = rf"{_GIVEN}{{1,2}}?{_END}"
_FULL = rf"(?:(?:{_COMPOUND}|[{_SURNAMES}])(?:{_SHORT}|{_GIVEN}{{2}}))"
_NAME = re.compile(
    rf"""
      (?<=[我他她字就])叫做?[ :,]{{0,2}}(?P<self>{_GIVEN}{{2,4}}(?=[^{_HAN}·]|$))
    | (?:(?:姓名|户名|{_HOLDERS})(?:是|就是|叫|写[着的]?|填|为|[改换][成为])?[ :]{{0,2}}|(?:名字?|叫)[写填:])
        (?P<written>{_WRITTEN}{{2,5}})(?:(?=就[行好]|即可)|(?=[^{_HAN}·]|$))
    | (?:叫做?|名叫|名字?(?:是|就是|写的是)|(?:(?:[姓全真户]|[中英]文)名字?|{_HOLDERS})(?:是|叫|为)?)
        [ :,]{{0,2}}(?P<called>{_GIVEN}{{1,6}}·{_GIVEN}{{1,6}}|{_FULL}|[A-Za-z]+(?:[ .·][A-Z][A-Za-z]+)?)
    | 是(?P<being>{_FAMILIAR}{_SHORT}|阿(?![姨里拉]){_GIVEN}{_END})
    | 姓(?P<surname>{_COMPOUND}|[{_SURNAMES}])
    | (?:{_RELATIVES})(?:叫|是|,)?(?P<relative>[{_FREQUENT}]{_SHORT})
    | (?:{_CALLED})[叫是]?(?P<given>{_OFTEN}{{2}}){_END}
    | (?P<child>{_BEGIN}{_OFTEN}{{2}})(?=妈|爸|奶奶|爷爷|外婆|外公)
    | (?P<transcribed>(?:{_TRANSCRIBED})(?:{_TRANSCRIBED}|·)*{_GIVEN}{{0,2}}{_END})
    | (?P<full>(?:{_COMPOUND}|[{_FREQUENT}]){_OFTEN}{{2}})
    | (?P<compound>(?:{_COMPOUND}){_OFTEN}(?:{_END}|(?={_ROLES})))
    | (?P<usual>张三(?!丰)|李四(?!光)|王五|赵六)
    | (?P<latin>(?<![A-Za-z])[A-Z][a-z]{{1,9}})(?=老师|先生|女士|小姐|[姐哥]|同学)
    | (?:客服|专员|顾问|助理|同事|经理)(?P<staff>[A-Z][a-z]{{1,9}}(?![A-Za-z]))
    | (?P<foreign>{_GIVEN}{{1,6}}·{_GIVEN}{{1,6}})
    | (?P<nick>[小老阿](?![康钱])[{_FREQUENT}](?:{_NICK_END}|头)|(?:[{_FREQUENT}](?<![方施高])[工董]
        |{_BEGIN}小[{_NICKS}]|{_BEGIN}阿(?![姨里拉迪尔司胶根文明康]){_OFTEN}){_NICK_END})
    | (?P<elder>[{_FREQUENT}]|{_BEGIN}{_OFTEN})(?:[哥姐叔姨婶伯嫂爷](?![哥姐妹弟])|奶奶)
    | (?:{_BEGIN}|(?<=一下))(?P<alone>[{_FREQUENT}](?=[{_HAN}]?[{_GIVEN_OFTEN}]){_SHORT})
    | (?<![{_HAN}])(?P<bare>[{_SOLE}]{_OFTEN}{{1,2}})(?![{_HAN}])
    | (?<![{_HAN}])(?P<between>[{_FREQUENT}]{_GIVEN}{{2}})(?![{_HAN}])
    | (?<![{_HAN}])(?P<spaced>[{_SOLE}][ ]{_GIVEN}(?:[ ]{_GIVEN})?)(?![{_HAN}])
    | (?P<masked>[{_SURNAMES}]\*{{1,2}}{_GIVEN}?)
    | (?P<owner>[{_FREQUENT}](?=[{_HAN}]?{_OFTEN}){_GIVEN}{{1,2}})
        (?=名[下义]|的(?:卡|账|身份证|电话|手机|名|号|护照|订单|保单|社保|快递|包裹))
    | (?P<vague>[{_FREQUENT}])(?=什么[的来]|啥)
    | (?P<doubled>[{_FREQUENT}](?P<twice>(?![等常])(?:{_GIVEN}|多))(?P=twice))
    | {_BEGIN}(?P<open>[{_FREQUENT}](?=[{_HAN}]?{_OFTEN}){_GIVEN}{{2}})
    | (?P<spelt>{_SPELT})
    """,
    re.VERBOSE,
)
_ROLE = re.compile(_ROLES)
_BEGINS_LIKE_A_NAME = re.compile(_FAMILIAR)
_TALKS_OF_NAMES = re.compile(r"姓|名|叫|哪个字|怎么写|偏旁|旁的")
_WHICH_CHARACTER = re.compile(
    rf"([{_HAN}])[{_HAN}]{{1,3}}的\1(?![{_HAN}])|[{_HAN}]{{1,3}}([{_HAN}])的\2(?![{_HAN}])"
    rf"|(?<![{_HAN}])(?:{_COMPOUND}|[{_SURNAMES}]){_GIVEN}{{1,2}}(?![{_HAN}])"
)
"""A character told by a word that holds it, and a name that stands between two pauses."""
_QUESTION = re.compile(r"怎么称呼|如何称呼|贵姓|姓名|名字|叫什么|哪位|全名|户名|姓什么|您叫")
_ANSWER = re.compile(
    r"(?:[\s,。!?、]|嗯|呃|哦|噢|啊|好的?|是的?|对|那个|[您你]好|我就?是|我的?名字是|我叫|我姓|免贵|姓|就?叫|名字|全名"
    r"|户名|当然|可以|行|没问题|就是|应该是)*+"
    rf"(?P<name>{_FULL}|{_GIVEN}{{2,4}}(?=[^{_HAN}]*$)|[A-Z][a-z]+)"
)


def find_names(text: str) -> Iterator[tuple[int, int]]:
    """Yield where names of people stand in a plain Chinese text."""
    for match in _NAME.finditer(text):
        start, end = match.span(match.lastgroup or 0)
        if match["written"] and match["written"][:2] in _BLANKS:
            continue
        if text[start : start + 2] not in _NO_NAMES and text[max(0, start - 1) : start + 1] not in _END_LIKE_SURNAMES:
            yield start, end
    for match in _ROLE.finditer(text):
        if length := _length_before_role(text, match.start()):
            yield match.start() - length, match.start()
    if _TALKS_OF_NAMES.search(text):
        for match in _WHICH_CHARACTER.finditer(text):
            if match[0][:2] not in _NO_NAMES:
                yield match.span()


def _length_before_role(text: str, end: int) -> int:
    """Return how many characters before a role or a title are a name."""
    for length in (4, 3, 2, 1):
        start = end - length
        surname = _BEGINS_LIKE_A_NAME.match(text, max(0, start), end)
        if start < 0 or not surname or text[start : start + 2] in _NO_NAMES:
            continue
        given = text[surname.end() : end]
        if len(given) > 2 or any(char in _NO_GIVEN for char in given):
            continue
        if length == 1:
            return int(text[max(0, start - 1) : end] not in _END_LIKE_SURNAMES)
        if start == 0 or text[start - 1] in _NO_GIVEN or not "\u4e00" <= text[start - 1] <= "\u9fff":
            return length
    return 0


def asks_for_name(text: str) -> bool:
    """Return whether a plain Chinese text asks somebody for a name."""
    return _QUESTION.search(text) is not None


def find_answers(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the name stands in the answer to a question for a name."""
    if (match := _ANSWER.match(text)) and match["name"][:2] not in _NO_NAMES | _NO_ANSWERS:
        yield match.span("name")


class KnownNames:
    """The names that a dialogue has shown; finds them wherever they stand."""

    def __init__(self) -> None:
        self._names: set[str] = set()

    def learn(self, name: str) -> None:
        """Take a name in: whole, and without its surname when a name of two characters stays."""
        if 2 <= len(name) <= 4:
            self._names.add(name)
            surname = _BEGINS_LIKE_A_NAME.match(name)
            given = name[surname.end() :] if surname else ""
            if len(given) == 2 and given not in _NO_NAMES:
                self._names.add(given)

    def find(self, text: str) -> Iterator[tuple[int, int]]:
        """Yield where the names stand in a plain text."""
        if self._names:
            for start in range(len(text) - 1):
                for length in range(min(4, len(text) - start), 1, -1):
                    if text[start : start + length] in self._names:
                        yield start, start + length
                        break
