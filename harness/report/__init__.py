"""What the lab says: text for people, JSON and JUnit for programs. Judges nothing, runs nothing."""
