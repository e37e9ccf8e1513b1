"""The dialogues that the service holds: sessions, what the supporter is told and asked for, what is stored."""
