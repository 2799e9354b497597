"""Whether somebody serves Kimi as its maker does: the job of K2-Vendor-Verifier, with its files and figures."""
