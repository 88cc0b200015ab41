"""The parts of the stacks: each module adds the resources of one concern to the stack that it is handed."""
