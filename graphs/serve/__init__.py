"""The service: the supporter over REST, with sessions, scorecards, limits and an OpenAI-compatible endpoint."""
