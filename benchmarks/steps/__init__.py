"""What a training step, or a part of one, takes."""
