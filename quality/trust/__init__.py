"""How far the gate can be trusted: canaries, calibration."""
