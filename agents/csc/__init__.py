"""The vocabulary of Customer Support Conversation: strategies, stages, flow rules, topics, dialogue types."""
