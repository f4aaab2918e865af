"""The stages: one file each, `run(job, tools) -> Event`. A stage returns a fact and writes no state."""
