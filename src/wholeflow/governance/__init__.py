"""Who may see what: pseudonyms now; access, disclosure and audit as they come."""
