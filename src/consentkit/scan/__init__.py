"""Looking at pages from outside: what the gate would say of each tag."""
