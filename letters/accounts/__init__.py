"""The accounts of organisers, moderators and hosts: making one, entering, getting in again."""
