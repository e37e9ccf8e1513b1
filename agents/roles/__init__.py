"""The five roles, a file each, and how their speech is cleaned."""
