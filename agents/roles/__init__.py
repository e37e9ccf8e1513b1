"""The five roles, a file each, and how their speech is cleaned."""

ROLE_PROMPTS = (
    "planner_system",
    "planner",
    "opening",
    "supporter_side",
    "supporter_assistant",
    "supporter",
    "customer_side",
    "customer_assistant",
    "customer",
)
"""The prompt files of the roles."""
COMPANY_PROMPTS = ("planner_company", "supporter_company")
"""Those that they get besides where more than its name is known of a company."""
SUPPORTER_PROMPTS = ("opening", "supporter_side", "supporter_assistant", "supporter")
"""Those of the supporter's side."""
CUSTOMER_PROMPTS = ("opening", "customer_side", "customer_assistant", "customer")
"""Those of the customer's."""
EMOTION_PROMPTS = ("customer_side_feelings", "customer_feeling")
"""Those that the customer's side reads as well where its turns carry feelings."""
