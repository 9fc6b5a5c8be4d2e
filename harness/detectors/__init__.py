"""What a trace means: deadlocks, lassos, starvation, data races. Pure judgement over plain values."""
