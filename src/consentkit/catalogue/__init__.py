"""What is known of the services that sites use: data, a small file for each vendor, and how they are found by an address."""
