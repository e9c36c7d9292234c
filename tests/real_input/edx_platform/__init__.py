"""The tables of edx-platform that edX's code for LTI 1.3 reads."""
