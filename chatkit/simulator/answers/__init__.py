"""What the simulator answers when nobody wrote a script: rules, and values that fit a schema."""
