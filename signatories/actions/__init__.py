"""The verbs of the signatories floor, one module per journey."""
