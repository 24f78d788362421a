"""The ports straight on the sandbox's world, without wire formats: for property tests that need speed."""
