# A dialogue of STAR (arXiv 2010.11853) as a labelled transcript, a line each: jq -c -f star.jq STAR/dialogues/*.json
# The strategy of an agent's line follows from the action that they picked; free words have none, trivia neither.
def strategy:
  if . == null or test("^(trivia_|custom$|ask_departure)") then null
  elif . == "hello" then "GT" elif . == "anything_else" then "FR" elif . == "out_of_scope" then "OT"
  elif test("bye") then "AC"
  elif test("^(bank_)?ask_(name|account|pin|dob|mother|childhood)|(booking|room)_number$|_rank$") then "IV"
  elif test("criteria|ask_confirm|search_more|continue_searching|more_questions|optional|[a-z]_available$|different_time")
    and (test("_(no|not)_|unavailable$") | not) then "PS"
  elif test("successful|succeeded|submitted|confirm") then "RI"
  elif test("ask") and (test("ask_proceed") | not) then "PR"
  else "ID" end;
{ dialogue_id: "star-\(input_filename | split("/")[-1] | rtrimstr(".json"))", domains: .Scenario.Domains, user_task: .Scenario.UserTask,
  turns: [.Events[] | select(.Text and (.Agent == "User" or .Agent == "Wizard")) | {
    speaker: (if .Agent == "User" then "customer" else "agent" end), text: .Text,
    strategy: (if .Action == "pick_suggestion" then .ActionLabel | strategy else null end) }] }
