"""The hooks: each called as documented, behind the gate, a faulty plugin at its own cost."""
