"""Does a policy, and the notice drawn from it, hold to what the laws and their authorities say of notices?

Each rule is data and one pure function. None of them says that a site is lawful.
"""
