"""The turn: triage, model, prompt, loop, hand-over and follow-up."""
