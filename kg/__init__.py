"""Trial KG: clinical-trial documents into a knowledge graph that can be trusted, and answers over it."""

__version__ = "0.1.0"
