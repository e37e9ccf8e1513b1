"""Fidelity: does a rewritten call say what its original said, no less and no more?"""
